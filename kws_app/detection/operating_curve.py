"""What a threshold means: misses and false alarms, as they were measured. Reads the operating curve of a model's card.

Pure arithmetic. False alarms are those an hour of real speech: an hour of noise says little.
"""

import math
from dataclasses import dataclass
from typing import Any

from kws_app.engine.card import CURVE_FIELD, ModelCard
from kws_app.engine.card_bounds import LONGEST_HOURS, MOST_COUNTED, MOST_POINTS
from kws_app.engine.decision_config import DecisionConfig


@dataclass(frozen=True)
class Point:
    """What one threshold gave."""

    threshold: float
    missed: int
    false_alarms: int  # in real speech


@dataclass(frozen=True)
class OperatingCurve:
    """Measured points in the order of their thresholds, and what they were measured on and with."""

    points: tuple[Point, ...]
    keywords: int
    hours: float  # of real speech
    decision: DecisionConfig  # smoothing, patience and refractory time; its threshold means nothing

    @classmethod
    def of(cls, card: ModelCard) -> "OperatingCurve | None":
        """The curve in a card; None where there is none, or none that makes sense."""
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
        """The lowest measured threshold from which upwards there are at most so many false alarms an hour.

        Far below, a score that never falls gives few detections too: so it is looked for from above. Where even the
        highest gives more, the highest.
        """
        found = self.points[-1].threshold
        for point in reversed(self.points):
            if point.false_alarms > fa_per_hour * self.hours + 1e-9:
                break
            found = point.threshold
        return found

    def measured_with(self, config: DecisionConfig) -> bool:
        """Whether these figures hold for a decision, whatever its threshold."""
        return _without_threshold(config) == _without_threshold(self.decision)


def _log_odds(threshold: float) -> float:
    bounded = min(max(threshold, 1e-6), 1 - 1e-6)
    return math.log(bounded / (1 - bounded))


def _without_threshold(config: DecisionConfig) -> tuple[int, int, float]:
    return config.smoothing_steps, config.patience_steps, config.refractory_s


def same_rate(ours: OperatingCurve | None, threshold: float, theirs: OperatingCurve | None) -> float | None:
    """The threshold of another model with as many false alarms an hour; None if it is not known."""
    if ours is None or theirs is None:
        return None
    return theirs.threshold_for(ours.fa_per_hour(threshold))
