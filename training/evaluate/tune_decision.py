"""Chooses smoothing, patience and threshold on streams of the validation set, from raw posteriors.

Only settings count whose false alarms an hour of real speech are few even at their upper limit: other talk gives more
than the talk that chose. The best setting has the fewest misses. Of several such settings the fastest is best. Misses
and hours are added up over all conditions that were played.
"""

from dataclasses import dataclass, replace

import numpy as np

from kws_app.detection.intervals import poisson_limit
from kws_app.engine.decision_config import DecisionConfig
from training.evaluate.figures import TunedRow
from training.evaluate.hits_and_alarms import THRESHOLDS, StreamScores, count_events, smooth
from training.evaluate.metrics import ALLOWED_AN_HOUR, SURE, rounded

SMOOTHING = range(1, 6)  # steps
PATIENCE = range(1, 9)  # steps: a long word lasts for many
LOWEST = 0.05  # lowest threshold that is tried


@dataclass(frozen=True)
class Tuned:
    """The best threshold for a smoothing and a patience."""

    config: DecisionConfig
    false_reject_rate: float
    fa_per_hour: float  # of real speech
    latency_median_s: float


def tune(streams: list[StreamScores], config: DecisionConfig, step_samples: int) -> list[Tuned]:
    """Each smoothing and patience with its best threshold, the best first.

    A smoothing and patience is left out if all thresholds give too many false alarms.
    streams: of the validation set, never of the test set
    """
    tried = []
    for smoothing in SMOOTHING:
        smoothed = [smooth(stream, replace(config, smoothing_steps=smoothing))[0] for stream in streams]
        for patience in PATIENCE:
            candidate = replace(config, smoothing_steps=1, patience_steps=patience)
            best = _best_threshold(smoothed, candidate, step_samples)
            if best is not None:
                tried.append(replace(best, config=replace(best.config, smoothing_steps=smoothing)))
    return sorted(tried, key=_worth)


def _worth(tuned: Tuned) -> tuple[float, float]:
    return round(tuned.false_reject_rate, 6), tuned.latency_median_s


def _best_threshold(streams: list[StreamScores], config: DecisionConfig, step_samples: int) -> Tuned | None:
    """The threshold with the fewest misses among the thresholds with few false alarms, or None."""
    hours = sum(stream.speech_hours for stream in streams)
    keywords = sum(len(stream.occurrences) for stream in streams)
    best = None
    for threshold in THRESHOLDS[THRESHOLDS >= LOWEST].tolist():
        candidate = replace(config, threshold=threshold)
        events = [count_events(stream, candidate, step_samples) for stream in streams]
        alarms = sum(event.speech_alarms for event in events)
        if not _few(alarms, hours):
            continue
        missed = 1 - sum(event.hits for event in events) / max(1, keywords)
        latencies = [latency_s for event in events for latency_s in event.latencies_s]
        latency = float(np.median(latencies)) if latencies else float("inf")
        tuned = Tuned(candidate, missed, alarms / max(hours, 1e-9), latency)
        if best is None or _worth(tuned) < _worth(best):
            best = tuned
    return best


def _few(alarms: int, hours: float) -> bool:
    """Whether the true rate is surely allowed. No alarm is always few: a short stream may give none at all."""
    if alarms == 0:
        return True
    if alarms > ALLOWED_AN_HOUR * hours:  # its upper limit is higher still, and that of many alarms takes long
        return False
    return poisson_limit(alarms, hours, SURE) <= ALLOWED_AN_HOUR


def as_row(tuned: Tuned) -> TunedRow:
    """The row for a card."""
    config = tuned.config
    return TunedRow(
        smoothing_steps=config.smoothing_steps,
        patience_steps=config.patience_steps,
        threshold=rounded(config.threshold),
        frr=rounded(tuned.false_reject_rate),
        fa_per_hour=rounded(tuned.fa_per_hour),
        latency_median_s=rounded(tuned.latency_median_s),
    )
