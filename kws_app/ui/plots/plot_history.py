"""What the plots can show of the last minutes, in rings of fixed size. On the window's thread; no Qt.

Positions are on the session's sample clock. What is handed out is ready to draw: times in seconds before the right edge
of the picture, at most so many points that a screen can show.
"""

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.circular_buffer import CircularBuffer
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.listening.session import ModelScores, SoundChunk

KEPT_S = 300
BIN_SAMPLES = 320  # one min and max each
HOP_SAMPLES = FrontendConfig.hop_samples
MEL_BINS = FrontendConfig.mel_bins
MOST_BINS = 500  # in a picture: their 1,000 points draw at half the cost of all samples
MOST_FRAMES = 1000
LOG_MEL_RANGE = (-9.0, 5.0)  # silence and brightest: from a room's hiss to loud speech
SCORE_LEVELS = 200  # between 0 and 1: more than there are pixels
FIRST_SCORES = 4096  # of a model: five minutes at 12.5 steps a second; room for more is made when it is needed


class ScoreTrack:
    """Step ends and scores of one model over the last KEPT_S; a NaN score is a break in the line."""

    def __init__(self) -> None:
        self._ends = np.zeros(2 * FIRST_SCORES, dtype=np.int64)
        self._scores = np.zeros(2 * FIRST_SCORES, dtype=np.float32)
        self._count = 0

    def add(self, scored: ModelScores) -> None:
        for end, score in zip(scored.step_ends, scored.scores, strict=True):
            if self._count and end - self._ends[self._count - 1] > SAMPLE_RATE // 2:
                self._append(int(end), np.nan)
            self._append(int(end), float(score))

    def _append(self, end: int, score: float) -> None:
        if self._count == len(self._ends):
            self._make_room(end - KEPT_S * SAMPLE_RATE)
        self._ends[self._count] = end
        self._scores[self._count] = score
        self._count += 1

    def _make_room(self, oldest: int) -> None:
        kept = int(np.searchsorted(self._ends, oldest))
        ends, scores = self._ends[kept:], self._scores[kept:]
        room = len(self._ends) * (2 if len(ends) > len(self._ends) // 2 else 1)
        self._ends, self._scores = np.zeros(room, dtype=np.int64), np.zeros(room, dtype=np.float32)
        self._count = len(ends)
        self._ends[: self._count], self._scores[: self._count] = ends, scores

    def between(self, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Those that end in [first, last], as views."""
        ends = self._ends[: self._count]
        part = slice(int(np.searchsorted(ends, first)), int(np.searchsorted(ends, last, side="right")))
        return ends[part], self._scores[part]

    def at(self, sample: int) -> float | None:
        """The score that held at a position; None where there was none."""
        _ends, scores = self.between(sample, sample + SAMPLE_RATE // 4)
        return float(scores[0]) if len(scores) and not np.isnan(scores[0]) else None


class SampleHistory:
    """The samples' envelope, frames, and scores, in circular buffers indexed by absolute position."""

    def __init__(self) -> None:
        self._envelope = CircularBuffer(KEPT_S * SAMPLE_RATE // BIN_SAMPLES, (2,))  # a low and a high for each bin
        self._frames = CircularBuffer(KEPT_S * SAMPLE_RATE // HOP_SAMPLES, (MEL_BINS,), np.uint8)
        self.scores: dict[str, ScoreTrack] = {}  # by model
        self.begin: int | None = None  # the first sample of all
        self.end = 0  # one past the newest sample
        self._frames_end = 0  # one past the newest frame's index
        self._image = self._frames.get(0, 0)  # as last handed out
        self._image_of = (-1, 0)  # its newest frame, and how many it is made of

    @property
    def oldest(self) -> int:
        """The first sample that can still be shown."""
        return max(self.begin or 0, self.end - KEPT_S * SAMPLE_RATE)

    def add(self, chunk: SoundChunk) -> None:
        if len(chunk.samples):
            self._add_samples(chunk.samples, chunk.first_sample)
        if chunk.log_mel is not None and len(chunk.log_mel):
            self._add_frames(chunk.log_mel, chunk.first_frame // HOP_SAMPLES)
        for scored in chunk.scored:
            self.scores.setdefault(scored.model, ScoreTrack()).add(scored)

    def _add_samples(self, samples: NDArray[np.float32], first: int) -> None:
        if self.begin is None:
            self.begin = self.end = first
        size = self._envelope.capacity
        samples, first = samples[-size * BIN_SAMPLES :], first + max(0, len(samples) - size * BIN_SAMPLES)
        end = first + len(samples)
        bins = np.arange(first // BIN_SAMPLES, (end - 1) // BIN_SAMPLES + 1)[-size:]
        first_bin = int(bins[0])
        self._envelope.clear(-(-self.end // BIN_SAMPLES), first_bin)  # nobody heard this
        cuts = np.maximum(bins * BIN_SAMPLES - first, 0)
        extremes = np.stack([np.minimum.reduceat(samples, cuts), np.maximum.reduceat(samples, cuts)], axis=1)
        if first_bin * BIN_SAMPLES < self.end:  # its first samples came before
            low, high = self._envelope.get(first_bin, first_bin + 1)[0]
            extremes[0] = min(extremes[0, 0], low), max(extremes[0, 1], high)
        self._envelope.put(first_bin, extremes)
        self.end = end

    def _add_frames(self, log_mel: NDArray[np.float32], first: int) -> None:
        low, high = LOG_MEL_RANGE
        self._frames.clear(self._frames_end, first)  # nobody heard this
        scaled = np.clip((log_mel - low) * (255 / (high - low)), 0, 255)
        self._frames.put(first, scaled.astype(np.uint8))
        self._frames_end = first + len(log_mel)

    def envelope(self, until: int, span_s: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and values, a low and a high for each stretch, oldest first."""
        group = max(1, span_s * SAMPLE_RATE // BIN_SAMPLES // MOST_BINS)
        count = span_s * SAMPLE_RATE // BIN_SAMPLES // group
        last = -(-until // (BIN_SAMPLES * group))  # of the groups: always cut at the same places, or they would flicker
        firsts = np.arange(last - count, last) * group
        bins = np.minimum(np.arange(firsts[0], last * group), -(-self.end // BIN_SAMPLES) - 1)  # none beyond the newest
        extremes = self._envelope.take(bins).reshape(count, group, 2)
        values = np.stack([extremes[..., 0].min(axis=1), extremes[..., 1].max(axis=1)], axis=1).ravel()
        return np.repeat((firsts * BIN_SAMPLES - until) / SAMPLE_RATE, 2), values

    def image(self, until: int, span_s: int) -> tuple[NDArray[np.uint8], float, float]:
        """Frames [T, F] oldest first; when the first begins, and how long each lasts, in seconds.

        It is the same array again where the frames are the same: they come less often than pictures.
        """
        count = span_s * SAMPLE_RATE // HOP_SAMPLES
        group = max(1, count // MOST_FRAMES)
        newest = min(self._frames_end, -(-until // HOP_SAMPLES))
        last = -(-newest // group) * group
        if (newest, count) != self._image_of:
            numbers = np.arange(last - count, last)
            frames = self._frames.take(numbers)
            frames[numbers >= self._frames_end] = 0
            self._image_of = newest, count
            self._image = frames.reshape(count // group, group, MEL_BINS).max(axis=1) if group > 1 else frames
        first_s = ((last - count) * HOP_SAMPLES - until) / SAMPLE_RATE
        return self._image, first_s, group * HOP_SAMPLES / SAMPLE_RATE

    def curve(self, model: str, until: int, span_s: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and scores, without those that only draw a level line out."""
        track = self.scores.get(model)
        if track is None:
            return np.zeros(0), np.zeros(0, dtype=np.float32)
        ends, scores = track.between(until - (span_s + 1) * SAMPLE_RATE, until)  # the line comes in from the left
        levels = np.rint(scores * SCORE_LEVELS)
        kept = np.ones(len(scores), dtype=bool)
        kept[1:-1] = (levels[1:-1] != levels[:-2]) | (levels[1:-1] != levels[2:])
        return (ends[kept] - until) / SAMPLE_RATE, scores[kept]

    def peak(self, sample: int) -> float | None:
        """The loudest that was heard around a position, as a share of full scale."""
        if not self.oldest <= sample < self.end:
            return None
        low, high = self._envelope.get(sample // BIN_SAMPLES, sample // BIN_SAMPLES + 1)[0]
        return float(max(-low, high))
