"""Makes hours of sound without speech for scoring: music-like sound, household noise, hum and silence.

Training uses other formulas (synthetic_noise.py): no network is scored on sound that it has heard. Notes, noises and
drums are made once and then mixed, a thousand times faster than real time. The same seed gives the same sound.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.synthetic_noise import coloured_noise

Sound = NDArray[np.float32]

TUNINGS_HZ = (98.0, 110.0, 123.5)  # the lowest note of a piece
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10))  # major, minor, Dorian
CHORDS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 3), (1, 4, 0, 5))  # progressions, as degrees of the scale
TIMBRES = ("plucked", "organ", "strings", "flute")
NOTE_S = 1.6
NOISE_S = 61  # seconds that are made of each colour
COLOURS = (0.0, 0.5, 1.0, 1.5, 2.0)  # exponents: white to brown


@lru_cache(maxsize=1024)
def _note(timbre: str, tuning: int, semitones: int) -> Sound:
    """One note of NOTE_S seconds at an even level. [N]"""
    t = np.arange(int(NOTE_S * SAMPLE_RATE)) / SAMPLE_RATE
    base_hz = TUNINGS_HZ[tuning] * 2 ** (semitones / 12)
    vibrato = {"strings": 0.004, "flute": 0.006}.get(timbre, 0.0)
    phase = 2 * np.pi * base_hz * (t + vibrato / (2 * np.pi * 5) * np.sin(2 * np.pi * 5 * t))
    harmonics = [k for k in range(1, 13) if k * base_hz < SAMPLE_RATE / 2]
    fall = {"plucked": 1.2, "organ": 0.7, "strings": 1.0, "flute": 2.5}[timbre]
    sound = np.sum([np.sin(k * phase + k) / k**fall for k in harmonics], axis=0)
    attack = {"plucked": 0.004, "organ": 0.02, "strings": 0.15, "flute": 0.06}[timbre]
    shape = np.minimum(1, t / attack) * np.minimum(1, (NOTE_S - t) / 0.1)
    if timbre == "plucked":
        shape = shape * np.exp(-3 * t)
    sound = sound * shape
    return (0.1 * sound / np.sqrt(np.mean(sound**2))).astype(np.float32)


@lru_cache(maxsize=8)
def _drum(name: str) -> Sound:
    """A stroke of a drum. [N]"""
    t = np.arange(int(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(len(name)).standard_normal(len(t))
    if name == "bass":
        sound = np.sin(2 * np.pi * (50 * t + 8 * (1 - np.exp(-20 * t)))) * np.exp(-12 * t)
    elif name == "snare":
        sound = (0.6 * noise + np.sin(2 * np.pi * 190 * t)) * np.exp(-22 * t)
    else:
        sound = np.diff(noise, prepend=0.0) * np.exp(-60 * t)
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


@lru_cache(maxsize=8)
def _noise(colour: float) -> Sound:
    """NOISE_S seconds of noise of a colour, at RMS 0.1. [N]"""
    return coloured_noise(np.random.default_rng(int(colour * 10)), NOISE_S * SAMPLE_RATE, colour)


def _add(sound: Sound, part: Sound, at: int, gain: float) -> None:
    """Add a part to the sound, from sample `at` on. The sound changes in place."""
    end = min(len(sound), at + len(part))
    if at < end:
        sound[at:end] += gain * part[: end - at]


def _stretch(rng: np.random.Generator, count: int) -> Sound:
    """`count` samples of noise of a random colour. The noise repeats if they last longer than NOISE_S. [N]"""
    noise = _noise(float(rng.choice(COLOURS)))
    return np.resize(np.roll(noise[: 60 * SAMPLE_RATE], -int(rng.integers(60 * SAMPLE_RATE))), count)


def music(rng: np.random.Generator, count: int) -> Sound:
    """Chords, often a melody and drums, in a random key and tempo. [N]"""
    sound = np.zeros(count, np.float32)
    tuning, scale, chords = (rng.integers(len(choice)) for choice in (TUNINGS_HZ, SCALES, CHORDS))
    beat = int(60 / rng.uniform(70, 150) * SAMPLE_RATE)
    has_melody, has_drums = rng.random() < 0.8, rng.random() < 0.6
    chord_timbre, lead = rng.choice(TIMBRES, 2)

    def pitch(degree: int) -> int:
        octave, step = divmod(degree, 7)
        return 12 * octave + SCALES[scale][step]

    degree = 10
    for bar, start in enumerate(range(0, count, 4 * beat)):
        root = CHORDS[chords][bar % 4]
        for half in range(2):
            for third in (0, 2, 4):
                note = _note(str(chord_timbre), int(tuning), pitch(root + third))
                _add(sound, note, start + 2 * half * beat, 0.4)
        for eighth in range(8):
            at = start + eighth * beat // 2
            if has_melody and rng.random() < 0.6:
                degree = int(np.clip(degree + rng.integers(-2, 3), 7, 20))
                _add(sound, _note(str(lead), int(tuning), pitch(degree)), at, 0.5)
            if has_drums:
                name = ("bass", "hat", "snare", "hat")[eighth // 2 % 4] if eighth % 2 == 0 else "hat"
                _add(sound, _drum(name), at, float(rng.uniform(0.3, 0.9)))
    return sound * np.float32(10 ** (rng.uniform(-18, 0) / 20))


def household(rng: np.random.Generator, count: int) -> Sound:
    """A running machine, water or a fan, with knocks and rattles. [N]"""
    t = np.arange(count, dtype=np.float32) / SAMPLE_RATE
    sound = _stretch(rng, count) * np.float32(10 ** (rng.uniform(-30, 0) / 20))
    pulse_hz, depth = rng.uniform(0.2, 12), rng.uniform(0, 0.8)
    sound = sound * (1 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * pulse_hz * t))).astype(np.float32)
    if rng.random() < 0.5:  # an engine's drone
        turn_hz = rng.uniform(40, 200)
        for k in range(1, 6):
            sound += np.float32(rng.uniform(0, 0.05) / k) * np.sin(np.float32(2 * np.pi * turn_hz * k) * t + k)
    for _ in range(int(rng.poisson(0.4 * count / SAMPLE_RATE))):
        length = int(rng.uniform(0.01, 0.3) * SAMPLE_RATE)
        burst = _stretch(rng, length) * np.exp(-np.arange(length, dtype=np.float32) / (length / 5))
        if rng.random() < 0.5:  # the knock rings
            burst = burst * np.sin(np.arange(length) * (2 * np.pi * rng.uniform(300, 4000) / SAMPLE_RATE))
        at, gain = int(rng.integers(count)), float(10 ** (rng.uniform(-10, 15) / 20))
        for repeat in range(int(rng.integers(1, 6))):
            _add(sound, burst.astype(np.float32), at + repeat * int(1.2 * length), gain)
    return np.clip(sound, -1, 1)


def quiet(rng: np.random.Generator, count: int) -> Sound:
    """A silent room: faint noise, often mains hum, sometimes exact zeros. [N]"""
    if rng.random() < 0.2:
        return np.zeros(count, np.float32)
    sound = _stretch(rng, count) * np.float32(10 ** (rng.uniform(-65, -30) / 20))
    if rng.random() < 0.7:
        t = np.arange(count, dtype=np.float32) / SAMPLE_RATE
        base_hz, level = rng.choice([50.0, 60.0]), rng.uniform(0.001, 0.05)
        for k in (1, 2, 3, 5, 7):
            strength = np.float32(level * rng.uniform() / k)
            sound += strength * np.sin(np.float32(2 * np.pi * base_hz * k) * t + np.float32(k))
    return sound


GENERATORS = {"music-like": music, "household noise": household, "silence with hum": quiet}


def make_background(kind: str, seconds: float, seed: int) -> Sound:
    """A piece of a kind of sound in GENERATORS. The same seed gives the same piece. [N]"""
    return GENERATORS[kind](np.random.default_rng(seed), int(seconds * SAMPLE_RATE)).astype(np.float32)
