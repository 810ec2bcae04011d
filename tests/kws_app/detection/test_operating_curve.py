"""What a threshold means: against hand-worked curves and published intervals."""

from typing import Any

import pytest

from kws_app.detection.operating_curve import PRESETS, OperatingCurve, meaning, offers, preset_hint, same_rate
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
    assert [curve.threshold_for(preset.fa_per_hour) for preset in PRESETS] == [0.95, 0.8, 0.5]
    assert curve.threshold_for(0.0) == 0.95
    assert curve.threshold_for(100.0) == 0.01
    noisy = curve_of({**CURVE, "points": [[0.5, 5, 8, 12], [0.9, 10, 4, 4]]})
    assert noisy is not None and noisy.threshold_for(0.5) == 0.9


def test_the_sentence_has_rates_and_intervals(curve: OperatingCurve):
    text = meaning(curve, DecisionConfig(threshold=0.5))
    # Wilson of 5 in 100: 2.2 to 11.2 %; Garwood of 8 in 4 h: 0.86 to 3.9
    assert text == (
        "Misses about 5 % (2 to 11), 2.0 false alarms an hour (0.86 to 3.9); measured on 4.0 hours of speech."
    )
    assert "Misses about 30 % (22 to 40), fewer than 0.92 false alarms an hour" in meaning(curve, DecisionConfig(0.95))
    assert meaning(None, DecisionConfig()) == "What this threshold means was not measured with this model."


def test_other_settings_than_measured_are_said(curve: OperatingCurve):
    assert curve.measured_with(DecisionConfig(threshold=0.9))
    for changed in ({"smoothing_steps": 2}, {"patience_steps": 3}, {"refractory_s": 2.0}):
        text = meaning(curve, DecisionConfig(**changed))
        assert text.endswith("But that was with no smoothing, no patience and 1 s between detections, not with yours.")


def test_of_presets_that_come_to_the_same_the_strictest_is_offered():
    curve = curve_of({**CURVE, "points": [[0.2, 1, 40, 60], [0.7, 20, 0, 0], [0.9, 40, 0, 0]]})
    assert curve is not None
    rarely, balanced, never = (offers(curve)[preset] for preset in PRESETS)
    assert rarely.threshold == 0.7 and rarely.hint == preset_hint(curve, PRESETS[0], 0.7)
    assert balanced.threshold is None and never.threshold is None
    assert balanced.hint.startswith("With this model the same as “Rarely wrong”")


def test_a_promise_that_no_threshold_keeps_is_not_made():
    curve = curve_of({**CURVE, "points": [[0.2, 1, 40, 60], [0.7, 20, 6, 9], [0.9, 40, 6, 9]]})
    assert curve is not None
    assert [offer.threshold for offer in offers(curve).values()] == [None, None, 0.7]
    assert offers(curve)[PRESETS[0]].hint == "This model gives more than 0.1 false alarms an hour at any threshold"


def test_a_preset_says_what_it_gives(curve: OperatingCurve):
    text = preset_hint(curve, PRESETS[0], curve.threshold_for(PRESETS[0].fa_per_hour))
    assert text.startswith("At most 0.1 false alarms an hour of speech, as far as 4.0 hours can tell: threshold 0.950")
    assert "fewer than 0.92 false alarms an hour, misses 30 %" in text


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
def test_every_shipped_card_says_what_its_thresholds_mean(entry: ModelEntry) -> None:
    curve = OperatingCurve.of(entry.card)
    assert curve is not None and "isses about" in meaning(curve, entry.card.decision_config())
