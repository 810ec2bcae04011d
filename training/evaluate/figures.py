"""The figures of a model, typed: what evaluation measures, a card keeps as JSON, and the report shows.

`to_json` writes what `from_json` reads. Cards of earlier versions are read too: what they lack is empty.
Pure data; nothing is measured here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kws_app.detection.intervals import poisson_interval, wilson_interval
from kws_app.engine.card import CURVE_FIELD, PAIRS_FIELD, ModelCard
from training.evaluate.metrics import rounded

Json = Mapping[str, Any]


class Interval(NamedTuple):
    """Bounds that hold the true value in 95 of 100 cases."""

    low: float
    high: float


def _interval(values: Any) -> Interval | None:
    return None if values is None else Interval(*values)


@dataclass(frozen=True)
class AlarmRate:
    """False alarms in so many hours."""

    hours: float
    false_alarms: int
    fa_per_hour: float | None  # None where no hour was heard
    interval: Interval | None

    @classmethod
    def counted(cls, false_alarms: int, hours: float) -> "AlarmRate":
        """A count as a rate, with its Poisson interval."""
        if hours <= 0:
            return cls(0.0, false_alarms, None, None)
        low, high = poisson_interval(false_alarms, hours)
        return cls(rounded(hours), false_alarms, rounded(false_alarms / hours), Interval(rounded(low), rounded(high)))

    @classmethod
    def from_json(cls, raw: Json) -> "AlarmRate":
        return cls(raw["hours"], raw["false_alarms"], raw["fa_per_hour"], _interval(raw["fa_per_hour_interval"]))

    def to_json(self) -> dict[str, Any]:
        return {
            "hours": self.hours,
            "false_alarms": self.false_alarms,
            "fa_per_hour": self.fa_per_hour,
            "fa_per_hour_interval": None if self.interval is None else list(self.interval),
        }


@dataclass(frozen=True)
class KindOfSound:
    """False alarms in one kind of sound."""

    pieces: int  # recordings, or pieces made by formula
    rate: AlarmRate

    @classmethod
    def from_json(cls, raw: Json) -> "KindOfSound":
        return cls(raw["pieces"], AlarmRate.from_json(raw))

    def to_json(self) -> dict[str, Any]:
        return {"pieces": self.pieces, **self.rate.to_json()}


@dataclass(frozen=True)
class MissedShare:
    """How many of some keywords were missed."""

    keywords: int
    missed: int

    @property
    def share(self) -> tuple[float, Interval]:
        """The share, with its Wilson interval."""
        return self.missed / self.keywords, Interval(*wilson_interval(self.missed, self.keywords))


@dataclass(frozen=True)
class Misses:
    """Keywords of a stream that were not detected."""

    keywords: int
    missed: int
    frr: float
    interval: Interval
    latency_median_s: float | None  # from the end of the word; None where every keyword was missed
    latency_95th_s: float | None
    # What other thresholds give. By the rate that is kept to, such as "0.5"; None where no threshold keeps to it.
    fa_per_hour_at_frr: dict[str, float | None]  # of real speech
    frr_at_fa_per_hour: dict[str, float | None]  # of real speech
    frr_at_fa_per_hour_in_all: dict[str, float | None]  # of all sound
    by_voice: dict[str, MissedShare] = field(default_factory=dict)  # by the height of the voice

    def at(self, fa_per_hour: str) -> tuple[float, Interval] | None:
        """The share missed at no more than so many false alarms an hour of real speech, with its Wilson interval."""
        frr = self.frr_at_fa_per_hour.get(fa_per_hour)
        return None if frr is None else (frr, Interval(*wilson_interval(round(frr * self.keywords), self.keywords)))

    @classmethod
    def from_json(cls, raw: Json) -> "Misses | None":
        if not raw["keywords"]:
            return None
        return cls(
            keywords=raw["keywords"],
            missed=raw["missed"],
            frr=raw["frr"],
            interval=Interval(*raw["frr_interval"]),
            latency_median_s=raw["latency_median_s"],
            latency_95th_s=raw["latency_95th_s"],
            fa_per_hour_at_frr=dict(raw["fa_per_hour_at_frr"]),
            frr_at_fa_per_hour=dict(raw["frr_at_fa_per_hour"]),
            frr_at_fa_per_hour_in_all=dict(raw["frr_at_fa_per_hour_in_all"]),
            by_voice={name: MissedShare(**row) for name, row in raw.get("by_voice", {}).items()},
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "keywords": self.keywords,
            "missed": self.missed,
            "frr": self.frr,
            "frr_interval": list(self.interval),
            "latency_median_s": self.latency_median_s,
            "latency_95th_s": self.latency_95th_s,
            "fa_per_hour_at_frr": self.fa_per_hour_at_frr,
            "frr_at_fa_per_hour": self.frr_at_fa_per_hour,
            "frr_at_fa_per_hour_in_all": self.frr_at_fa_per_hour_in_all,
            **({"by_voice": {name: dict(vars(row)) for name, row in self.by_voice.items()}} if self.by_voice else {}),
        }


class CurveRow(NamedTuple):
    """What one threshold gives, in rates."""

    threshold: float
    frr: float
    speech_fa_per_hour: float
    fa_per_hour: float  # of all sound


@dataclass(frozen=True)
class StreamFigures:
    """What a model does in a stream under one condition, at one threshold."""

    seed: int
    composition: str  # a short name of what the stream holds
    threshold: float
    alarms: AlarmRate  # in all sound
    speech: AlarmRate  # in real speech
    kinds: dict[str, KindOfSound]
    doubles: int  # second detections of one keyword; they are among the false alarms
    false_alarm_times_s: tuple[float, ...]
    misses: Misses | None  # None where the stream holds no keyword
    curve: tuple[CurveRow, ...]
    second_awake: float | None = None  # of a pair: the share of the time in which the second model listens

    @classmethod
    def from_json(cls, raw: Json) -> "StreamFigures":
        return cls(
            seed=raw["seed"],
            composition=raw["composition"],
            threshold=raw["threshold"],
            alarms=AlarmRate.from_json(raw),
            speech=AlarmRate.from_json(raw["speech"]),
            kinds={name: KindOfSound.from_json(row) for name, row in raw["kinds"].items()},
            doubles=raw["doubles"],
            false_alarm_times_s=tuple(raw["false_alarm_times_s"]),
            misses=Misses.from_json(raw),
            curve=tuple(CurveRow(*row) for row in raw["curve"]),
            second_awake=raw.get("second_awake"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "composition": self.composition,
            "threshold": self.threshold,
            **self.alarms.to_json(),
            "speech": self.speech.to_json(),
            "kinds": {name: kind.to_json() for name, kind in self.kinds.items()},
            "doubles": self.doubles,
            "false_alarm_times_s": list(self.false_alarm_times_s),
            **({"keywords": 0} if self.misses is None else self.misses.to_json()),
            "curve": [list(row) for row in self.curve],
            **({} if self.second_awake is None else {"second_awake": self.second_awake}),
        }


class CardPoint(NamedTuple):
    """What one threshold gives, in counts."""

    threshold: float
    missed: int
    speech_alarms: int
    false_alarms: int  # in all sound


@dataclass(frozen=True)
class CardCurve:
    """The operating curve as a card holds it: kws_app/detection/operating_curve.py reads it."""

    split: str
    smoothing_steps: int
    patience_steps: int
    refractory_s: float
    keywords: int
    speech_hours: float
    hours: float
    points: tuple[CardPoint, ...]

    @classmethod
    def from_json(cls, raw: Json) -> "CardCurve":
        return cls(**{**raw, "points": tuple(CardPoint(*row) for row in raw["points"])})

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "points": [list(point) for point in self.points]}


class ClipRates(NamedTuple):
    """A point of the curve over clips, in shares."""

    false_alarms: float  # of the other words
    false_rejects: float  # of the keywords


@dataclass(frozen=True)
class ClipFigures:
    """How well a model tells the clips of a set apart."""

    auroc: float
    area: float  # under the curve of false rejects over false alarms, both of all clips
    lineage_area: float  # the same AUROC at the lineage's share of keywords
    positives: int
    negatives: int
    lineage_area_interval: Interval
    curve: tuple[ClipRates, ...]

    @classmethod
    def from_json(cls, raw: Json) -> "ClipFigures":
        interval, curve = Interval(*raw["lineage_area_interval"]), tuple(ClipRates(*row) for row in raw["curve"])
        return cls(**{**raw, "lineage_area_interval": interval, "curve": curve})

    def to_json(self) -> dict[str, Any]:
        interval, curve = list(self.lineage_area_interval), [list(row) for row in self.curve]
        return {**vars(self), "lineage_area_interval": interval, "curve": curve}


@dataclass(frozen=True)
class Fired:
    """In how many recordings the detector fired."""

    recordings: int
    fired: int


@dataclass(frozen=True)
class TunedRow:
    """The best threshold of one smoothing and patience, on the validation set."""

    smoothing_steps: int
    patience_steps: int
    threshold: float
    frr: float
    fa_per_hour: float
    latency_median_s: float


@dataclass(frozen=True)
class Figures:
    """All that was measured of a model, or of a pair."""

    clips: dict[str, ClipFigures] = field(default_factory=dict)  # by set
    passed_over: tuple[str, ...] = ()  # clips that could not be read
    streams: dict[str, dict[str, StreamFigures]] = field(default_factory=dict)  # by set and condition
    curve: CardCurve | None = None
    sentences: dict[str, Fired] = field(default_factory=dict)  # stated apart: neither hits nor alarms
    tuning: tuple[TunedRow, ...] = ()  # the best first
    pairs: dict[str, "Figures"] = field(default_factory=dict)  # by the role of the model that confirmed

    @classmethod
    def from_json(cls, raw: Json) -> "Figures":
        """raises KeyError or TypeError if these are no figures"""
        clips = {split: row for split, row in raw.get("clips", {}).items() if split != "passed_over"}
        return cls(
            clips={split: ClipFigures.from_json(row) for split, row in clips.items()},
            passed_over=tuple(raw.get("clips", {}).get("passed_over", ())),
            streams={
                split: {name: StreamFigures.from_json(row) for name, row in conditions.items()}
                for split, conditions in raw.get("streams", {}).items()
            },
            curve=CardCurve.from_json(raw[CURVE_FIELD]) if CURVE_FIELD in raw else None,
            sentences={name: Fired(**row) for name, row in raw.get("sentences", {}).items()},
            tuning=tuple(TunedRow(**row) for row in raw.get("tuning", ())),
            pairs={role: cls.from_json(row) for role, row in raw.get(PAIRS_FIELD, {}).items()},
        )

    @classmethod
    def of_card(cls, card: ModelCard) -> "Figures":
        """raises ValueError if the card's figures cannot be read"""
        try:
            return cls.from_json(card.figures)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"the figures in the card of {card.keyword}/{card.role} cannot be read: {error}"
            ) from error

    def to_json(self) -> dict[str, Any]:
        """Without what is empty. Pairs are left out: kws_app/engine/pairs.py puts them into a card."""
        raw: dict[str, Any] = {}
        if self.tuning:
            raw["tuning"] = [dict(vars(row)) for row in self.tuning]
        if self.clips or self.passed_over:
            raw["clips"] = {split: row.to_json() for split, row in self.clips.items()}
        if self.passed_over:
            raw["clips"]["passed_over"] = list(self.passed_over)
        if self.streams:
            raw["streams"] = {
                split: {name: row.to_json() for name, row in conditions.items()}
                for split, conditions in self.streams.items()
            }
        if self.curve is not None:
            raw[CURVE_FIELD] = self.curve.to_json()
        if self.sentences:
            raw["sentences"] = {name: dict(vars(row)) for name, row in self.sentences.items()}
        return raw
