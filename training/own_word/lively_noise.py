"""Makes lively noise by formula: songs, babble, cafes, traffic, machines, weather and chirps.

Real noises change over time, and the noises of `synthetic_noise.py` hardly do. An expert that heard lively noise misses
less in real noise (training/EXPERIMENTS.md).
"""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.synthetic_noise import coloured_noise

Sound = NDArray[np.float32]
Floats = NDArray[np.float64]

NOISE_S = 12.0  # seconds of each noise
SAMPLES = round(NOISE_S * SAMPLE_RATE)
HIGHEST_HZ = 7500.0  # of a tone
LEVEL = 0.1  # RMS of a noise
SEED = 17
SONGS = 24
BABBLES, CAFES = 8, 8
SCALES = ([0, 2, 3, 5, 7, 8, 10], [0, 2, 4, 5, 7, 9, 11])  # semitones of minor and major


def lively_noises(speech: Sequence[Sound], seed: int = 0) -> list[Sound]:
    """Noises of NOISE_S seconds. The same speech and seed give the same noises.

    speech: for babble and cafes, in which people talk; without it there are no such noises
    """
    found = list(_noises_by_formula(seed))
    rng = np.random.default_rng([SEED, seed, 1])
    if speech:
        found += [_at_level(babble(rng, SAMPLES, speech)) for _ in range(BABBLES)]
        found += [_at_level(cafe(rng, SAMPLES, speech)) for _ in range(CAFES)]
    return found


@cache
def _noises_by_formula(seed: int) -> tuple[Sound, ...]:
    rng = np.random.default_rng([SEED, seed, 0])
    makers = [Song(rng, SAMPLES).play for _ in range(SONGS)]
    for maker, count in ((traffic, 8), (machine, 8), (weather, 10), (chirps, 6)):
        makers += [partial(maker, rng, SAMPLES)] * count
    return tuple(_at_level(make()) for make in makers)


def _at_level(sound: Floats) -> Sound:
    return (sound * (LEVEL / _rms(sound))).astype(np.float32)


def _rms(sound: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.square(sound).mean() + 1e-12))


def _gain(db: float | Floats) -> Floats:
    return np.asarray(10 ** (np.asarray(db) / 20), np.float64)


def _wandering(rng: np.random.Generator, count: int, hz: float, depth_db: float) -> Floats:
    """A gain [count] that wanders between 0 and -depth_db, with a new aim `hz` times a second."""
    points = max(4, int(count / SAMPLE_RATE * hz) + 3)
    return _gain(np.interp(np.arange(count), np.linspace(0, count, points), rng.uniform(-depth_db, 0, points)))


def _band(sound: Floats, low_hz: float, high_hz: float) -> Floats:
    passed = butter(2, [low_hz, min(high_hz, 7600.0)], "band", fs=SAMPLE_RATE, output="sos")
    return np.asarray(sosfilt(passed, sound), np.float64)


def _noise_in_band(rng: np.random.Generator, count: int, low_hz: float, high_hz: float) -> Floats:
    """Noise in a band. [count], RMS 1"""
    sound = _band(rng.standard_normal(count), low_hz, high_hz)
    return sound / _rms(sound)


def _coloured(rng: np.random.Generator, count: int, exponent: float) -> Floats:
    """Coloured noise. [count], RMS 1"""
    return 10.0 * coloured_noise(rng, count, exponent).astype(np.float64)


class Song:
    """A song of chords, a bass, a melody and drums, at a steady beat."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self._rng, self._sound = rng, np.zeros(count)
        self._beat_s = 60 / rng.uniform(65, 170)
        self._root_hz = 55.0 * 2 ** (rng.integers(0, 12) / 12)
        self._scale = SCALES[int(rng.integers(2))]
        self._levels = rng.uniform(0.2, 1.0, 3)  # of chords, bass and melody
        self._drums = rng.uniform(0.3, 1.2)  # louder than a half: there are drums
        self._slopes = rng.uniform(0.6, 2.2, 3)  # how fast the harmonics of a voice fall
        self._attacks_s = rng.choice([0.005, 0.02, 0.15], 3)
        self._decays = rng.uniform(0.3, 6, 3)  # a second
        self._vibrato = rng.uniform(0, 0.006)  # share of the pitch

    def play(self) -> Floats:
        rng, beat_s = self._rng, self._beat_s
        chord = [0, 2, 4]
        for beat in range(int(len(self._sound) / SAMPLE_RATE / beat_s) + 1):
            at_s = beat * beat_s
            if beat % 4 == 0:
                degree = int(rng.integers(0, 7))
                chord = [self._scale[(degree + step) % 7] + 12 * ((degree + step) // 7) for step in (0, 2, 4)]
                for semitones in chord:
                    self._note(at_s, 24 + semitones, 4 * beat_s, 0, 0.25)
            if beat % 2 == 0:
                self._note(at_s, chord[0] + 12 * int(rng.integers(2)), 1.5 * beat_s, 1, 0.6)
            for half_s in (0.0, beat_s / 2):
                if rng.random() < 0.6:
                    semitones = 36 + self._scale[int(rng.integers(7))]
                    self._note(at_s + half_s, semitones, beat_s * rng.choice([0.5, 1, 2]), 2, 0.35)
                if self._drums > 0.5:
                    self._hit(at_s + half_s, is_bass=half_s == 0 and beat % 2 == 0)
        if rng.random() < 0.5:  # a loud song is distorted
            return np.tanh(self._sound / _rms(self._sound) * rng.uniform(0.5, 2))
        return self._sound

    def _note(self, at_s: float, semitones: int, length_s: float, voice: int, level: float) -> None:
        first, hz = int(at_s * SAMPLE_RATE), self._root_hz * 2 ** (semitones / 12)
        t = np.arange(max(0, min(int((length_s + 0.3) * SAMPLE_RATE), len(self._sound) - first))) / SAMPLE_RATE
        fade = np.clip((length_s + 0.3 - t) / 0.3, 0, 1)
        loudness = np.minimum(1, t / self._attacks_s[voice]) * np.exp(-t * self._decays[voice]) * fade
        phase = 2 * np.pi * hz * t + self._vibrato * hz / 5 * np.sin(2 * np.pi * 5 * t)
        for harmonic in range(1, min(12, int(HIGHEST_HZ / hz)) + 1):
            tone = np.sin(harmonic * phase * self._rng.choice([1, 1.0015])) / harmonic ** self._slopes[voice]
            self._sound[first : first + len(t)] += level * self._levels[voice] * loudness * tone

    def _hit(self, at_s: float, is_bass: bool) -> None:
        first = int(at_s * SAMPLE_RATE)
        t = np.arange(max(0, min(int(0.12 * SAMPLE_RATE), len(self._sound) - first))) / SAMPLE_RATE
        hit = 0.35 * self._rng.standard_normal(len(t)) * np.exp(-t * self._rng.uniform(25, 90))
        if is_bass:
            hit = 0.2 * hit + 1.5 * np.sin(2 * np.pi * 60 * t) * np.exp(-t * 18)
        self._sound[first : first + len(t)] += 0.6 * self._drums * hit


def babble(rng: np.random.Generator, count: int, speech: Sequence[Sound]) -> Floats:
    """One to eight people talk at once, near and far. [count]"""
    sound = np.zeros(count)
    for _ in range(int(rng.integers(1, 9))):
        said, samples = list[Floats](), 0
        while samples < count + SAMPLE_RATE:
            part = speech[int(rng.integers(len(speech)))]
            first = int(rng.integers(max(1, len(part) - 5 * SAMPLE_RATE)))
            part = part[first : first + int(rng.uniform(1, 5) * SAMPLE_RATE)]
            pause = np.zeros(int(rng.exponential(0.5) * SAMPLE_RATE))
            said += [(part / max(_rms(part), 1e-6)).astype(np.float64), pause]
            samples += len(part) + len(pause)
        line, first = np.concatenate(said), int(rng.integers(SAMPLE_RATE))
        sound += line[first : first + count] * _gain(rng.uniform(-12, 0))
    return sound


def cafe(rng: np.random.Generator, count: int, speech: Sequence[Sound]) -> Floats:
    """Babble with a rumble and the clinks of cups. [count]"""
    sound = babble(rng, count, speech)
    sound = sound / _rms(sound) + _coloured(rng, count, rng.uniform(1, 2)) * _gain(rng.uniform(-15, 0))
    for _ in range(int(rng.integers(2, 25))):
        first = int(rng.integers(count))
        t = np.arange(min(int(0.4 * SAMPLE_RATE), count - first)) / SAMPLE_RATE
        for hz in rng.uniform(800, 7000, int(rng.integers(2, 6))):
            ring = np.sin(2 * np.pi * hz * t) * np.exp(-t * rng.uniform(8, 80))
            sound[first : first + len(t)] += _gain(rng.uniform(-15, 10)) * ring
    return sound


def traffic(rng: np.random.Generator, count: int) -> Floats:
    """A rumble and bands of noise that come and go. [count]"""
    sound = _coloured(rng, count, rng.uniform(1.2, 2.2)) * _wandering(rng, count, rng.uniform(0.1, 1), 20)
    for _ in range(int(rng.integers(1, 4))):
        low_hz = rng.uniform(40, 900)
        passing = _noise_in_band(rng, count, low_hz, low_hz * rng.uniform(2, 6))
        sound += passing * _wandering(rng, count, rng.uniform(0.1, 1), 30) * _gain(rng.uniform(-15, 3))
    return sound


def machine(rng: np.random.Generator, count: int) -> Floats:
    """A fan or an engine: harmonics of a pitch that drifts, and noise that its turning modulates. [count]"""
    t = np.arange(count) / SAMPLE_RATE
    hz, turns = rng.uniform(25, 400), np.cumsum(_wandering(rng, count, 0.5, 1.5)) / SAMPLE_RATE
    tones = np.zeros(count)
    for harmonic in range(1, 16):
        strength = rng.uniform(0, 1) / harmonic ** rng.uniform(0.2, 1.2)
        tones += strength * np.sin(2 * np.pi * hz * harmonic * turns + rng.uniform(0, 6))
    modulation = 1 + rng.uniform(0, 0.9) * np.sin(2 * np.pi * rng.uniform(0.3, 15) * t)
    return tones / _rms(tones) * _gain(rng.uniform(-20, 5)) + _coloured(rng, count, rng.uniform(0, 2)) * modulation


def weather(rng: np.random.Generator, count: int) -> Floats:
    """Rain, wind, fire or waves: bands of noise whose levels wander, and drops. [count]"""
    sound = np.zeros(count)
    for low_hz in (100.0, 400.0, 1200.0, 3000.0):
        level = _wandering(rng, count, rng.uniform(0.3, 6), rng.uniform(3, 25))
        sound += _noise_in_band(rng, count, low_hz, 2.8 * low_hz) * level * _gain(rng.uniform(-20, 0))
    drops = np.zeros(count)
    places = rng.integers(0, count, int(rng.uniform(0, 300) * count / SAMPLE_RATE))
    drops[places] = rng.standard_normal(len(places)) * rng.exponential(1, len(places))
    low_hz = rng.uniform(500, 3000)
    return sound + _band(drops, low_hz, 2.2 * low_hz) * rng.uniform(0, 8)


def chirps(rng: np.random.Generator, count: int) -> Floats:
    """Birds, beeps and bells: short tones that rise, fall or tremble, over noise. [count]"""
    sound = _coloured(rng, count, rng.uniform(0.5, 2)) * 0.1 * _gain(rng.uniform(-20, 5))
    middle_hz = rng.uniform(500, 5000)
    for _ in range(int(rng.uniform(0.5, 6) * count / SAMPLE_RATE)):
        samples = int(rng.uniform(0.03, 0.5) * SAMPLE_RATE)
        first, t = int(rng.integers(count - samples)), np.arange(samples) / SAMPLE_RATE
        hz = min(HIGHEST_HZ, middle_hz * 2 ** rng.uniform(-0.7, 0.7))
        trembling = rng.uniform(0, 3) * np.sin(2 * np.pi * rng.uniform(10, 40) * t)
        tone = np.sin(2 * np.pi * (hz * t + hz * rng.uniform(-1, 1) * t * t / 2) + trembling)
        sound[first : first + samples] += 0.3 * _gain(rng.uniform(-15, 3)) * np.hanning(samples) * tone
    return sound
