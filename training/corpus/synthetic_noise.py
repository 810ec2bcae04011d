"""Makes noises, hum and music-like tones by formula, for training. No model should hear its word in them."""

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE

Sound = NDArray[np.float32]
KINDS = ("white", "pink", "brown", "hum", "music", "clicks")


def coloured_noise(rng: np.random.Generator, count: int, exponent: float) -> Sound:
    """Noise whose power falls with frequency ** exponent: 0 white, 1 pink, 2 brown. [N], RMS 0.1"""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    bins = np.maximum(np.arange(len(spectrum)), 1)
    sound = np.fft.irfft(spectrum / bins ** (exponent / 2), count)
    return (0.1 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


def hum(rng: np.random.Generator, count: int) -> Sound:
    """Mains hum at 50 or 60 Hz with harmonics of random strength. [N]"""
    t = np.arange(count) / SAMPLE_RATE
    base_hz = rng.choice([50.0, 60.0])
    strengths = rng.uniform(0, 1, 8) / np.arange(1, 9)
    tones = [s * np.sin(2 * np.pi * base_hz * k * t + k) for k, s in enumerate(strengths, start=1)]
    return (0.05 * np.sum(tones, axis=0)).astype(np.float32)


def music(rng: np.random.Generator, count: int) -> Sound:
    """Notes of a pentatonic scale with decaying harmonics, one after another and in chords. [N]"""
    sound = np.zeros(count, dtype=np.float64)
    scale_hz = 110.0 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16, 19, 21, 24, 28]) / 12)
    start = 0
    while start < count:
        length = int(rng.uniform(0.15, 0.9) * SAMPLE_RATE)
        t = np.arange(min(length * 2, count - start)) / SAMPLE_RATE
        for note_hz in rng.choice(scale_hz, size=rng.integers(1, 4), replace=False):
            decay = np.exp(-t * rng.uniform(2, 8))
            tones = [np.sin(2 * np.pi * note_hz * k * t) / k ** rng.uniform(1, 2) for k in range(1, 7)]
            sound[start : start + len(t)] += 0.06 * decay * np.sum(tones, axis=0)
        start += length
    return np.clip(sound, -1, 1).astype(np.float32)


def clicks(rng: np.random.Generator, count: int) -> Sound:
    """Short bursts at random times, like keys and doors. [N]"""
    sound = np.zeros(count, dtype=np.float32)
    for start in rng.integers(0, count, size=max(1, count // 8000)):
        burst = rng.standard_normal(int(rng.integers(40, 1600)))
        burst *= np.exp(-np.arange(len(burst)) / (len(burst) / 5)) * rng.uniform(0.02, 0.5)
        end = min(count, start + len(burst))
        sound[start:end] += burst[: end - start].astype(np.float32)
    return sound


def make_sound(kind: str, seconds: float, seed: int) -> Sound:
    """A sound of a kind in KINDS. The same seed gives the same sound. [N] float32

    raises ValueError for another kind
    """
    rng = np.random.default_rng(seed)
    count = int(seconds * SAMPLE_RATE)
    exponents = {"white": 0.0, "pink": 1.0, "brown": 2.0}
    if kind in exponents:
        return coloured_noise(rng, count, exponents[kind])
    makers = {"hum": hum, "music": music, "clicks": clicks}
    if kind not in makers:
        raise ValueError(f"There is no synthetic sound {kind!r}. The sounds are: {', '.join(KINDS)}.")
    return makers[kind](rng, count)
