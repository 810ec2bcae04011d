"""The operating curve against hand-worked curves and published intervals."""

from typing import Any

import pytest

from kws_app.detection.operating_curve import OperatingCurve, same_rate
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry, find_models
from kws_app.engine.decision_config import DecisionConfig
from kws_app.paths import MODELS_DIR

CURVE = {
    "split": "testing",
    "smoothing_steps": 1,
    "patience_steps": 1,
    "refractory_s": 1.0,
    "keywords": 100,
    "speech_hours": 4.0,
    "hours": 20.0,
    # threshold, missed, alarms in speech, in all; at the lowest the score never falls
    "points": [
        [0.01, 90, 1, 3],
        [0.2, 1, 40, 60],
        [0.5, 5, 8, 12],
        [0.8, 10, 2, 4],
        [0.95, 30, 0, 1],
        [0.99, 60, 0, 0],
    ],
}


def card(figures: dict[str, Any]) -> ModelCard:
    golden = {"posterior": [0.5], "hidden": [0.5]}
    return ModelCard("loud", "teacher", 0.5, 8, 20, 12, 1, 1, 4, golden, figures=figures)


def curve_of(raw: Any = CURVE) -> OperatingCurve | None:
    return OperatingCurve.of(card({"operating_curve": raw}))


@pytest.fixture
def curve() -> OperatingCurve:
    found = curve_of()
    assert found is not None
    return found


def test_the_nearest_measured_point_by_log_odds(curve: OperatingCurve):
    assert curve.at(0.5).missed == 5
    assert curve.at(0.9).missed == 30 and curve.at(0.87).missed == 10  # 0.9 lies half way from 0.8 to 0.95 in log-odds
    assert curve.at(0.001).missed == 90 and curve.at(1.0).missed == 60


def test_thresholds_for_a_rate_are_looked_for_from_above(curve: OperatingCurve):
    assert [curve.threshold_for(rate) for rate in (0.1, 0.5, 2.0)] == [0.95, 0.8, 0.5]
    assert curve.threshold_for(0.0) == 0.95
    assert curve.threshold_for(100.0) == 0.01
    noisy = curve_of({**CURVE, "points": [[0.5, 5, 8, 12], [0.9, 10, 4, 4]]})
    assert noisy is not None and noisy.threshold_for(0.5) == 0.9


def test_other_settings_than_measured_are_known(curve: OperatingCurve):
    assert curve.measured_with(DecisionConfig(threshold=0.9))
    for changed in ({"smoothing_steps": 2}, {"patience_steps": 3}, {"refractory_s": 2.0}):
        assert not curve.measured_with(DecisionConfig(**changed))


def test_another_model_at_the_same_rate(curve: OperatingCurve):
    points = [[0.3, 8, 9, 9], [0.6, 12, 8, 8], [0.7, 20, 2, 2], [0.9, 50, 0, 0]]
    other = curve_of({**CURVE, "points": points})
    assert same_rate(curve, 0.5, other) == 0.6
    assert same_rate(curve, 0.95, other) == 0.9
    assert same_rate(None, 0.5, other) is None and same_rate(curve, 0.5, None) is None


@pytest.mark.parametrize(
    "change",
    [
        {"points": []},
        {"points": "none"},
        {"points": [[0.5, 101, 0, 0]]},
        {"points": [[0.5, 1, -1, 0]]},
        {"points": [[1.5, 1, 0, 0]]},
        {"points": [[float("nan"), 1, 0, 0]]},
        {"points": [[0.5, float("inf"), 0, 0]]},
        {"points": [[0.5, 1]]},
        {"keywords": 0},
        {"speech_hours": 0},
        {"speech_hours": float("inf")},
        {"smoothing_steps": 0},
        {"patience_steps": None},
    ],
)
def test_a_curve_that_cannot_have_been_measured_is_none(change: dict[str, Any]):
    assert curve_of({**CURVE, **change}) is None


def test_a_card_without_a_curve_has_none():
    assert OperatingCurve.of(card({})) is None
    assert curve_of("nonsense") is None and curve_of(None) is None


@pytest.mark.parametrize("entry", find_models(MODELS_DIR), ids=lambda entry: entry.name)
def test_every_shipped_card_has_a_curve_around_its_own_threshold(entry: ModelEntry) -> None:
    curve = OperatingCurve.of(entry.card)
    assert curve is not None and curve.measured_with(entry.card.decision_config())
    assert curve.points[0].threshold < entry.card.threshold < curve.points[-1].threshold
