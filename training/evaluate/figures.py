"""The figures of a model as typed data: evaluation measures them, a card keeps them as JSON, the report shows them.

`from_json` reads the JSON that `to_json` writes. It also reads cards of earlier versions: figures that they lack are
empty. Nothing is measured here.
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
    """False alarms, in a number of hours."""

    hours: float
    false_alarms: int
    fa_per_hour: float | None  # None if no sound was heard
    interval: Interval | None

    @classmethod
    def counted(cls, false_alarms: int, hours: float) -> "AlarmRate":
        """The rate of a count, with its Poisson interval."""
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
    """False alarms in a kind of sound."""

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
    """The keywords of a stream that the model did not detect."""

    keywords: int
    missed: int
    frr: float
    interval: Interval
    latency_median_s: float | None  # from the end of the word; None if every keyword was missed
    latency_95th_s: float | None
    # The best rate at other thresholds, by a limit such as "0.5" on the other rate. None if no threshold keeps to it.
    fa_per_hour_at_frr: dict[str, float | None]  # of real speech
    frr_at_fa_per_hour: dict[str, float | None]  # of real speech
    frr_at_fa_per_hour_in_all: dict[str, float | None]  # of all sound
    by_voice: dict[str, MissedShare] = field(default_factory=dict)  # by the height of the voice

    def at(self, fa_per_hour: str) -> tuple[float, Interval] | None:
        """The share of missed keywords at a rate of false alarms in real speech, with its Wilson interval.

        fa_per_hour: at most this rate, such as "0.5"; None is returned if it was not measured or not reached
        """
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
    """The rates at a threshold."""

    threshold: float
    frr: float
    speech_fa_per_hour: float
    fa_per_hour: float  # of all sound


@dataclass(frozen=True)
class StreamFigures:
    """The figures of a model in a stream, under a condition and at a threshold."""

    seed: int
    composition: str  # a digest of the stream's parts and their order
    threshold: float
    alarms: AlarmRate  # in all sound
    speech: AlarmRate  # in real speech
    kinds: dict[str, KindOfSound]
    doubles: int  # second detections of the same keyword; the false alarms contain them
    false_alarm_times_s: tuple[float, ...]
    misses: Misses | None  # None if the stream holds no keyword
    curve: tuple[CurveRow, ...]
    second_awake: float | None = None  # for a pair, the share of the time in which the second model listens

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
    """The counts at a threshold."""

    threshold: float
    missed: int
    speech_alarms: int
    false_alarms: int  # in all sound


@dataclass(frozen=True)
class CardCurve:
    """The operating curve in a card. kws_app/detection/operating_curve.py reads it."""

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
    """How well a model tells the keyword's clips from the other clips of a set."""

    auroc: float
    area: float  # under the curve of false rejects over false alarms, both as shares of all clips
    lineage_area: float  # the area with the same AUROC at the lineage's share of keywords
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
    """The number of recordings, and the number of recordings with a detection."""

    recordings: int
    fired: int


@dataclass(frozen=True)
class TunedRow:
    """The best threshold for a smoothing and a patience, on the validation set."""

    smoothing_steps: int
    patience_steps: int
    threshold: float
    frr: float
    fa_per_hour: float
    latency_median_s: float


@dataclass(frozen=True)
class Figures:
    """All figures of a model, or of a pair."""

    clips: dict[str, ClipFigures] = field(default_factory=dict)  # by set
    passed_over: tuple[str, ...] = ()  # clips that could not be read
    streams: dict[str, dict[str, StreamFigures]] = field(default_factory=dict)  # by set and condition
    curve: CardCurve | None = None
    sentences: dict[str, Fired] = field(default_factory=dict)  # stated apart: neither hits nor alarms
    tuning: tuple[TunedRow, ...] = ()  # the best first
    pairs: dict[str, "Figures"] = field(default_factory=dict)  # by the role of the model that confirmed

    @classmethod
    def from_json(cls, raw: Json) -> "Figures":
        """The figures from a card's JSON. raises KeyError or TypeError if the JSON holds no figures"""
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
        """The figures of a card. raises ValueError if they cannot be read"""
        try:
            return cls.from_json(card.figures)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"The figures in the card of {card.keyword}/{card.role} cannot be read ({error}): measure the model "
                "again with `evaluate --write-card`."
            ) from error

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON, without empty ones and without pairs: kws_app/engine/pairs.py adds pairs to a card."""
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
