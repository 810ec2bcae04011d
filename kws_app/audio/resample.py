"""Converts any sample rate to 16 kHz, block by block, and limits samples to values that the frontend can use."""

import numpy as np
import soxr

from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE

LOUDEST = 8.0  # full scale is 1; louder values are faults


class StreamResampler:
    """Converts any rate to 16 kHz, band-limited. The result does not depend on how the sound is cut into blocks."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = None
        if rate_hz != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def process(self, samples: Samples, last: bool = False) -> Samples:
        """samples: [N] float32; returns the samples [M] that are ready at 16 kHz. last: no more samples follow"""
        contiguous = np.ascontiguousarray(samples, dtype=np.float32)
        return contiguous if self._stream is None else self._stream.resample_chunk(contiguous, last=last)


def sane(samples: np.ndarray) -> np.ndarray:
    """Limit samples of any shape, float32, to -LOUDEST..LOUDEST. NaN becomes silence.

    Full scale is 1. Float files and drivers may exceed it, and a value of 1e20 would make every later score NaN.
    """
    # nearly always true, and false if a value is NaN
    if max(samples.max(initial=0.0), -samples.min(initial=0.0)) <= LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -LOUDEST, LOUDEST)
