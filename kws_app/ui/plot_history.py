"""What the plots show of the last seconds, as arrays ready to draw. On the window's thread; no Qt."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from kws_app.frontend_config import SAMPLE_RATE
from kws_app.session import Heard, Scored

SECONDS = 10
BIN_SAMPLES = 320  # one min and max each: 2 x 500 points draw at half the cost of all samples
HOP_SAMPLES = 160
MEL_BINS = 40
LOG_MEL_RANGE = (-9.0, 5.0)  # silence and brightest: from a room's hiss to loud speech


class SampleHistory:
    """What the plots show, in rings indexed by absolute position: the samples' envelope, frames, and scores."""

    def __init__(self) -> None:
        self._samples = np.zeros(SECONDS * SAMPLE_RATE, dtype=np.float32)
        bins = len(self._samples) // BIN_SAMPLES
        self._low = np.zeros(bins, dtype=np.float32)
        self._high = np.zeros(bins, dtype=np.float32)
        self._frames = np.zeros((SECONDS * SAMPLE_RATE // HOP_SAMPLES, MEL_BINS), dtype=np.uint8)
        # by model: (step end, score); a NaN score is a break in the line
        self.scores: dict[str, deque[tuple[int, float]]] = {}
        self.end = 0  # one past the newest sample
        self._frames_end = 0  # one past the newest frame's index

    def add(self, heard: Heard) -> None:
        self._add_samples(heard.samples, heard.first_sample)
        if heard.log_mel is not None:
            self._add_frames(heard.log_mel, heard.first_frame // HOP_SAMPLES)
        for scored in heard.scored:
            self._add_scores(scored)
        for points in self.scores.values():
            while points and points[0][0] < self.end - SECONDS * SAMPLE_RATE:
                points.popleft()

    def _add_scores(self, scored: Scored) -> None:
        points = self.scores.setdefault(scored.model, deque())
        for end, score in zip(scored.step_ends, scored.scores, strict=True):
            if points and end - points[-1][0] > SAMPLE_RATE // 2:
                points.append((int(end), float("nan")))
            points.append((int(end), float(score)))

    def _add_samples(self, samples: NDArray[np.float32], first: int) -> None:
        size = len(self._samples)
        samples, first = samples[-size:], first + max(0, len(samples) - size)
        end = first + len(samples)
        gap_start = max(self.end, first - size)
        self._samples[np.arange(gap_start, first) % size] = 0.0  # nobody heard this
        self._samples[np.arange(first, end) % size] = samples
        bin_end = -(-end // BIN_SAMPLES) * BIN_SAMPLES
        self._samples[np.arange(end, bin_end) % size] = 0.0  # was there ten seconds ago
        changed = np.arange(min(gap_start, first) // BIN_SAMPLES, bin_end // BIN_SAMPLES) % len(self._low)
        columns = self._samples.reshape(-1, BIN_SAMPLES)[changed]
        self._low[changed] = columns.min(axis=1)
        self._high[changed] = columns.max(axis=1)
        self.end = end

    def _add_frames(self, log_mel: NDArray[np.float32], first: int) -> None:
        size = len(self._frames)
        log_mel, first = log_mel[-size:], first + max(0, len(log_mel) - size)
        low, high = LOG_MEL_RANGE
        self._frames[np.arange(max(self._frames_end, first - size), first) % size] = 0
        scaled = np.clip((log_mel - low) * (255 / (high - low)), 0, 255)
        self._frames[np.arange(first, first + len(log_mel)) % size] = scaled.astype(np.uint8)
        if len(log_mel):
            self._frames_end = first + len(log_mel)

    def envelope(self) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times in seconds before now and values, a low and a high for each bin, oldest first."""
        last = -(-self.end // BIN_SAMPLES)
        bins = np.arange(last - len(self._low), last)
        index = bins % len(self._low)
        values = np.stack([self._low[index], self._high[index]], axis=1).ravel()
        times = np.repeat((bins * BIN_SAMPLES - self.end) / SAMPLE_RATE, 2)
        return times, values

    def image(self) -> tuple[NDArray[np.uint8], float]:
        """Frames [T, F] oldest first, and the time in seconds before now at which the first begins."""
        at = self._frames_end % len(self._frames)
        first = (self._frames_end - len(self._frames)) * HOP_SAMPLES
        return np.concatenate([self._frames[at:], self._frames[:at]]), (first - self.end) / SAMPLE_RATE

    def curve(self, model: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Times in seconds before now and scores."""
        points = np.array(self.scores.get(model, ()), dtype=np.float64).reshape(-1, 2)
        return (points[:, 0] - self.end) / SAMPLE_RATE, points[:, 1]
