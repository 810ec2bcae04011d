"""How sensitive a word is: three levels, and what each was measured to give. Pure; no Qt.

"Balanced" is the threshold that the model was measured at. The other levels must be shown by the measurement to be
what their names say: "Strict" gives fewer false alarms, "Sensitive" misses fewer words. Else a level is not offered.
All levels are told by the same counts, so that they can be compared: words missed, and false alarms in the hours of
talk that were heard.
"""

from dataclasses import dataclass
from enum import Enum

from kws_app.detection.operating_curve import OperatingCurve, Point
from kws_app.engine.card import ModelCard
from kws_app.translation import _, ngettext

SHOWN_DIGITS = 3  # of a threshold
STRICT_ALARMS = 1 / 3  # "Strict" aims at this share of the false alarms of "Balanced"
STRICT_MISSES = 2.5  # and misses at most so many times as many words,
STRICT_MISSES_MORE = 0.05  # or this share of all words more, whichever is more
SENSITIVE_ALARMS = 5  # "Sensitive" gives at most so many times the false alarms of "Balanced",
SENSITIVE_ALARMS_PER_HOUR = 2.0  # or this many an hour, whichever is more
MANY = 0.4  # a share of words missed from which "1 in N" says too little


class Level(Enum):
    """What a user chooses, from few false alarms to few misses."""

    STRICT = "strict"
    BALANCED = "balanced"
    SENSITIVE = "sensitive"


LEVELS = tuple(Level)
LEVEL_NAMES = {Level.STRICT: _("Strict"), Level.BALANCED: _("Balanced"), Level.SENSITIVE: _("Sensitive")}
NOT_MEASURED = _("Not measured with this model.")
NO_STRICTER = _("No stricter threshold was measured to give fewer false alarms without missing many more words.")
NO_MORE_SENSITIVE = _("No lower threshold was measured to miss fewer words without many more false alarms.")


@dataclass(frozen=True)
class Offer:
    """A level of a model: its threshold and what it gives. Without a threshold it is not offered, for this reason."""

    threshold: float | None
    text: str


def offers(card: ModelCard, curve: OperatingCurve | None) -> dict[Level, Offer]:
    """Every level of a model. "Balanced" is always offered."""
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
    """Above the model's own point: the fewest misses among enough fewer alarms, else the fewest alarms there are."""
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
    """Below the model's own point: the fewest misses that the alarms allow."""
    most_alarms = max(SENSITIVE_ALARMS * own.false_alarms, SENSITIVE_ALARMS_PER_HOUR * curve.hours)
    allowed = [
        point
        for point in curve.points
        if point.threshold < own.threshold and point.missed < own.missed and point.false_alarms <= most_alarms
    ]
    return min(allowed, key=lambda point: (point.missed, point.false_alarms), default=None)


def level_of(threshold: float, offered: dict[Level, Offer]) -> Level | None:
    """The level that a threshold is; None for a number of the user's own."""
    for level in (Level.BALANCED, Level.STRICT, Level.SENSITIVE):
        own = offered[level].threshold
        if own is not None and round(own, SHOWN_DIGITS) == round(threshold, SHOWN_DIGITS):
            return level
    return None


def told(curve: OperatingCurve, point: Point) -> str:
    """What a measured point gives: "Misses about 1 in 20 words, 1 false alarm in 3 hours of talk."."""
    return _(
        "{misses}, {alarms}.",
        misses=misses_text(point.missed, curve.keywords),
        alarms=alarms_text(point.false_alarms, curve.hours),
    )


def misses_text(missed: int, keywords: int) -> str:
    """A share of words as a person says it."""
    if missed == 0:
        return _("Missed none of {count} words", count=keywords)
    share = missed / keywords
    if share >= MANY:
        return _("Misses about {count} in 10 words", count=round(10 * share))
    return _("Misses about 1 in {count} words", count=_rounded(1 / share))


def alarms_text(false_alarms: int, hours: float) -> str:
    """How often nobody had said the word, and in how much talk."""
    time = ngettext("{count} hour of talk", "{count} hours of talk", max(1, round(hours)))
    if false_alarms == 0:
        return _("no false alarm in {time}", time=time)
    return ngettext("{count} false alarm in {time}", "{count} false alarms in {time}", false_alarms, time=time)


def _rounded(value: float) -> int:
    """A whole number that a person would say: up to 10 exactly, then in steps of 5, from 50 in steps of 10."""
    step = 1 if value < 10 else 5 if value < 50 else 10 if value < 200 else 50
    return max(2, step * round(value / step))
