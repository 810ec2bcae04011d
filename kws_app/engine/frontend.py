"""Log-mel frontend in NumPy: samples in, frames out, the same frames in any chunking.

The tail of a stream goes in and comes out. Buffers are kept between calls, so an object belongs to one thread.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.frontend_config import FrontendConfig

Samples = NDArray[np.float32]  # [N]
Frames = NDArray[np.float32]  # [T, F], natural log of mel power

STEP_FRAMES = 16  # the buffers for a live step stay small and warm
BLOCK_FRAMES = 128  # of a long stretch at once: its spectra fit the second-level cache


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


class _Buffers:
    """Where up to `frames` frames are made."""

    def __init__(self, frames: int, config: FrontendConfig) -> None:
        self.samples = np.empty((frames - 1) * config.hop_samples + config.window_samples, np.float32)
        item = self.samples.itemsize
        self.framed = as_strided(
            self.samples, (frames, config.window_samples), (config.hop_samples * item, item), writeable=False
        )
        self.windowed = np.empty((frames, config.window_samples), np.float32)
        self.spectrum = np.empty((frames, config.window_samples // 2 + 1), np.complex64)
        self.parts = self.spectrum.view(np.float32)  # real and imaginary parts in turn


class LogMel:
    """Natural log of mel power, framed without centring so that chunks and wholes give the same frames."""

    def __init__(self, config: FrontendConfig | None = None) -> None:
        config = config or FrontendConfig()
        self.window_samples, self.hop_samples = config.window_samples, config.hop_samples
        self.mel_bins = config.mel_bins
        self._floor = np.float32(config.power_floor)
        turn = 2 * np.pi * np.arange(config.window_samples) / config.window_samples
        self._window = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)  # Hann, periodic
        self._filters = np.repeat(mel_filterbank(config), 2, axis=0)  # adds the two parts of a bin up as well
        self._step, self._block = _Buffers(STEP_FRAMES, config), _Buffers(BLOCK_FRAMES, config)

    def initial_tail(self) -> Samples:
        """The tail of a stream that has heard nothing: [0]."""
        return np.zeros(0, np.float32)

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]:
        """Frames that the new samples complete, and the samples that later frames still need.

        samples: [N] float32 in [-1, 1], any N
        tail: [fewer than window_samples] as returned before, or `initial_tail`
        returns: log_mel [T, F]; the new tail
        """
        pending = np.concatenate((tail, samples))
        frames = (len(pending) - self.window_samples) // self.hop_samples + 1
        if frames <= 0:
            return np.zeros((0, self.mel_bins), np.float32), pending
        log_mel = np.empty((frames, self.mel_bins), np.float32)
        for first in range(0, frames, BLOCK_FRAMES):
            self._make(pending[first * self.hop_samples :], log_mel[first : first + BLOCK_FRAMES])
        return log_mel, pending[frames * self.hop_samples :]

    def _make(self, samples: Samples, log_mel: Frames) -> None:
        """Fill log_mel [T, F] with the first T frames of the samples, T at most BLOCK_FRAMES."""
        T = len(log_mel)
        buffers = self._step if T <= STEP_FRAMES else self._block
        needed = (T - 1) * self.hop_samples + self.window_samples
        buffers.samples[:needed] = samples[:needed]
        windowed, parts = buffers.windowed[:T], buffers.parts[:T]
        np.multiply(buffers.framed[:T], self._window, out=windowed)
        np.fft.rfft(windowed, out=buffers.spectrum[:T])  # type: ignore[arg-type]  # single precision, which it takes
        np.multiply(parts, parts, out=parts)
        np.dot(parts, self._filters, out=log_mel)
        np.maximum(log_mel, self._floor, out=log_mel)
        np.log(log_mel, out=log_mel)
