"""Measures: the area under the curve of false rejects over false alarms, detections, and operating points."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE

Floats = NDArray[np.floating]

ALLOWED_AN_HOUR = 0.5  # false alarms an hour of real speech that a threshold may give
SURE = 0.8  # chance that the true rate of false alarms is as low as that

# The lineage's areas are for "sheila": 1,734 of the archive's 64,721 clips.
LINEAGE_SHARE = 1734 / 64721


@dataclass(frozen=True)
class ClipArea:
    """How well scores separate the keyword's clips from the other clips."""

    auroc: float
    area: float  # under the FA-FR curve, at the set's own share of keywords
    lineage_area: float  # the area with the same AUROC at the lineage's share of keywords, so that sets compare
    positives: int
    negatives: int


def auroc(positive: Floats, negative: Floats) -> float:
    """The probability that a keyword scores above another word. A tie counts half (Mann-Whitney). [P], [N] -> 0..1

    raises ValueError if a class has no score
    """
    if len(positive) == 0 or len(negative) == 0:
        raise ValueError(
            f"AUROC needs scores of the keyword and of other words, got {len(positive)} and {len(negative)} scores."
        )
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left")
    not_above = np.searchsorted(ordered, positive, side="right")
    return float((below + not_above).sum() / (2.0 * len(positive) * len(negative)))


def clip_area(positive: Floats, negative: Floats) -> ClipArea:
    """The area under the FA-FR curve, where FA = false positives / all clips and FR = false negatives / all clips.

    It equals (1 - AUROC) p (1 - p), where p is the share of keywords. positive: scores [P]; negative: scores [N]
    """
    value = auroc(positive, negative)
    share = len(positive) / (len(positive) + len(negative))
    return ClipArea(
        auroc=value,
        area=(1 - value) * share * (1 - share),
        lineage_area=(1 - value) * LINEAGE_SHARE * (1 - LINEAGE_SHARE),
        positives=len(positive),
        negatives=len(negative),
    )


def bootstrap_area(
    score: Floats, is_keyword: NDArray[np.bool_], speaker: NDArray[np.str_], resamples: int = 1000
) -> tuple[float, float]:
    """The 95 % interval of the lineage-equivalent area: speakers are drawn with all their clips (Efron 1979).

    score, is_keyword, speaker: [N]
    """
    rng = np.random.default_rng(0)
    _, owner = np.unique(speaker, return_inverse=True)
    speakers = int(owner.max()) + 1
    order = np.argsort(score, kind="stable")
    score, is_keyword, owner = score[order], is_keyword[order], owner[order]
    # Equal scores form a group. A pair within a group counts half.
    group = np.concatenate([[0], np.cumsum(np.diff(score) > 0)])
    areas = []
    for _ in range(resamples):
        weight = np.bincount(rng.integers(0, speakers, speakers), minlength=speakers)[owner]
        positive = np.bincount(group, weight * is_keyword)
        negative = np.bincount(group, weight * ~is_keyword)
        if positive.sum() == 0 or negative.sum() == 0:
            continue
        above = negative.sum() - np.cumsum(negative) + negative / 2
        misordered = float((positive * above).sum() / (positive.sum() * negative.sum()))
        areas.append(misordered * LINEAGE_SHARE * (1 - LINEAGE_SHARE))
    low, high = np.percentile(areas, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True)
class OperatingPoint:
    """The rates at a threshold on continuous audio."""

    threshold: float
    false_reject_rate: float
    fa_per_hour: float


def detection_steps(scores: Floats, config: DecisionConfig, step_samples: int) -> list[int]:
    """The steps at which the app's Decision detects, from scores [S] that are already smoothed.

    A run of steps at or above the threshold gives at most a single detection, because Decision waits for the score to
    fall. The detection comes at the first step at which the run is `patience_steps` long and the refractory time is
    over. A test compares this function with Decision, step by step.
    """
    scores = np.asarray(scores, dtype=np.float64)  # in single precision the threshold would be rounded
    above = np.flatnonzero(scores >= config.threshold)  # few steps of many, so runs are found among them alone
    last = np.flatnonzero(np.diff(above, append=len(scores) + 1) > 1)  # of each run, as a place in `above`
    first = np.concatenate([[0], last[:-1] + 1]) if len(last) else last
    begins, ends = above[first], above[last] + 1  # of runs; the end is after the last step
    long_enough = ends - begins >= config.patience_steps
    refractory_samples = round(config.refractory_s * SAMPLE_RATE)
    detected: list[int] = []
    allowed = 0  # the first step that ends after the refractory time
    for begin, end in zip(begins[long_enough].tolist(), ends[long_enough].tolist(), strict=True):
        step = max(begin + config.patience_steps - 1, allowed)
        if step < end:
            detected.append(step)
            # step k ends at sample (k + 1) * step_samples
            allowed = -(-((step + 1) * step_samples + refractory_samples) // step_samples) - 1
    return detected


def fa_at_frr(curve: list[OperatingPoint], frr: float) -> OperatingPoint | None:
    """The point with the fewest false alarms among the points with at most this false reject rate, or None."""
    return min((p for p in curve if p.false_reject_rate <= frr), key=lambda p: p.fa_per_hour, default=None)


def frr_at_fa(curve: list[OperatingPoint], fa_per_hour: float) -> OperatingPoint | None:
    """The point with the fewest false rejects among the points with at most this rate of false alarms, or None."""
    allowed = (p for p in curve if p.fa_per_hour <= fa_per_hour)
    return min(allowed, key=lambda p: p.false_reject_rate, default=None)


def rounded(value: float) -> float:
    """The value with four significant digits, as it is stored and printed."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
