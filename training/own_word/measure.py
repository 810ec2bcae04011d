"""Measures heads on talk and on takes that they have not heard: peaks, a threshold, and a curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kws_app.detection.intervals import poisson_limit
from training.evaluate.metrics import ALLOWED_AN_HOUR, SURE
from training.own_word.heads import Head, margins
from training.own_word.sequences import Sequences
from training.own_word.talk_embeddings import STEP_S, Talk, TalkStream

REFRACTORY_S = 1.0  # seconds between two detections
PATIENCE_STEPS = 3  # steps in a row that an expert of one's own word must hear the word: talk seldom lasts so long
TAIL_PEAKS = 10  # highest peaks of the talk, which tell how fast the rate falls
KEPT_BACK_BELOW = 0.05  # this share of the kept-back sounds may score below the threshold; most are in noise and rooms
MOST_PEAKS = 200  # of a stream; lower peaks lie below every useful threshold

Floats = NDArray[np.float64]
Float = TypeVar("Float", bound=np.floating[Any])


def mean_margins(heads: Sequence[Head], scaled: NDArray[np.float32]) -> Floats:
    """The word's margin at each step from the first full window on. Scaled embeddings [S, 96] -> [S - W + 1]"""
    stream = torch.from_numpy(np.ascontiguousarray(scaled))
    return np.mean([margins(head, stream).numpy().astype(np.float64) for head in heads], axis=0)


def lasting(found: NDArray[Float], patience_steps: int) -> NDArray[Float]:
    """The margin that a run of so many steps keeps, at each step that ends a run. [..., S] -> [..., S - patience + 1]

    It is above a threshold where a decision with this patience detects.
    """
    return sliding_window_view(found, patience_steps, axis=-1).min(axis=-1)


def peaks_of(found: Floats, step_s: float = STEP_S) -> Floats:
    """The highest margins, the highest first. No two of them lie within the refractory time."""
    gap = round(REFRACTORY_S / step_s)
    taken = np.zeros(len(found) + 2 * gap, bool)
    peaks: list[float] = []
    for at in np.argsort(-found, kind="stable")[: 50 * MOST_PEAKS]:
        if not taken[at + gap]:
            taken[at : at + 2 * gap + 1] = True
            peaks.append(float(found[at]))
            if len(peaks) == MOST_PEAKS:
                break
    return np.array(peaks)


def talk_peaks(
    heads: Sequence[Head], talk: Talk, streams: Sequence[TalkStream], patience_steps: int = PATIENCE_STEPS
) -> Floats:
    """The peaks of all streams, the highest first."""
    long_enough = [talk.scaled(stream.embeddings) for stream in streams if len(stream.embeddings) > 40]
    found = [peaks_of(lasting(mean_margins(heads, scaled), patience_steps)) for scaled in long_enough]
    return -np.sort(-np.concatenate(found)) if found else np.zeros(0)


def word_peaks(heads: Sequence[Head], talk: Talk, sequences: Sequences, patience_steps: int = PATIENCE_STEPS) -> Floats:
    """The highest margin in each sequence of the word. [N]"""
    width = heads[0].config.window_steps
    scaled = talk.scaled(sequences.embeddings)  # [N, T, 96]
    padded = np.concatenate([np.repeat(scaled[:, :1], width - 1, axis=1), scaled], axis=1)
    return np.array([lasting(mean_margins(heads, row), patience_steps).max() for row in padded])


@dataclass(frozen=True)
class Measured:
    """The peaks of talk and of the word, both of which the heads had not heard."""

    talk: Floats  # the highest first
    hours: float  # of that talk
    word: Floats  # peaks of voices, and after them peaks of the user's own recordings
    recorded: int = 0  # how many peaks of `word` come from the user's own recordings

    def missed_of_others(self, threshold: float) -> int:
        """The number of the voices' peaks below the threshold."""
        return int((self.word[: len(self.word) - self.recorded] < threshold).sum())

    def rates(self, threshold: float) -> list[tuple[float, float]]:
        """False alarms an hour and the share of misses, at thresholds around a threshold."""
        margins_at = [threshold + offset for offset in np.arange(-6.0, 6.01, 0.5)]
        words = max(1, len(self.word))
        return [(self.alarms(margin) / self.hours, self.missed(margin) / words) for margin in margins_at]

    def alarms(self, threshold: float) -> int:
        return int((self.talk >= threshold).sum())

    def missed(self, threshold: float) -> int:
        return int((self.word < threshold).sum())

    def threshold_for(self, fa_per_hour: float) -> float:
        """The lowest margin with at most this rate of false alarms. It lies a little above a peak of talk."""
        allowed = int(fa_per_hour * self.hours)
        return float(self.talk[allowed]) + 0.01 if allowed < len(self.talk) else float(self.talk.min(initial=0.0))

    def threshold_below(self, fa_per_hour: float) -> float:
        """The lowest margin at which even the upper limit of the rate is at most so many false alarms an hour.

        The limit is one-sided, of a Poisson count, at the confidence SURE. Where the talk is too short for that even
        without an alarm, the threshold lies beyond the highest peak. The rate is taken to fall there exponentially, as
        it falls over the highest peaks, and is followed for half of a factor e at most.
        """
        if not len(self.talk):
            return 0.0
        count = 0
        while count < len(self.talk) and poisson_limit(count, self.hours, SURE) <= fa_per_hour:
            count += 1  # so many alarms may be heard, less one
        if count:
            return float(self.talk[count - 1]) + 0.01
        tail = self.talk[: TAIL_PEAKS + 1]
        fall = float((tail[:-1] - tail[-1]).mean()) if len(tail) > 1 else 0.0  # margin in which the rate falls by e
        above = float(np.log(poisson_limit(0, self.hours, SURE) / fa_per_hour))  # in factors of e
        return float(tail[0]) + max(0.01, fall * min(0.5, above))

    def curve(self, margins_at: Sequence[float]) -> list[tuple[float, int, int]]:
        """Threshold as a margin, words missed, false alarms."""
        return [(margin, self.missed(margin), self.alarms(margin)) for margin in margins_at]


def recommended_threshold(measured: Measured, recorded: bool = True) -> float:
    """A threshold with few false alarms that hears nearly all kept-back sounds of the word. A margin.

    Even the upper limit of its false alarms on the talk is half an alarm an hour. If nearly all kept-back sounds score
    higher, the threshold rises up to them: other kinds of talk give more false alarms than the few hours measured here.
    If no sound was recorded, the threshold rises only half of that way: people's words score lower than the words of
    voices.
    """
    lowest = measured.threshold_below(ALLOWED_AN_HOUR)
    if not len(measured.word):
        return lowest
    higher = max(lowest, float(np.quantile(measured.word, KEPT_BACK_BELOW)))
    return higher if recorded else (lowest + higher) / 2
