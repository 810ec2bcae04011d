"""The operating curve on a model's card: the measured misses and false alarms at each threshold. Pure arithmetic.

False alarms are counted in hours of real speech, because an hour of noise says little.
"""

import math
from dataclasses import dataclass
from typing import Any

from kws_app.engine.card import CURVE_FIELD, ModelCard
from kws_app.engine.card_bounds import LONGEST_HOURS, MOST_COUNTED, MOST_POINTS
from kws_app.engine.decision_config import DecisionConfig


@dataclass(frozen=True)
class Point:
    """The measured counts at a threshold."""

    threshold: float
    missed: int
    false_alarms: int  # in real speech


@dataclass(frozen=True)
class OperatingCurve:
    """Measured points in the order of their thresholds."""

    points: tuple[Point, ...]
    keywords: int  # recordings of the keyword
    hours: float  # hours of real speech
    decision: DecisionConfig  # smoothing, patience and refractory time; its threshold has no meaning

    @classmethod
    def of(cls, card: ModelCard) -> "OperatingCurve | None":
        """The curve on a card; None without a valid curve."""
        try:
            return cls._read(card.figures[CURVE_FIELD])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None

    @classmethod
    def _read(cls, raw: dict[str, Any]) -> "OperatingCurve":
        if len(raw["points"]) > MOST_POINTS:
            raise ValueError("more points than anybody measures")
        points = sorted((Point(float(t), int(m), int(s)) for t, m, s, *_ in raw["points"]), key=lambda p: p.threshold)
        decision = DecisionConfig(
            smoothing_steps=int(raw["smoothing_steps"]),
            patience_steps=int(raw["patience_steps"]),
            refractory_s=float(raw["refractory_s"]),
        )
        keywords, hours = int(raw["keywords"]), float(raw["speech_hours"])
        sane = points and 0 < keywords <= MOST_COUNTED and 0 < hours <= LONGEST_HOURS
        if not sane or not all(
            0 < p.threshold < 1 and 0 <= p.missed <= keywords and 0 <= p.false_alarms <= MOST_COUNTED for p in points
        ):
            raise ValueError("no curve that could have been measured")
        return cls(tuple(points), keywords, hours, decision)

    def at(self, threshold: float) -> Point:
        """The measured point nearest to a threshold, by log-odds."""
        return min(self.points, key=lambda point: abs(_log_odds(point.threshold) - _log_odds(threshold)))

    def fa_per_hour(self, threshold: float) -> float:
        return self.at(threshold).false_alarms / self.hours

    def threshold_for(self, fa_per_hour: float) -> float:
        """The lowest measured threshold with at most this many false alarms an hour, there and above.

        The search goes down from the highest threshold, because a very low threshold has few detections, too: the score
        never falls below it. If every threshold gives more false alarms: the highest threshold.
        """
        found = self.points[-1].threshold
        for point in reversed(self.points):
            if point.false_alarms > fa_per_hour * self.hours + 1e-9:
                break
            found = point.threshold
        return found

    def measured_with(self, config: DecisionConfig) -> bool:
        """Whether the curve was measured with this smoothing, patience and refractory time."""
        return _without_threshold(config) == _without_threshold(self.decision)


def _log_odds(threshold: float) -> float:
    bounded = min(max(threshold, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _without_threshold(config: DecisionConfig) -> tuple[int, int, float]:
    return config.smoothing_steps, config.patience_steps, config.refractory_s


def same_rate(ours: OperatingCurve | None, threshold: float, theirs: OperatingCurve | None) -> float | None:
    """The threshold of another model with the same false alarms an hour; None without both curves."""
    if ours is None or theirs is None:
        return None
    return theirs.threshold_for(ours.fa_per_hour(threshold))
