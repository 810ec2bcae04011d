"""The chime after a detection: two soft bell tones, computed by a formula."""

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE

TONES_HZ = (659.26, 987.77)  # E5, then B5: a fifth up
ONSET_S = 0.09  # from the first tone to the second
LENGTH_S = 0.45
PEAK = 0.25  # easy to notice, but not loud


def chime() -> NDArray[np.float32]:
    """The sound: samples [N] float32 at 16 kHz, with peak PEAK. It begins and ends in silence."""
    samples = np.zeros(round(LENGTH_S * SAMPLE_RATE))
    for i, tone_hz in enumerate(TONES_HZ):
        start = round(i * ONSET_S * SAMPLE_RATE)
        t = np.arange(len(samples) - start) / SAMPLE_RATE
        fade = np.minimum(t / 0.004, 1.0) * np.exp(-t / 0.09)
        partials = np.sin(2 * np.pi * tone_hz * t) + 0.3 * np.sin(2 * np.pi * 2.76 * tone_hz * t) * np.exp(-t / 0.03)
        samples[start:] += fade * partials
    end = round(0.02 * SAMPLE_RATE)
    samples[-end:] *= np.linspace(1.0, 0.0, end)
    return (PEAK * samples / np.abs(samples).max()).astype(np.float32)
