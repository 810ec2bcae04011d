"""Hand-worked timelines: which steps make a detection, and which do not make a second detection."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.detection.decision import Decision, Detection, DetectionEnd
from kws_app.engine.decision_config import DecisionConfig

STEP = 1280  # samples


def run(config: DecisionConfig, posteriors: list[float]) -> list[int]:
    """The steps at which a decision detects."""
    decision = Decision(config)
    return [i for i, value in enumerate(posteriors) if decision.update(value, (i + 1) * STEP)]


def test_one_detection_however_long_the_score_stays_up() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=0.2)
    assert run(config, [0.1, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]) == [1]


def test_rearms_below_the_threshold() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=0.0)
    assert run(config, [0.9, 0.4, 0.9, 0.9, 0.1, 0.6]) == [0, 2, 5]


def test_nothing_within_the_refractory_time() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=0.4)  # five steps of 80 ms
    assert run(config, [0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9]) == [0, 6]


def test_a_word_that_outlasts_the_refractory_time_counts_when_it_ends() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=0.4)
    assert run(config, [0.9, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9]) == [0, 5]


def test_patience_wants_steps_in_a_row() -> None:
    config = DecisionConfig(threshold=0.5, patience_steps=3, refractory_s=0.0)
    assert run(config, [0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.9]) == [5]


def test_smoothing_averages_from_a_silent_past() -> None:
    config = DecisionConfig(threshold=0.5, smoothing_steps=2)
    decision = Decision(config)
    assert decision.update(0.8, STEP) is None
    assert decision.score == pytest.approx(0.4)
    detection = decision.update(0.6, 2 * STEP)
    assert detection is not None and detection.score == pytest.approx(0.7)
    assert detection.time_s == pytest.approx(0.16)


def test_a_new_threshold_takes_effect_at_the_next_step() -> None:
    decision = Decision(DecisionConfig(threshold=0.9))
    assert decision.update(0.8, STEP) is None
    decision.config = DecisionConfig(threshold=0.7)
    assert decision.update(0.8, 2 * STEP) is not None


def test_reset_forgets() -> None:
    decision = Decision(DecisionConfig(threshold=0.5, smoothing_steps=3, refractory_s=9.0))
    first = [decision.update(1.0, (i + 1) * STEP) is not None for i in range(4)]
    decision.reset()
    assert decision.score == 0.0
    assert [decision.update(1.0, (i + 1) * STEP) is not None for i in range(4)] == first == [False, True, False, False]


@pytest.mark.parametrize(
    "wrong",
    [{"threshold": 0.0}, {"threshold": 1.1}, {"smoothing_steps": 0}, {"patience_steps": 0}, {"refractory_s": -1}],
)
def test_refuses_what_makes_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        DecisionConfig(**wrong)  # type: ignore[arg-type]


def test_what_is_no_number_is_no_detection() -> None:
    assert run(DecisionConfig(threshold=0.5), [float("nan"), 0.9]) == [1]


def ends(config: DecisionConfig, posteriors: list[float]) -> list[tuple[int, DetectionEnd]]:
    """The steps at which a decision says that a detection has ended, and what it says."""
    decision = Decision(config)
    said = []
    for i, value in enumerate(posteriors):
        decision.update(value, (i + 1) * STEP)
        if decision.ended is not None:
            said.append((i, decision.ended))
    return said


def test_a_detection_ends_when_the_score_falls_with_its_peak_and_how_long_it_was_above() -> None:
    config = DecisionConfig(threshold=0.5, refractory_s=0.0)
    said = ends(config, [0.1, 0.6, 0.9, 0.7, 0.2, 0.1, 0.5, 0.4, 0.1])
    assert said == [
        (4, DetectionEnd(Detection(2 * STEP, 0.6), 0.9, 3 * STEP)),
        (7, DetectionEnd(Detection(7 * STEP, 0.5), 0.5, STEP)),
    ]


def test_the_steps_that_patience_waited_for_are_part_of_how_long() -> None:
    config = DecisionConfig(threshold=0.5, patience_steps=3, refractory_s=0.0)
    said = ends(config, [0.9, 0.1, 0.95, 0.6, 0.7, 0.8, 0.3])
    assert said == [(6, DetectionEnd(Detection(5 * STEP, 0.7), 0.95, 4 * STEP))]


def test_a_rise_that_made_no_detection_has_no_end() -> None:
    patient = DecisionConfig(threshold=0.5, patience_steps=3)
    assert ends(patient, [0.9, 0.9, 0.1]) == []
    quiet = DecisionConfig(threshold=0.5, refractory_s=0.4)  # five steps of 80 ms
    assert [step for step, _ in ends(quiet, [0.9, 0.1, 0.99, 0.1])] == [1]


def test_the_smoothed_score_is_what_peaks() -> None:
    said = ends(DecisionConfig(threshold=0.4, smoothing_steps=2), [0.8, 1.0, 0.2, 0.0])
    assert said == [(3, DetectionEnd(Detection(STEP, 0.4), pytest.approx(0.9), 3 * STEP))]


def test_a_reset_ends_a_detection_with_what_was_heard_of_it() -> None:
    decision = Decision(DecisionConfig(threshold=0.5))
    detection, *_ = [decision.update(value, (i + 1) * STEP) for i, value in enumerate((0.6, 0.9, 0.8))]
    decision.reset()
    assert decision.ended == DetectionEnd(detection, 0.9, 2 * STEP)
    decision.reset()
    assert decision.ended is None


def test_a_threshold_raised_over_the_score_ends_the_detection() -> None:
    decision = Decision(DecisionConfig(threshold=0.5))
    decision.update(0.7, STEP)
    decision.config = DecisionConfig(threshold=0.9)
    decision.update(0.8, 2 * STEP)
    assert decision.ended is not None and decision.ended.peak == 0.7


CONFIGS = st.builds(
    DecisionConfig,
    threshold=st.sampled_from([0.3, 0.5, 1.0]),
    smoothing_steps=st.integers(1, 4),
    patience_steps=st.integers(1, 3),
    refractory_s=st.sampled_from([0.0, 0.2, 1.0]),
)


@given(CONFIGS, st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.29, 0.5, 0.7, 1.0]), max_size=30), max_size=4))
def test_many_steps_at_once_give_what_they_give_one_by_one(config: DecisionConfig, blocks: list[list[float]]) -> None:
    one_by_one, at_once = Decision(config), Decision(config)
    end = 0
    for block in blocks:
        posteriors = np.array(block, np.float32)
        ends = end + STEP * np.arange(1, len(block) + 1)
        end += STEP * len(block)
        scores, detections, ended = [], [], []
        for value, sample in zip(posteriors.tolist(), ends.tolist(), strict=True):
            detections.append(one_by_one.update(value, sample))
            scores.append(one_by_one.score)
            ended.append(one_by_one.ended)
        found = at_once.update_all(posteriors, ends)
        assert found.scores.tolist() == np.array(scores, np.float32).tolist()
        assert found.detections == [detection for detection in detections if detection is not None]
        assert found.ends == [end for end in ended if end is not None]
        assert (at_once.score, at_once.ended) == (one_by_one.score, one_by_one.ended)
