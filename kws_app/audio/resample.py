"""Any rate and channel count to 16 kHz mono, block by block; samples that the frontend can bear."""

import numpy as np
import soxr

from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE

LOUDEST = 8.0  # full scale is 1


class StreamResampler:
    """Any rate and channel count to 16 kHz mono, block by block, band-limited; blocks join without a seam."""

    def __init__(self, rate_hz: int) -> None:
        self._stream = None
        if rate_hz != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate_hz, SAMPLE_RATE, 1, dtype="float32", quality="HQ")

    def process(self, samples: np.ndarray, last: bool = False) -> Samples:
        """samples: [N] or [N, channels] float32; returns the mono samples [M] that are ready at 16 kHz"""
        mono = samples.mean(axis=1, dtype=np.float32) if samples.ndim == 2 else samples
        if self._stream is None:
            return np.ascontiguousarray(mono, dtype=np.float32)
        return self._stream.resample_chunk(np.ascontiguousarray(mono, dtype=np.float32), last=last)


def sane(samples: np.ndarray) -> np.ndarray:
    """Samples that the frontend can bear: NaN is silence, the infinite and the absurd are cut off. Any shape, float32.

    Full scale is 1; float files and drivers may go beyond it, and a value of 1e20 would make every later score NaN.
    """
    if max(samples.max(initial=0.0), -samples.min(initial=0.0)) <= LOUDEST:  # as good as always; false where one is NaN
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -LOUDEST, LOUDEST)
