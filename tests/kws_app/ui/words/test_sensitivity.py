"""The three levels: "Balanced" is the card's threshold; the other levels are offered only if they were measured."""

import pytest

from kws_app.detection.operating_curve import OperatingCurve, Point
from kws_app.engine.card import ModelCard
from kws_app.engine.decision_config import DecisionConfig
from kws_app.ui.words.sensitivity import Level, alarms_text, level_of, misses_text, offers


def card(threshold: float) -> ModelCard:
    return ModelCard("loud", "teacher", threshold, 8, 16, 25, 10, 10, 40, {"posterior": [0.5], "hidden": [0.5]})


def measured(*points: tuple[float, int, int], keywords: int = 100, hours: float = 3.0) -> OperatingCurve:
    return OperatingCurve(tuple(Point(*point) for point in points), keywords, hours, DecisionConfig())


CURVE = measured((0.1, 1, 20), (0.3, 3, 12), (0.5, 5, 6), (0.7, 9, 2), (0.9, 40, 0))


def test_balanced_is_the_models_own_point():
    offered = offers(card(0.5), CURVE)
    assert offered[Level.BALANCED].threshold == 0.5
    assert offered[Level.BALANCED].text == "Misses about 1 in 20 words, 6 false alarms in 3 hours of talk."


def test_strict_and_sensitive_are_measured_points_on_both_sides():
    offered = offers(card(0.5), CURVE)
    assert (offered[Level.STRICT].threshold, offered[Level.SENSITIVE].threshold) == (0.7, 0.1)
    assert offered[Level.STRICT].text == "Misses about 1 in 10 words, 2 false alarms in 3 hours of talk."
    assert offered[Level.SENSITIVE].text == "Misses about 1 in 100 words, 20 false alarms in 3 hours of talk."


def test_one_alarm_less_is_no_reason_to_miss_a_quarter_of_all_words():
    thin = measured((0.3, 6, 1), (0.905, 27, 0), (0.99, 60, 0))
    offered = offers(card(0.3), thin)
    assert offered[Level.STRICT].threshold is None
    assert "missing many more words" in offered[Level.STRICT].text
    assert offered[Level.BALANCED].threshold == 0.3


@pytest.mark.parametrize("own", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_stricter_level_never_reads_worse(own: float):
    offered = offers(card(own), CURVE)
    at = [CURVE.at(offer.threshold) for level in Level if (offer := offered[level]).threshold is not None]
    alarms, missed = [point.false_alarms for point in at], [point.missed for point in at]
    assert alarms == sorted(alarms) and len(set(alarms)) == len(alarms)
    assert missed == sorted(missed, reverse=True) and len(set(missed)) == len(missed)


def test_without_a_measurement_only_the_models_own_threshold_is_offered():
    offered = offers(card(0.4), None)
    assert [level for level, offer in offered.items() if offer.threshold is not None] == [Level.BALANCED]
    assert offered[Level.STRICT].text == "This model was not measured."


def test_a_threshold_is_a_level_or_a_number_of_its_own():
    offered = offers(card(0.5), CURVE)
    assert level_of(0.5, offered) is Level.BALANCED
    assert level_of(0.7004, offered) is Level.STRICT
    assert level_of(0.6, offered) is None


@pytest.mark.parametrize(
    ("missed", "keywords", "text"),
    [
        (0, 68, "Missed none of 68 words"),
        (8, 169, "Misses about 1 in 20 words"),
        (27, 100, "Misses about 1 in 4 words"),
        (3, 1000, "Misses about 1 in 350 words"),
        (70, 100, "Misses about 7 in 10 words"),
    ],
)
def test_shares_are_said_as_a_person_says_them(missed: int, keywords: int, text: str):
    assert misses_text(missed, keywords) == text


@pytest.mark.parametrize(
    ("count", "hours", "text"),
    [
        (0, 3.06, "no false alarm in 3 hours of talk"),
        (1, 3.06, "1 false alarm in 3 hours of talk"),
        (13, 0.4, "13 false alarms in 1 hour of talk"),
    ],
)
def test_alarms_are_counts_in_the_hours_that_were_heard(count: int, hours: float, text: str):
    assert alarms_text(count, hours) == text
