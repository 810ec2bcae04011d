"""Counts of events on timelines that are worked by hand, with the app's own decision."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.detection.decision import Decision
from kws_app.engine.decision_config import DecisionConfig
from training.evaluate.hits_and_alarms import Occurrence, StreamScores, count_events, operating_curve, smoothed
from training.evaluate.stream_plan import READ, SYNTHETIC

STEP = 1280
CONFIG = DecisionConfig(threshold=0.5, refractory_s=0.0)


def timeline(*peaks_s: float, keywords: list[tuple[float, float]], height: float = 0.9) -> StreamScores:
    """60 s, with a peak of a step at each time. The first 30 s are read speech, the rest is synthetic speech.

    keywords: clips (start, end) in seconds; a word ends 0.2 s before its clip
    """
    ends = STEP * np.arange(1, 751, dtype=np.int64)
    scores = np.zeros(750)
    for at in peaks_s:
        scores[round(at * 12.5) - 1] = height
    spans = [Occurrence(int(a * 16_000), int(b * 16_000), int((b - 0.2) * 16_000)) for a, b in keywords]
    half = 30 / 3600
    kind_ends = np.array([30 * 16_000, 60 * 16_000])
    return StreamScores(scores, ends, spans, [READ, SYNTHETIC], kind_ends, {READ: half, SYNTHETIC: half})


def test_a_detection_in_the_window_is_a_hit_with_its_latency() -> None:
    events = count_events(timeline(10.8, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, events.doubles, len(events.false_alarms)) == (1, 0, 0)
    assert events.latencies_s == [pytest.approx(0.0)]


@pytest.mark.parametrize(("at", "hits", "alarms"), [(11.44, 1, 0), (11.6, 0, 1), (9.92, 0, 1), (10.0, 1, 0)])
def test_edges_of_the_window(at: float, hits: int, alarms: int) -> None:
    events = count_events(timeline(at, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, len(events.false_alarms)) == (hits, alarms)


def test_a_second_fire_on_one_word_is_a_double_and_an_alarm() -> None:
    events = count_events(timeline(10.4, 10.8, keywords=[(10.0, 11.0)]), CONFIG, STEP)
    assert (events.hits, events.doubles, len(events.false_alarms)) == (1, 1, 1)


def test_refractory_time_swallows_the_double() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=1.0)
    events = count_events(timeline(10.4, 10.8, keywords=[(10.0, 11.0)]), config, STEP)
    assert (events.hits, events.doubles, len(events.false_alarms)) == (1, 0, 0)


def test_refractory_time_after_a_false_alarm_swallows_the_keyword() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=1.0)
    events = count_events(timeline(9.6, 10.4, keywords=[(10.0, 11.0)]), config, STEP)
    assert (events.hits, len(events.false_alarms)) == (0, 1)


def test_a_score_that_stays_up_fires_once() -> None:
    held = timeline(*np.arange(10.4, 14.0, 0.08).tolist(), keywords=[(10.0, 11.0)])
    events = count_events(held, CONFIG, STEP)
    assert (events.hits, events.doubles, len(events.false_alarms)) == (1, 0, 0)


def test_neighbouring_and_overlapping_windows_each_count() -> None:
    # the second clip starts within 0.5 s of the first clip's end: a detection there belongs to the second
    stream = timeline(10.8, 11.28, 40.0, keywords=[(10.0, 11.0), (11.2, 12.2), (20.0, 21.0)])
    events = count_events(stream, CONFIG, STEP)
    assert (events.hits, events.doubles, len(events.false_alarms)) == (2, 0, 1)
    assert events.false_alarms[0].time_s == pytest.approx(40.0)


def test_alarms_belong_to_the_kind_of_sound_that_was_heard() -> None:
    events = count_events(timeline(5.04, 30.0, 30.08, 50.0, keywords=[]), replace(CONFIG, refractory_s=0.0), STEP)
    assert [alarm.kind for alarm in events.false_alarms] == [
        READ,
        READ,
        SYNTHETIC,
    ]  # 30.08 belongs to the same run as 30.0
    assert events.speech_alarms == 2


def test_patience_and_smoothing_by_hand() -> None:
    keywords = [(10.0, 11.0)]
    one, two = timeline(10.8, keywords=keywords), timeline(10.8, 10.88, keywords=keywords)
    patient = replace(CONFIG, patience_steps=2)
    assert count_events(one, patient, STEP).hits == 0
    assert count_events(two, patient, STEP).latencies_s == [pytest.approx(0.08)]
    smooth = replace(CONFIG, smoothing_steps=2)
    assert count_events(one, smooth, STEP).hits == 0  # 0.45
    assert count_events(two, smooth, STEP).latencies_s == [pytest.approx(0.08)]


def test_the_curve_counts_at_each_threshold() -> None:
    stream = timeline(10.8, 40.0, keywords=[(10.0, 11.0), (20.0, 21.0)], height=0.7)
    low, high = operating_curve(stream, CONFIG, STEP, np.array([0.6, 0.8]))
    assert (low.missed, low.speech_alarms, low.false_alarms) == (1, 0, 1)
    assert (high.missed, high.speech_alarms, high.false_alarms) == (2, 0, 0)


@given(
    st.lists(st.integers(0, 16), min_size=1, max_size=60),
    st.integers(1, 16),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.2, 0.5]),
)
def test_smoothing_afterwards_equals_the_apps_decision(
    sixteenths: list[int], threshold: int, smoothing: int, patience: int, refractory_s: float
) -> None:
    # multiples of 1/16 add up without rounding
    values = np.array(sixteenths) / 16
    config = DecisionConfig(threshold / 16, smoothing, patience, refractory_s)
    decision = Decision(config)
    ends = STEP * np.arange(1, len(values) + 1, dtype=np.int64)
    expected, scores = [], []
    for value, end in zip(values.tolist(), ends.tolist(), strict=True):
        if decision.update(value, end):
            expected.append(end / 16_000)
        scores.append(decision.score)
    stream = StreamScores(values, ends, [], [READ], ends[-1:], {READ: 1.0})
    assert [alarm.time_s for alarm in count_events(stream, config, STEP).false_alarms] == expected
    assert smoothed(values, smoothing).tolist() == scores
