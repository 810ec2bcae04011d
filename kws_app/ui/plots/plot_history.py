"""The last minutes of sound, frames and scores for the plots, in buffers of fixed size. On the window's thread; no Qt.

Positions are sample indices of the session. The results are ready to draw: times are in seconds before the right edge
of the picture, and there are no more points than a screen can show.
"""

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.circular_buffer import CircularBuffer
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.listening.session import ModelScores, SoundChunk

KEPT_S = 300
BIN_SAMPLES = 320  # a bin holds the lowest and the highest of so many samples
HOP_SAMPLES = FrontendConfig.hop_samples
MEL_BINS = FrontendConfig.mel_bins
MOST_BINS = 500  # bins in a picture: their 1,000 points draw at half the cost of all samples
MOST_FRAMES = 1000  # frames in a picture
LOG_MEL_RANGE = (-9.0, 5.0)  # darkest and brightest value: from the hiss of a room to loud speech
SCORE_LEVELS = 200  # different scores in a curve: more than the plot has pixels
FIRST_SCORES = 4096  # first room for a model's scores: five minutes at 12.5 steps a second; it grows when needed


class ScoreTrack:
    """The step ends and scores of one model in the last KEPT_S. A NaN score breaks the line."""

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
        """The steps that end in [first, last]: views of their ends and scores."""
        ends = self._ends[: self._count]
        part = slice(int(np.searchsorted(ends, first)), int(np.searchsorted(ends, last, side="right")))
        return ends[part], self._scores[part]

    def at(self, sample: int) -> float | None:
        """The score of the step at a sample; None without a score."""
        _ends, scores = self.between(sample, sample + SAMPLE_RATE // 4)
        return float(scores[0]) if len(scores) and not np.isnan(scores[0]) else None


class SampleHistory:
    """The envelope of the samples, the frames and the scores, by sample index. The oldest data are overwritten."""

    def __init__(self) -> None:
        self._envelope = CircularBuffer(KEPT_S * SAMPLE_RATE // BIN_SAMPLES, (2,))  # a low and a high for each bin
        self._frames = CircularBuffer(KEPT_S * SAMPLE_RATE // HOP_SAMPLES, (MEL_BINS,), np.uint8)
        self.scores: dict[str, ScoreTrack] = {}  # by model
        self.begin: int | None = None  # the first sample of the source
        self.end = 0  # one past the newest sample
        self._frames_end = 0  # one past the index of the newest frame
        self._image = self._frames.get(0, 0)  # the last result of `image`
        self._image_of = (-1, 0)  # the newest frame in that result, and its number of frames

    @property
    def oldest(self) -> int:
        """The first sample that is still kept."""
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
        self._envelope.clear(-(-self.end // BIN_SAMPLES), first_bin)  # lost sound
        cuts = np.maximum(bins * BIN_SAMPLES - first, 0)
        extremes = np.stack([np.minimum.reduceat(samples, cuts), np.maximum.reduceat(samples, cuts)], axis=1)
        if first_bin * BIN_SAMPLES < self.end:  # an earlier chunk holds the first samples of this bin
            low, high = self._envelope.get(first_bin, first_bin + 1)[0]
            extremes[0] = min(extremes[0, 0], low), max(extremes[0, 1], high)
        self._envelope.put(first_bin, extremes)
        self.end = end

    def _add_frames(self, log_mel: NDArray[np.float32], first: int) -> None:
        low, high = LOG_MEL_RANGE
        self._frames.clear(self._frames_end, first)  # lost sound
        scaled = np.clip((log_mel - low) * (255 / (high - low)), 0, 255)
        self._frames.put(first, scaled.astype(np.uint8))
        self._frames_end = first + len(log_mel)

    def envelope(self, until: int, span_s: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Times and values [N], oldest first: the lowest and the highest value in turn."""
        group = max(1, span_s * SAMPLE_RATE // BIN_SAMPLES // MOST_BINS)
        count = span_s * SAMPLE_RATE // BIN_SAMPLES // group
        last = -(-until // (BIN_SAMPLES * group))  # groups begin at fixed samples, or the curve would flicker
        firsts = np.arange(last - count, last) * group
        bins = np.minimum(
            np.arange(firsts[0], last * group), -(-self.end // BIN_SAMPLES) - 1
        )  # no bin after the newest
        extremes = self._envelope.take(bins).reshape(count, group, 2)
        values = np.stack([extremes[..., 0].min(axis=1), extremes[..., 1].max(axis=1)], axis=1).ravel()
        return np.repeat((firsts * BIN_SAMPLES - until) / SAMPLE_RATE, 2), values

    def image(self, until: int, span_s: int) -> tuple[NDArray[np.uint8], float, float]:
        """Frames [T, F], oldest first; the time at which the first frame begins; the length of a frame, in seconds.

        Frames come less often than pictures. Without a new frame the result is the same array object as before.
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
        """Times and scores [N], without points in the middle of a level line."""
        track = self.scores.get(model)
        if track is None:
            return np.zeros(0), np.zeros(0, dtype=np.float32)
        ends, scores = track.between(
            until - (span_s + 1) * SAMPLE_RATE, until
        )  # one second more, so that the line begins left of the picture
        levels = np.rint(scores * SCORE_LEVELS)
        kept = np.ones(len(scores), dtype=bool)
        kept[1:-1] = (levels[1:-1] != levels[:-2]) | (levels[1:-1] != levels[2:])
        return (ends[kept] - until) / SAMPLE_RATE, scores[kept]

    def peak(self, sample: int) -> float | None:
        """The highest amplitude around a sample, 0..1; None if the sample is not kept."""
        if not self.oldest <= sample < self.end:
            return None
        low, high = self._envelope.get(sample // BIN_SAMPLES, sample // BIN_SAMPLES + 1)[0]
        return float(max(-low, high))
