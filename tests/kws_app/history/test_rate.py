"""The text of the rate."""

from dataclasses import replace

import pytest

from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.entries import FALSE_ALARM, RIGHT, Entry
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.history.rate import DetectionCounter, Rate

DECISION = DecisionConfig(0.5)
RECORD = DetectionRecord(now_iso(), None, "USB mic", "happy", "happy/teacher", 1.5, 0.93, id="0", decision=DECISION)


def entries(*labels: str) -> list[Entry]:
    return [Entry(replace(RECORD, id=str(i)), label=label) for i, label in enumerate(labels)]


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (Rate(3, 1, 2.4), "3 in 2.4 h, 1 labelled false: 0.4 an hour (0.0 to 2.3)"),
        (Rate(0, 0, 3.0), "0 in 3.0 h, none labelled false: 0.0 an hour (0.0 to 1.2)"),
        (Rate(5, 5, 1.0), "5 in 1.0 h, 5 labelled false: 5.0 an hour (1.6 to 11.7)"),
        (Rate(1, 0, 0.001), "1 in under a minute, none labelled false"),
        (Rate(0, 0, 0.0), "0 in under a minute, none labelled false"),
        (Rate(4, 2, 0.99), "4 in 59 min, 2 labelled false"),
    ],
)
def test_a_rate_as_text(rate: Rate, text: str):
    assert rate.text == text


def test_it_counts_what_was_marked_and_follows_a_change_of_mind():
    counter = DetectionCounter()
    counter.add(entries("", FALSE_ALARM, RIGHT))
    assert counter.rate("happy/teacher", DECISION, 3600) == Rate(3, 1, 1.0)
    counter.label("0", FALSE_ALARM)
    counter.label("1", "")
    counter.label("1", "")
    assert counter.rate("happy/teacher", DECISION, 3600) == Rate(3, 1, 1.0)


def test_each_detection_counts_once_and_a_deleted_one_still_happened():
    counter = DetectionCounter()
    counter.add(entries("", ""))
    counter.add([replace(entry, deleted=True) for entry in entries("", "", FALSE_ALARM)])
    assert counter.rate("happy/teacher", DECISION, 0) == Rate(3, 1, 0.0)


def test_a_rate_belongs_to_a_model_and_its_decision():
    counter = DetectionCounter()
    counter.add(entries("", ""))
    counter.add([Entry(replace(RECORD, id="x", decision=DecisionConfig(0.9)))])
    counter.add([Entry(replace(RECORD, id="y", model="happy/student"))])
    counter.add([Entry(replace(RECORD, id="z", decision=None)), Entry(replace(RECORD, id="m", missed=True))])
    assert counter.rate("happy/teacher", DECISION, 0).detections == 2
    assert counter.rate("happy/teacher", DecisionConfig(0.9), 0).detections == 1
    assert counter.rate("happy/student", DECISION, 0).detections == 1
    counter.label("nowhere", FALSE_ALARM)
    assert counter.rate("happy/teacher", DECISION, 0).false_alarms == 0
