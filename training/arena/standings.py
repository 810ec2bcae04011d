"""The results of a contest: misses at given rates of false alarms with their intervals, and each engine's cost."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kws_app.detection.intervals import wilson_interval
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from training.arena.play import Answer
from training.evaluate.figures import Interval
from training.evaluate.hits_and_alarms import LATE_S, StreamScores, operating_curve

AT = (0.1, 0.5, 2.0)  # false alarms an hour of real speech at which misses are stated
MOST, MOST_COUNTED = 10.0, 10  # false alarms an hour, and false alarms in all, up to which counts are kept
# At most one detection in two seconds and no smoothing, for all engines. Some keep a high score for more than a second.
DECISION = DecisionConfig(threshold=1.0, refractory_s=2.0)


class Share(NamedTuple):
    """The share of words that are missed."""

    missed: float
    interval: Interval  # 95 %


@dataclass(frozen=True)
class Counts:
    """The counts of an engine under a condition, at each of its thresholds."""

    keywords: int
    hours: float  # of real speech
    missed: tuple[int, ...]
    alarms: tuple[int, ...]  # in real speech


@dataclass(frozen=True)
class Standing:
    """The result of an engine. The first condition chooses the threshold for a rate, the others are counted there."""

    engine: str
    version: str
    thresholds: tuple[float, ...]
    counts: dict[str, Counts]  # by condition
    cpu_s_per_hour: float  # seconds of processor time for an hour of sound, under the first condition
    peak_mb: float
    download_mb: float

    @property
    def first(self) -> Counts:
        """The counts under the condition that chooses the threshold."""
        return next(iter(self.counts.values()))

    def chosen(self, fa_per_hour: float) -> int | None:
        """Which threshold misses least at no more than this rate of false alarms. None if no threshold keeps to it."""
        allowed = [i for i, alarms in enumerate(self.first.alarms) if alarms <= fa_per_hour * self.first.hours + 1e-9]
        return min(allowed, key=lambda i: (self.first.missed[i], self.first.alarms[i])) if allowed else None

    def missed_at(self, fa_per_hour: float, condition: str = "") -> Share | None:
        """The share of misses at the threshold for this rate. None if no threshold keeps to it."""
        which = self.chosen(fa_per_hour)
        if which is None:
            return None
        counts = self.counts[condition] if condition else self.first
        missed = counts.missed[which]
        return Share(missed / counts.keywords, Interval(*wilson_interval(missed, counts.keywords)))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(row: dict[str, Any]) -> Standing:
    """The standing that `as_json` gave, read from a file."""
    counts = {
        name: Counts(found["keywords"], found["hours"], tuple(found["missed"]), tuple(found["alarms"]))
        for name, found in row["counts"].items()
    }
    return Standing(**{**row, "thresholds": tuple(row["thresholds"]), "counts": counts})


def standing_of(engine: str, version: str, answers: dict[str, Answer], download_mb: float) -> Standing:
    """Count misses and alarms under each condition. raises ValueError without keywords or speech"""
    first = next(iter(answers.values()))
    if not first.scores.occurrences or first.scores.speech_hours <= 0:
        raise ValueError("The arena needs recordings of the word and of real speech without it.")
    thresholds = _worth_keeping(first, _thresholds(first.scores))
    hours = int(first.scores.kind_ends[-1]) / SAMPLE_RATE / 3600
    return Standing(
        engine=engine,
        version=version,
        thresholds=tuple(round(float(threshold), 6) for threshold in thresholds),
        counts={name: _counts(answer, thresholds) for name, answer in answers.items()},
        cpu_s_per_hour=round(first.cost.cpu_s / hours, 2),
        peak_mb=round(max(answer.cost.peak_mb for answer in answers.values()), 1),
        download_mb=round(download_mb, 1),
    )


def _counts(answer: Answer, thresholds: NDArray[np.float64]) -> Counts:
    curve = operating_curve(answer.scores, DECISION, answer.cost.frame_samples, thresholds)
    missed, alarms = tuple(p.missed for p in curve), tuple(p.speech_alarms for p in curve)
    return Counts(len(answer.scores.occurrences), round(answer.scores.speech_hours, 3), missed, alarms)


def _thresholds(scores: StreamScores) -> NDArray[np.float64]:
    """The highest score of each keyword, because no keyword is lost between two of them, and a threshold above all."""
    late = int(LATE_S * SAMPLE_RATE)
    peaks = []
    for occurrence in scores.occurrences:
        first, last = np.searchsorted(scores.step_ends, [occurrence.start, occurrence.end + late])
        peaks.append(scores.scores[first:last].max(initial=0.0))
    found = np.unique(np.clip(peaks, 1e-6, 1.0))
    return np.append(found, min(1.0, np.nextafter(found[-1], 2.0)))


def _worth_keeping(answer: Answer, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """One threshold for each number of alarms up to MOST and MOST_COUNTED: the threshold that misses least."""
    counts = _counts(answer, thresholds)
    best: dict[int, int] = {}
    for i in sorted(range(len(thresholds)), key=lambda i: counts.missed[i], reverse=True):
        best[counts.alarms[i]] = i
    most = max(MOST * counts.hours, MOST_COUNTED)
    kept = [i for alarms, i in best.items() if alarms <= most] or [len(thresholds) - 1]
    return thresholds[sorted(kept)]
