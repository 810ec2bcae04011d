"""What a threshold means: misses and false alarms, as they were measured. Reads the operating curve of a model's card.

Pure arithmetic. False alarms are those an hour of real speech: an hour of noise says little.
"""

import math
from dataclasses import dataclass
from typing import Any

from kws_app.detection.intervals import poisson_interval, wilson_interval
from kws_app.engine.card import CURVE_FIELD, ModelCard
from kws_app.engine.card_bounds import LONGEST_HOURS, MOST_COUNTED, MOST_POINTS
from kws_app.engine.decision_config import DecisionConfig
from kws_app.translation import _


@dataclass(frozen=True)
class Preset:
    """A way to choose a threshold by what it costs."""

    name: str
    fa_per_hour: float  # at most


PRESETS = (Preset(_("Rarely wrong"), 0.1), Preset(_("Balanced"), 0.5), Preset(_("Never miss"), 2.0))


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


def meaning(curve: OperatingCurve | None, config: DecisionConfig, alone: str = "") -> str:
    """What a decision is worth, for the user: one to three sentences.

    alone: the model that was measured, where it only confirms what another stirs at
    """
    if curve is None:
        return _("What this threshold means was not measured with this model.")
    point = curve.at(config.threshold)
    low, high = (100 * share for share in wilson_interval(point.missed, curve.keywords))
    text = _(
        "Misses about {missed:.0f} % ({low:.0f} to {high:.0f}), {alarms}; measured on {hours:.1f} hours of speech.",
        missed=100 * point.missed / curve.keywords,
        low=low,
        high=high,
        alarms=alarms(curve, point),
        hours=curve.hours,
    )
    if alone:
        text += " " + _("That is {model} alone: as a pair they give fewer false alarms and miss more.", model=alone)
    if curve.measured_with(config):
        return text
    other = _("But that was with {decision}, not with yours.", decision=in_words(curve.decision))
    return f"{text} {other}"


def alarms(curve: OperatingCurve, point: Point) -> str:
    """The false alarms of a point; where there was none, only a bound is known."""
    low, high = poisson_interval(point.false_alarms, curve.hours)
    if point.false_alarms == 0:
        return _("fewer than {most} false alarms an hour", most=_rate(high))
    return _(
        "{rate} false alarms an hour ({low} to {most})",
        rate=_rate(point.false_alarms / curve.hours),
        low=_rate(low),
        most=_rate(high),
    )


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def in_words(config: DecisionConfig) -> str:
    """Smoothing, patience and refractory time."""
    smoothing = (
        _("no smoothing") if config.smoothing_steps == 1 else _("smoothing {steps}", steps=config.smoothing_steps)
    )
    patience = _("no patience") if config.patience_steps == 1 else _("patience {steps}", steps=config.patience_steps)
    return _(
        "{smoothing}, {patience} and {pause:g} s between detections",
        smoothing=smoothing,
        patience=patience,
        pause=config.refractory_s,
    )


def preset_hint(curve: OperatingCurve, preset: Preset, threshold: float) -> str:
    """What a preset gives, which comes to this threshold."""
    point = curve.at(threshold)
    return _(
        "At most {rate:g} false alarms an hour of speech, as far as {hours:.1f} hours can tell: threshold "
        "{threshold:.3f}, {alarms}, misses {missed:.0f} %",
        rate=preset.fa_per_hour,
        hours=curve.hours,
        threshold=threshold,
        alarms=alarms(curve, point),
        missed=100 * point.missed / curve.keywords,
    )


def same_rate(ours: OperatingCurve | None, threshold: float, theirs: OperatingCurve | None) -> float | None:
    """The threshold of another model with as many false alarms an hour; None if it is not known."""
    if ours is None or theirs is None:
        return None
    return theirs.threshold_for(ours.fa_per_hour(threshold))


@dataclass(frozen=True)
class Offer:
    """What comes of a preset with a model: a threshold, or none where it would keep no promise of its own; and why."""

    threshold: float | None
    hint: str


def offers(curve: OperatingCurve) -> dict[Preset, Offer]:
    """For each preset; of those that come to the same threshold only the strictest is offered."""
    found: dict[Preset, Offer] = {}
    taken: dict[float, Preset] = {}  # by threshold, as it is shown
    for preset in PRESETS:
        threshold = curve.threshold_for(preset.fa_per_hour)
        shown = round(threshold, 3)
        if curve.fa_per_hour(threshold) > preset.fa_per_hour + 1e-9:
            hint = _(
                "This model gives more than {rate:g} false alarms an hour at any threshold", rate=preset.fa_per_hour
            )
            found[preset] = Offer(None, hint)
        elif shown in taken:
            hint = _(
                "With this model the same as “{preset}”: no measured threshold lies between", preset=taken[shown].name
            )
            found[preset] = Offer(None, hint)
        else:
            taken[shown] = preset
            found[preset] = Offer(threshold, preset_hint(curve, preset, threshold))
    return found
