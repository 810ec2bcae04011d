"""The history of a log, worked out by hand."""

from dataclasses import replace

import pytest

from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.entries import FALSE_ALARM, MOST_ACTIONS, RIGHT, Entry, add_up, model_setup
from kws_app.history.facts import ActionDone, Deleted, DetectionRecord, Ended, HoursHeard, Labelled, Restored, now_iso

RECORD = DetectionRecord(now_iso(), None, "USB mic", "happy", "happy/teacher", 1.5, 0.93, id="a")
OTHER = replace(RECORD, id="b", time_s=9.0)


def test_facts_reach_their_detection_and_the_last_one_counts():
    said = [
        RECORD,
        OTHER,
        Ended("a", 0.98, 0.4),
        Labelled("a", RIGHT),
        Labelled("b", RIGHT),
        Labelled("b", FALSE_ALARM),
    ]
    history = add_up(said)
    assert list(history.entries.values()) == [
        Entry(RECORD, peak=0.98, above_s=0.4, label=RIGHT),
        Entry(OTHER, label=FALSE_ALARM),
    ]


def test_a_fact_that_was_written_before_its_detection_counts():
    assert add_up([Ended("a", 0.98, 0.4), RECORD]).entries["a"].peak == 0.98


def test_what_a_detection_set_off_is_known_by_the_detection():
    worked, failed = ActionDone("a", "sound", ""), ActionDone("a", "command", "“sh” ended with status 3.")
    assert add_up([RECORD, worked, OTHER, failed]).entries["a"].actions == (worked, failed)
    assert len(add_up([RECORD, *[worked] * (2 * MOST_ACTIONS)]).entries["a"].actions) == MOST_ACTIONS


def test_a_label_is_taken_back_and_an_unknown_one_is_none():
    assert add_up([RECORD, Labelled("a", RIGHT), Labelled("a", "")]).entries["a"].label == ""
    assert add_up([RECORD, Labelled("a", "perhaps")]).entries["a"].label == ""


def test_a_deletion_can_be_undone():
    assert add_up([RECORD, Deleted("a")]).entries["a"].deleted
    assert not add_up([RECORD, Deleted("a"), Restored("a")]).entries["a"].deleted


def test_a_repeated_line_counts_once_and_a_fact_without_a_detection_is_ignored():
    history = add_up([RECORD, Ended("a", 0.98, 0.4), RECORD, Deleted("x")])
    assert list(history.entries) == ["a"] and history.entries["a"].peak == 0.98


def test_detections_from_before_there_were_ids_are_told_apart():
    old = [replace(RECORD, id="", time_s=time_s) for time_s in (1.0, 2.0)]
    history = add_up([*old, Labelled(old[1].key, RIGHT)])
    assert [entry.label for entry in history.entries.values()] == ["", RIGHT]


def test_hours_add_up_by_model_and_decision():
    one, two = DecisionConfig(0.5), DecisionConfig(0.6)
    lines = [
        HoursHeard(now_iso(), "happy/teacher", decision, seconds)
        for decision, seconds in ((one, 60), (two, 5), (one, 7))
    ]
    history = add_up(lines)
    assert history.heard_s == {("happy/teacher", one): 67, ("happy/teacher", two): 5}


def test_a_missed_word_counts_as_labelled():
    assert Entry(replace(RECORD, missed=True)).is_labelled
    assert not Entry(RECORD).is_labelled


@pytest.mark.parametrize(("threshold", "shown"), [(0.41249, 0.412), (1.0, 1.0), (0.0004, 0.0004)])
def test_thresholds_that_look_the_same_are_one_setting(threshold: float, shown: float):
    assert model_setup("m", DecisionConfig(threshold)) == ("m", DecisionConfig(shown))
