"""Hand-worked timelines: what makes a detection, and what makes no second one."""

import pytest

from kws_app.decision import Decision, DecisionConfig

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
