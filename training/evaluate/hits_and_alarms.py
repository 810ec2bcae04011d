"""Sorts the detections of a stream into hits and false alarms. The detections are those of the app's Decision."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from training.evaluate.metrics import detection_steps
from training.evaluate.stream_plan import REAL_SPEECH

LATE_S = 0.5  # a detection counts for a keyword from its clip's start until this long after its end
THRESHOLDS = 1 / (1 + np.exp(-np.linspace(-6, 8, 113)))  # evenly spaced in log-odds, about 0.0025 to 0.9997


@dataclass(frozen=True)
class Occurrence:
    """A keyword in a stream: where its clip begins and ends, and where the word ends, in absolute samples."""

    start: int
    end: int
    word_end: int


@dataclass(frozen=True)
class StreamScores:
    """The raw posteriors of a whole stream, and what the stream holds."""

    scores: NDArray[np.float64]  # [S]
    step_ends: NDArray[np.int64]  # [S], absolute samples
    occurrences: list[Occurrence]
    kinds: list[str]  # [K], of each stretch of the stream
    kind_ends: NDArray[np.int64]  # [K], absolute sample at which each stretch ends
    hours: dict[str, float]  # by kind of sound, without the keywords themselves

    @property
    def total_hours(self) -> float:
        """Hours of all sound."""
        return sum(self.hours.values())

    @property
    def speech_hours(self) -> float:
        """Hours of real speech."""
        return sum(self.hours.get(kind, 0.0) for kind in REAL_SPEECH)

    def kinds_at(self, samples: NDArray[np.int64]) -> list[str]:
        """The kind of sound just before each of the samples. [N]"""
        stretches = np.minimum(np.searchsorted(self.kind_ends, samples), len(self.kinds) - 1)
        return [self.kinds[stretch] for stretch in stretches.tolist()]


@dataclass(frozen=True)
class Alarm:
    """A false alarm: its time in the stream, and the kind of sound."""

    time_s: float
    kind: str


@dataclass(frozen=True)
class Events:
    """The detections of a stream: hits and false alarms."""

    found: frozenset[int]  # which of the keywords were detected
    doubles: int  # second detections of the same keyword; they count as false alarms too
    false_alarms: list[Alarm]
    latencies_s: list[float]  # from the word's end to the detection

    @property
    def hits(self) -> int:
        return len(self.found)

    @property
    def speech_alarms(self) -> int:
        """False alarms in real speech."""
        return sum(alarm.kind in REAL_SPEECH for alarm in self.false_alarms)


@dataclass(frozen=True)
class CurvePoint:
    """The counts at a threshold."""

    threshold: float
    missed: int
    speech_alarms: int  # false alarms in real speech
    false_alarms: int  # in all sound


def smoothed(scores: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """The mean of the last `steps` posteriors. Zeros stand before the first posterior, as in Decision. [S] -> [S]"""
    total = np.zeros(len(scores), dtype=np.float64)
    for back in range(min(steps, len(scores)) - 1, -1, -1):  # oldest first: Decision adds in this order
        total[back:] += scores[: len(scores) - back]
    return total / steps


def smooth(stream: StreamScores, config: DecisionConfig) -> tuple[StreamScores, DecisionConfig]:
    """The stream with smoothed scores, and the config without smoothing, so that scores are smoothed only once."""
    if config.smoothing_steps == 1:
        return stream, config
    scores = smoothed(stream.scores, config.smoothing_steps)
    return replace(stream, scores=scores), replace(config, smoothing_steps=1)


def count_events(stream: StreamScores, config: DecisionConfig, step_samples: int) -> Events:
    """Sort the stream's detections into hits, doubles and false alarms."""
    stream, config = smooth(stream, config)
    found: set[int] = set()
    doubles, alarms, latencies = 0, [], []
    starts = np.array([occurrence.start for occurrence in stream.occurrences], dtype=np.int64)
    late = int(LATE_S * SAMPLE_RATE)
    detected = stream.step_ends[detection_steps(stream.scores, config, step_samples)]
    nearest = np.searchsorted(starts, detected, side="right") - 1  # the last keyword that has begun, or -1
    for at, which, kind in zip(detected.tolist(), nearest.tolist(), stream.kinds_at(detected), strict=True):
        inside = which >= 0 and at <= stream.occurrences[which].end + late
        if inside and which not in found:
            found.add(which)
            latencies.append((at - stream.occurrences[which].word_end) / SAMPLE_RATE)
            continue
        doubles += inside
        alarms.append(Alarm(at / SAMPLE_RATE, kind))
    return Events(frozenset(found), doubles, alarms, latencies)


def operating_curve(
    stream: StreamScores, config: DecisionConfig, step_samples: int, thresholds: NDArray[np.float64] = THRESHOLDS
) -> list[CurvePoint]:
    """Misses and false alarms at each threshold."""
    stream, config = smooth(stream, config)
    points = []
    for threshold in thresholds.tolist():
        events = count_events(stream, replace(config, threshold=threshold), step_samples)
        missed = len(stream.occurrences) - events.hits
        points.append(CurvePoint(threshold, missed, events.speech_alarms, len(events.false_alarms)))
    return points
