"""The chime: short, soft, from silence to silence."""

import numpy as np

from kws_app.actions.chime import PEAK, TONES_HZ, chime
from kws_app.engine.frontend_config import SAMPLE_RATE


def test_it_is_short_soft_and_without_a_click():
    samples = chime()
    assert samples.dtype == np.float32 and 0.2 < len(samples) / SAMPLE_RATE < 1.0
    assert np.abs(samples).max() == np.float32(PEAK)
    assert abs(samples[0]) < 1e-3 and abs(samples[-1]) < 1e-3
    assert np.abs(np.diff(samples)).max() < 0.15


def test_both_tones_are_in_it():
    spectrum = np.abs(np.fft.rfft(chime()))
    hz = np.fft.rfftfreq(len(chime()), 1 / SAMPLE_RATE)
    for tone in TONES_HZ:
        near = spectrum[np.abs(hz - tone) < 15].max()
        assert near > 10 * np.median(spectrum[hz < 2000])
