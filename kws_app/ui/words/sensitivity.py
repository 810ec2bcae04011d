"""The three levels of sensitivity of a word, with their measured misses and false alarms. No Qt.

"Balanced" is the threshold on the model's card. "Strict" is offered only if it was measured to give fewer false alarms,
and "Sensitive" only if it was measured to miss fewer words. All levels quote the same measurement.
"""

from dataclasses import dataclass
from enum import Enum

from kws_app.detection.operating_curve import OperatingCurve, Point
from kws_app.engine.card import ModelCard
from kws_app.translation import _, ngettext

SHOWN_DIGITS = 3  # digits of a threshold that the user sees
STRICT_ALARMS = 1 / 3  # "Strict" aims at this share of the false alarms of "Balanced"
# "Strict" may miss this many times the words of "Balanced", or this share of all words more: the larger limit holds
STRICT_MISSES = 2.5
STRICT_MISSES_MORE = 0.05
# "Sensitive" may give this many times the false alarms of "Balanced", or so many an hour: the larger limit holds
SENSITIVE_ALARMS = 5
SENSITIVE_ALARMS_PER_HOUR = 2.0
MANY = 0.4  # share of missed words from which the text says "N in 10", because "1 in 2" is too coarse


class Level(Enum):
    """What a user chooses, from few false alarms to few misses."""

    STRICT = "strict"
    BALANCED = "balanced"
    SENSITIVE = "sensitive"


LEVELS = tuple(Level)
LEVEL_NAMES = {Level.STRICT: _("Strict"), Level.BALANCED: _("Balanced"), Level.SENSITIVE: _("Sensitive")}
NOT_MEASURED = _("This model was not measured.")
NO_STRICTER = _("Not offered: no higher threshold gives fewer false alarms without missing many more words.")
NO_MORE_SENSITIVE = _("Not offered: no lower threshold misses fewer words without many more false alarms.")


@dataclass(frozen=True)
class Offer:
    """A level of a model. A level is offered if it has a threshold, or if another model of the word offers it."""

    threshold: float | None
    text: str  # the measured misses and false alarms, or the reason why the level is not offered
    model: str = ""  # another model of the word that offers the level

    @property
    def can_be_chosen(self) -> bool:
        return self.threshold is not None or bool(self.model)


def offers(card: ModelCard, curve: OperatingCurve | None) -> dict[Level, Offer]:
    """Every level of a model. "Balanced" is always offered. curve: None without a measurement"""
    if curve is None:
        return {
            Level.STRICT: Offer(None, NOT_MEASURED),
            Level.BALANCED: Offer(card.threshold, _("The threshold that comes with the model.")),
            Level.SENSITIVE: Offer(None, NOT_MEASURED),
        }
    own = curve.at(card.threshold)
    strict, sensitive = _strict(curve, own), _sensitive(curve, own)
    return {
        Level.STRICT: Offer(None, NO_STRICTER) if strict is None else Offer(strict.threshold, told(curve, strict)),
        Level.BALANCED: Offer(card.threshold, told(curve, own)),
        Level.SENSITIVE: (
            Offer(None, NO_MORE_SENSITIVE) if sensitive is None else Offer(sensitive.threshold, told(curve, sensitive))
        ),
    }


def _strict(curve: OperatingCurve, own: Point) -> Point | None:
    """The best point above the threshold of the card.

    Among points with few enough false alarms: the point with the fewest misses. Else the point with the fewest alarms.
    """
    most_missed = max(STRICT_MISSES * own.missed, own.missed + STRICT_MISSES_MORE * curve.keywords)
    better = [
        point
        for point in curve.points
        if point.threshold > own.threshold and point.false_alarms < own.false_alarms and point.missed <= most_missed
    ]
    enough = [point for point in better if point.false_alarms <= STRICT_ALARMS * own.false_alarms]
    if enough:
        return min(enough, key=lambda point: (point.missed, point.false_alarms))
    return min(better, key=lambda point: (point.false_alarms, point.missed), default=None)


def _sensitive(curve: OperatingCurve, own: Point) -> Point | None:
    """The point below the threshold of the card with the fewest misses, within the limit of false alarms."""
    most_alarms = max(SENSITIVE_ALARMS * own.false_alarms, SENSITIVE_ALARMS_PER_HOUR * curve.hours)
    allowed = [
        point
        for point in curve.points
        if point.threshold < own.threshold and point.missed < own.missed and point.false_alarms <= most_alarms
    ]
    return min(allowed, key=lambda point: (point.missed, point.false_alarms), default=None)


def is_stricter(ours: OperatingCurve, own: Point, theirs: OperatingCurve, point: Point) -> bool:
    """Whether a point of another model can be the level "Strict" of a model with the point `own`."""
    rate, share = own.false_alarms / ours.hours, own.missed / ours.keywords
    most_missed = max(STRICT_MISSES * share, share + STRICT_MISSES_MORE)
    return point.false_alarms / theirs.hours <= STRICT_ALARMS * rate and point.missed / theirs.keywords <= most_missed


def level_of(threshold: float, offered: dict[Level, Offer]) -> Level | None:
    """The level with this threshold; None if no level has it."""
    for level in (Level.BALANCED, Level.STRICT, Level.SENSITIVE):
        own = offered[level].threshold
        if own is not None and round(own, SHOWN_DIGITS) == round(threshold, SHOWN_DIGITS):
            return level
    return None


def told(curve: OperatingCurve, point: Point) -> str:
    """The figures of a measured point, such as "Misses about 1 in 20 words, 1 false alarm in 3 hours of talk."."""
    return _(
        "{misses}, {alarms}.",
        misses=misses_text(point.missed, curve.keywords),
        alarms=alarms_text(point.false_alarms, curve.hours),
    )


def misses_text(missed: int, keywords: int) -> str:
    """The share of missed words in words."""
    if missed == 0:
        return _("Missed none of {count} words", count=keywords)
    share = missed / keywords
    if share >= MANY:
        return _("Misses about {count} in 10 words", count=round(10 * share))
    return _("Misses about 1 in {count} words", count=_rounded(1 / share))


def alarms_text(false_alarms: int, hours: float) -> str:
    """The number of false alarms, and the hours in which they were counted."""
    time = ngettext("{count} hour of talk", "{count} hours of talk", max(1, round(hours)))
    if false_alarms == 0:
        return _("no false alarm in {time}", time=time)
    return ngettext("{count} false alarm in {time}", "{count} false alarms in {time}", false_alarms, time=time)


def _rounded(value: float) -> int:
    """A round number: exact up to 10, then in steps of 5, from 50 in steps of 10, from 200 in steps of 50."""
    step = 1 if value < 10 else 5 if value < 50 else 10 if value < 200 else 50
    return max(2, step * round(value / step))
