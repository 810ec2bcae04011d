"""The frames of an `expert`: 32 mel bands for the speech embedding, beside the 40 mel bins of the usual frontend.

Both look through the same window at the same samples, so a frame of the one is a frame of the other, and a stream
needs one tail. Buffers are kept between calls: an object belongs to one thread.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.frontend import Frames, Samples
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.speech_body import BANDS

if TYPE_CHECKING:
    from kws_app.engine.backends import Frontend

FFT_SAMPLES = 512  # the window of 400 samples, with zeros after it
LOWEST_HZ, HIGHEST_HZ = 60.0, 3800.0
POWER_FLOOR = 1e-10
FULL_SCALE = 32768.0  # the embedding was trained on samples with the scale of 16 bits
BLOCK_FRAMES = 128  # frames that are computed at once
_LINEAR_HZ, _HZ_A_MEL, _LOG_STEP = 1000.0, 200.0 / 3, np.log(6.4) / 27  # of Slaney's mel scale


def speech_filterbank(config: FrontendConfig) -> NDArray[np.float32]:
    """Triangles evenly spaced on Slaney's mel scale, each of area one (Slaney 1998, Auditory Toolbox).

    returns: [FFT_SAMPLES // 2 + 1, BANDS] float32
    """
    edges_hz = _hz(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2))
    bin_hz = np.linspace(0.0, config.sample_rate / 2, FFT_SAMPLES // 2 + 1)
    slopes = edges_hz[None, :] - bin_hz[:, None]  # [bins, BANDS + 2]
    width = np.diff(edges_hz)
    rising, falling = -slopes[:, :-2] / width[:-1], slopes[:, 2:] / width[1:]
    triangles = np.maximum(np.minimum(rising, falling), 0.0)
    return (triangles * 2.0 / (edges_hz[2:] - edges_hz[:-2])).astype(np.float32)


def _mel(hz: float) -> float:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above."""
    if hz < _LINEAR_HZ:
        return hz / _HZ_A_MEL
    return float(_LINEAR_HZ / _HZ_A_MEL + np.log(hz / _LINEAR_HZ) / _LOG_STEP)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    first = _LINEAR_HZ / _HZ_A_MEL  # the mel of 1 kHz
    return np.where(mel < first, mel * _HZ_A_MEL, _LINEAR_HZ * np.exp(_LOG_STEP * (mel - first)))


class SpeechBands:
    """The power in each of the 32 bands in dB, for samples with the scale of 16 bits."""

    def __init__(self, config: FrontendConfig | None = None) -> None:
        config = config or FrontendConfig()
        self.window_samples, self.hop_samples = config.window_samples, config.hop_samples
        turn = 2 * np.pi * np.arange(config.window_samples) / config.window_samples
        self._window = ((0.5 - 0.5 * np.cos(turn)) * FULL_SCALE).astype(np.float32)  # Hann, periodic
        # each filter twice: the product also adds the two parts of a bin. frontend.py explains the factor
        self._filters = np.repeat(speech_filterbank(config) * np.float32(FFT_SAMPLES**2), 2, axis=0)
        self._windowed = np.zeros((BLOCK_FRAMES, FFT_SAMPLES), np.float32)
        self._spectrum = np.empty((BLOCK_FRAMES, FFT_SAMPLES // 2 + 1), np.complex64)
        self._parts = self._spectrum.view(np.float32)  # real and imaginary parts in turn

    def __call__(self, samples: Samples, frames: int) -> Frames:
        """The first T frames [T, 32] of samples [N] in [-1, 1]; N >= (T - 1) * hop_samples + window_samples."""
        bands = np.empty((frames, BANDS), np.float32)
        item = samples.itemsize
        for first in range(0, frames, BLOCK_FRAMES):
            block = bands[first : first + BLOCK_FRAMES]
            T = len(block)
            framed = as_strided(
                samples[first * self.hop_samples :],
                (T, self.window_samples),
                (self.hop_samples * item, item),
                writeable=False,
            )
            windowed, parts = self._windowed[:T], self._parts[:T]
            np.multiply(framed, self._window, out=windowed[:, : self.window_samples])
            np.fft.rfft(windowed, norm="forward", out=self._spectrum[:T])  # type: ignore[arg-type]
            np.multiply(parts, parts, out=parts)
            np.dot(parts, self._filters, out=block)
            np.maximum(block, np.float32(POWER_FLOOR), out=block)
            np.log(block, out=block)
            np.multiply(block, np.float32(10.0 / np.log(10.0)), out=block)
        return bands


class SpeechFrontend:
    """A frontend with the 40 mel bins and the 32 bands in each frame: [T, 40 + 32]."""

    def __init__(self, own: "Frontend") -> None:
        """own: an engine's frontend, which makes the first 40 columns"""
        self._own = own
        self._bands = SpeechBands()
        self.hop_samples = own.hop_samples
        self.mel_bins = own.mel_bins + BANDS

    def initial_tail(self) -> Samples:
        return self._own.initial_tail()

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]:
        log_mel, rest = self._own(samples, tail)
        pending = np.concatenate((tail, samples))
        return np.concatenate((log_mel, self._bands(pending, len(log_mel))), axis=1), rest
