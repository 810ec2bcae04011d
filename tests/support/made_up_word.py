"""Words made by code: a buzz through resonances that glide, as a voice's do."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
Audio = NDArray[np.float32]


def voice(*formants_hz: tuple[float, float], length_s: float = 0.5, level: float = 0.3, seed: int = 0) -> Audio:
    """A made-up word: a buzz through two resonances that glide from the first pair to the last."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
    f0 = 120 * (1 + 0.03 * rng.standard_normal())
    at = np.linspace(0, len(formants_hz) - 1, len(t))
    low, high = (np.interp(at, np.arange(len(formants_hz)), [pair[k] for pair in formants_hz]) for k in (0, 1))
    harmonics = np.arange(1, 30)[:, None] * f0
    gains = 1 / (1 + ((harmonics - low) / 120) ** 2) + 0.5 / (1 + ((harmonics - high) / 180) ** 2)
    sound = (gains * np.sin(2 * np.pi * harmonics * t)).sum(axis=0)
    sound *= np.hanning(len(t)) ** 0.3
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def said(word: Audio, before_s: float = 0.5, after_s: float = 0.7, room: float = 1e-4) -> Audio:
    """A recording: the word in a quiet room."""
    rng = np.random.default_rng(7)
    silence = [np.zeros(round(s * RATE_HZ), dtype=np.float32) for s in (before_s, after_s)]
    whole = np.concatenate([silence[0], word, silence[1]])
    return (whole + room * rng.standard_normal(len(whole))).astype(np.float32)


WORD = ((300.0, 2300.0), (700.0, 1200.0), (300.0, 900.0))
OTHER = ((700.0, 1100.0), (350.0, 2000.0), (600.0, 1700.0), (280.0, 2400.0))
