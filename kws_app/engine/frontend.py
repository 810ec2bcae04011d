"""The log-mel frontend in NumPy: turns samples into frames. The frames do not depend on how the samples are cut.

The tail of a stream goes in and comes out. Buffers are kept between calls, so an object belongs to one thread.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.frontend_config import FrontendConfig

Samples = NDArray[np.float32]  # [N]
Frames = NDArray[np.float32]  # [T, F], natural log of mel power

STEP_FRAMES = 16  # frames of a live step at most: its buffers are small and stay in the cache
BLOCK_FRAMES = 256  # frames of long sound that are computed at once: their spectra fit into the second-level cache
MELS_AT_ONCE = 16  # mel bins in a product: a multiple of the size of the processor's registers


def mel_filterbank(config: FrontendConfig) -> NDArray[np.float32]:
    """Triangular filters evenly spaced on the HTK mel scale (Young et al., The HTK Book), unnormalised.

    Single precision, rounded where torch rounds: the models were trained with these very numbers.
    returns: [window // 2 + 1, F] float32
    """
    nyquist, mels = config.sample_rate / 2, config.mel_bins
    highest_mel = np.float32(2595.0 * math.log10(1.0 + nyquist / 700.0))
    bin_hz = np.linspace(0.0, nyquist, config.window_samples // 2 + 1).astype(np.float32)
    n, step = np.arange(mels + 2), float(highest_mel / np.float32(mels + 1))
    from_below, from_above = step * n, float(highest_mel) - step * (mels + 1 - n)
    edges_mel = np.where(n < (mels + 2) // 2, from_below, from_above).astype(np.float32)
    power_of_ten = (10.0 ** (edges_mel / np.float32(2595.0)).astype(np.float64)).astype(np.float32)
    edges_hz = np.float32(700.0) * (power_of_ten - np.float32(1.0))
    width = np.diff(edges_hz)
    slopes = edges_hz[None, :] - bin_hz[:, None]  # [bins, F + 2]
    rising, falling = -slopes[:, :-2] / width[:-1], slopes[:, 2:] / width[1:]
    return np.maximum(np.minimum(rising, falling), np.float32(0.0))


def _bands(filters: NDArray[np.float32]) -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """Cut the filters [bins, F] into parts, without most of the zeros: the bins, mels and matrix of each part."""
    parts = []
    for first in range(0, filters.shape[1], MELS_AT_ONCE):
        mels = slice(first, first + MELS_AT_ONCE)
        used = np.flatnonzero(filters[:, mels].any(axis=1))
        bins = slice(int(used[0]), int(used[-1]) + 1)
        parts.append((bins, mels, np.ascontiguousarray(filters[bins, mels])))
    return parts


class _Buffers:
    """The buffers for up to `frames` frames."""

    def __init__(self, frames: int, config: FrontendConfig) -> None:
        bins = config.window_samples // 2 + 1
        self.windowed = np.empty((frames, config.window_samples), np.float32)
        self.spectrum = np.empty((frames, bins), np.complex64)
        self.parts = self.spectrum.view(np.float32)  # real and imaginary parts in turn
        self.real, self.imaginary = self.parts[:, ::2], self.parts[:, 1::2]
        self.power = np.empty((frames, bins), np.float32)


class LogMel:
    """Natural log of mel power. Frames are not centred, so chunks give the same frames as the whole."""

    def __init__(self, config: FrontendConfig | None = None) -> None:
        config = config or FrontendConfig()
        self.window_samples, self.hop_samples = config.window_samples, config.hop_samples
        self.mel_bins = config.mel_bins
        self._floor = np.full(config.mel_bins, config.power_floor, np.float32)
        turn = 2 * np.pi * np.arange(config.window_samples) / config.window_samples
        self._window = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)  # Hann, periodic
        # `norm="forward"` divides by the length, and the filters multiply by it. Without this factor NumPy works in
        # double precision
        self._filters = _bands(mel_filterbank(config) * np.float32(config.window_samples**2))
        self._step, self._block = _Buffers(STEP_FRAMES, config), _Buffers(BLOCK_FRAMES, config)
        # the samples of a live step, and a view of them as frames, which takes long to make
        self._pending = np.empty((STEP_FRAMES - 1) * config.hop_samples + config.window_samples, np.float32)
        self._framed = self._frames_of(self._pending, STEP_FRAMES)

    def initial_tail(self) -> Samples:
        """The tail at the start of a stream: [0]."""
        return np.zeros(0, np.float32)

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]:
        """The frames that the new samples complete, and the samples that later frames need.

        samples: [N] float32 in [-1, 1], any N
        tail: [fewer than window_samples] as returned before, or `initial_tail`
        returns: log_mel [T, F]; the new tail
        """
        total = len(tail) + len(samples)
        frames = (total - self.window_samples) // self.hop_samples + 1
        if frames <= 0:
            return np.zeros((0, self.mel_bins), np.float32), np.concatenate((tail, samples))
        log_mel = np.empty((frames, self.mel_bins), np.float32)
        if frames <= STEP_FRAMES:
            pending = np.concatenate((tail, samples))
            used = (frames - 1) * self.hop_samples + self.window_samples
            self._pending[:used] = pending[:used]
            self._make(self._framed[:frames], log_mel, self._step)
            return log_mel, pending[frames * self.hop_samples :]
        head = -(-len(tail) // self.hop_samples)  # frames that begin in the tail
        beyond = head * self.hop_samples - len(tail)  # samples before the first frame that begins after the tail
        self._make_all(np.concatenate((tail, samples[: self.window_samples + beyond])), log_mel[:head])
        self._make_all(samples[beyond:], log_mel[head:])
        return log_mel, samples[frames * self.hop_samples - len(tail) :].copy()

    def _make_all(self, samples: Samples, log_mel: Frames) -> None:
        """Fill log_mel [T, F] from the first samples of [N], block by block."""
        framed = self._frames_of(samples, len(log_mel))
        for first in range(0, len(log_mel), BLOCK_FRAMES):
            some = slice(first, first + BLOCK_FRAMES)
            self._make(framed[some], log_mel[some], self._block)

    def _frames_of(self, samples: Samples, frames: int) -> Samples:
        """A view of samples as overlapping frames [T, window]."""
        item = samples.itemsize
        strides = (self.hop_samples * item, item)
        return as_strided(samples, (frames, self.window_samples), strides, writeable=False)

    def _make(self, framed: Samples, log_mel: Frames, buffers: _Buffers) -> None:
        """Fill log_mel [T, F] from frames of samples [T, window]."""
        T = len(log_mel)
        windowed, parts, power = buffers.windowed[:T], buffers.parts[:T], buffers.power[:T]
        np.multiply(framed, self._window, out=windowed)
        np.fft.rfft(windowed, norm="forward", out=buffers.spectrum[:T])  # type: ignore[arg-type]
        np.multiply(parts, parts, out=parts)
        np.add(buffers.real[:T], buffers.imaginary[:T], out=power)
        for bins, mels, filters in self._filters:
            np.matmul(power[:, bins], filters, out=log_mel[:, mels])
        np.maximum(log_mel, self._floor, out=log_mel)
        np.log(log_mel, out=log_mel)
