"""Puts takes of a word into rooms, noise and other speech, as other people might say the word elsewhere.

A sequence lasts SEQUENCE_STEPS steps and holds the word once, near its end. The same seed gives the same sequences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.speech_body import EMBEDDING, STEP_FRAMES
from kws_app.engine.speech_frontend import SpeechBands
from training.corpus.synthetic_noise import KINDS, coloured_noise, make_sound
from training.digest import digest
from training.each_core import on_each_core
from training.network.speech_embedding import WholeStreams
from training.own_word.lively_noise import lively_noises
from training.own_word.rows import Rows
from training.progress import SILENT, Progress

Sound = NDArray[np.float32]

_CONFIG = FrontendConfig()
SEQUENCE_STEPS = 40  # 3.2 s
SEQUENCE_SAMPLES = (SEQUENCE_STEPS * STEP_FRAMES - 1) * _CONFIG.hop_samples + _CONFIG.window_samples
LONGEST_WORD_S = 1.9  # seconds; a longer word is cut
AFTER_S = (0.45, 0.9)  # seconds of a sequence after the word
SPEED = (0.80, 1.25)  # changes length, pitch and the size of the throat together
ROOMS = 60  # rooms made by formula
NOISES_A_KIND = 6  # noises of each kind made by formula
NOISE_S = 12.0  # seconds of each noise
BACKGROUND_S = 9.0  # seconds of one noise in a background


@dataclass(frozen=True)
class SpeechAround:
    """How often other speech surrounds a word, as shares of the words."""

    before: float = 0.5  # other speech comes before these
    after: tuple[float, float] = (0.3, 0.6)  # and after these; below `before` it is on both sides
    no_pause: float = 0.0  # of the speech, which ends or begins where the word does


CUT_IN = SpeechAround(0.65, (0.2, 0.75), 0.5)  # the word often cuts a speaker off, who then goes on


@dataclass(frozen=True)
class Surroundings:
    """The rooms, noises and speech around a word."""

    rooms: Sequence[Sound]  # impulse responses
    noises: Sequence[Sound]
    speech: Sequence[Sound]  # to lay before and after the word; may be empty
    around: SpeechAround = SpeechAround()

    @cached_property
    def name(self) -> str:
        """A digest of all sounds and shares."""
        return digest([asdict(self.around)], [*self.rooms, *self.noises, *self.speech])


def made_surroundings(speech: Sequence[Sound], seed: int = 0) -> Surroundings:
    """Rooms and noises that are made by formula, so no recordings are needed."""
    rng = np.random.default_rng(seed)
    rooms = [made_room(rng) for _ in range(ROOMS)]
    noises = [make_sound(kind, NOISE_S, seed + i) for kind in KINDS for i in range(NOISES_A_KIND)]
    return Surroundings(rooms, noises, list(speech))


def lively_surroundings(speech: Sequence[Sound], seed: int = 0) -> Surroundings:
    """The made surroundings, with lively noises too."""
    around = made_surroundings(speech, seed)
    return replace(around, noises=[*around.noises, *lively_noises(speech, seed)])


def joined(some: Surroundings, more: Surroundings) -> Surroundings:
    """The rooms, noises and speech of both. Other speech lies around a word as in the second."""
    return Surroundings(
        [*some.rooms, *more.rooms], [*some.noises, *more.noises], [*some.speech, *more.speech], more.around
    )


def made_room(rng: np.random.Generator) -> Sound:
    """An impulse response: the direct sound, early echoes, and a tail whose high frequencies die away faster."""
    t60_s = rng.uniform(0.15, 1.0)
    count = int(min(1.0, 1.2 * t60_s) * SAMPLE_RATE)
    t = np.arange(count) / SAMPLE_RATE
    tail = np.zeros(count)
    for pole, faster in ((0.0, 1.6), (0.6, 1.2), (0.9, 1.0)):  # bright to dull
        noise = rng.standard_normal(count)
        if pole:
            noise = np.convolve(noise, (1 - pole) * pole ** np.arange(40), mode="same")
        tail += noise * 10 ** (-3 * t * faster / t60_s)
    tail[: int(0.004 * SAMPLE_RATE)] = 0.0
    for at_s in rng.uniform(0.002, 0.04, 8):
        tail[min(count - 1, int(at_s * SAMPLE_RATE))] += rng.normal(0, 8.0) * 10 ** (-3 * at_s / t60_s)
    direct_db = rng.uniform(-6.0, 12.0)  # level of the direct sound over the rest
    room = tail * 10 ** (-direct_db / 20) / np.sqrt(np.square(tail).sum())
    room[0] += 1.0
    return (room / np.sqrt(np.square(room).sum())).astype(np.float32)


def trimmed(sound: Sound, margin_s: float = 0.03) -> Sound:
    """The sound without the quiet parts before and after the word. [N] -> [M], at least one sample"""
    hop = _CONFIG.hop_samples
    frames = len(sound) // hop
    if frames < 3:
        return sound
    level_db = 10 * np.log10(np.square(sound[: frames * hop].reshape(frames, hop)).mean(axis=1) + 1e-10)
    level_db = np.convolve(level_db, np.ones(3) / 3, mode="same")
    floor_db, peak_db = float(np.percentile(level_db, 10)), float(level_db.max())
    threshold_db = max(peak_db - 32, floor_db + 8) if floor_db < peak_db - 20 else peak_db - 12
    loud = np.flatnonzero(level_db > threshold_db)
    margin = int(margin_s * SAMPLE_RATE)
    return sound[max(0, int(loud[0]) * hop - margin) : int(loud[-1] + 1) * hop + margin]


def rms(sound: Sound) -> float:
    return float(np.sqrt(np.square(sound).mean() + 1e-12)) if len(sound) else 1e-6


def sequence_of(take: Sound, surroundings: Surroundings, rng: np.random.Generator, plain: bool) -> tuple[Sound, float]:
    """A sequence [SEQUENCE_SAMPLES] around a trimmed take, and the second at which its word ends.

    plain: without room, noise or another speed
    """
    word = take if plain or rng.random() < 0.2 else _at_speed(take, rng.uniform(*SPEED))
    word = word[: int(LONGEST_WORD_S * SAMPLE_RATE)]
    word = word / max(rms(word), 1e-6)
    sound = np.zeros(SEQUENCE_SAMPLES, np.float32)
    end = SEQUENCE_SAMPLES - int(rng.uniform(*AFTER_S) * SAMPLE_RATE)
    begin = end - len(word)
    sound[begin:end] += word
    if surroundings.speech:
        _lay_speech_around(sound, begin, end, surroundings, rng)
    if not plain:
        if rng.random() < 0.45:
            sound = fftconvolve(sound, _any(surroundings.rooms, rng))[:SEQUENCE_SAMPLES].astype(np.float32)
        sound = _filtered(sound, rng)
        if rng.random() < 0.7:
            noise = _stretch(surroundings.noises, rng)
            sound = sound + noise * np.float32(rms(sound[begin:end]) / rms(noise) * 10 ** (-rng.uniform(-2, 30) / 20))
    hiss = 10 ** (rng.uniform(-65, -35) / 20) * rms(sound[begin:end])
    sound = sound + rng.standard_normal(SEQUENCE_SAMPLES).astype(np.float32) * np.float32(hiss)
    return _as_recorded(sound, rng), end / SAMPLE_RATE


def varied(sound: Sound, surroundings: Surroundings, rng: np.random.Generator) -> Sound:
    """A recording of talk at another speed, in a room, in noise and through another microphone, each by chance."""
    if rng.random() < 0.6:
        sound = _at_speed(sound, rng.uniform(0.85, 1.18))
    if rng.random() < 0.5:
        sound = fftconvolve(sound, _any(surroundings.rooms, rng))[: len(sound)].astype(np.float32)
    sound = _filtered(sound, rng)
    if rng.random() < 0.6:
        noise = np.resize(_stretch(surroundings.noises, rng), len(sound))
        sound = sound + noise * np.float32(rms(sound) / rms(noise) * 10 ** (-rng.uniform(0, 30) / 20))
    return _as_recorded(sound, rng)


def backgrounds(surroundings: Surroundings, seconds: float, seed: int) -> Iterator[Sound]:
    """Sounds of BACKGROUND_S seconds: the noises in turn, alone or over speech without the word."""
    rng = np.random.default_rng([seed, len(surroundings.noises)])
    samples = round(BACKGROUND_S * SAMPLE_RATE)
    for number in range(round(seconds / BACKGROUND_S)):
        turn, place = divmod(number, len(surroundings.noises))
        noise = surroundings.noises[place]
        first = int(rng.integers(max(1, len(noise) - samples)))
        noise = np.resize(noise[first : first + samples], samples)
        if rng.random() < 0.5:
            noise = _filtered(noise, rng)
        sound = noise / np.float32(rms(noise))
        if surroundings.speech and (place + turn) % 2:
            said = np.resize(_at_speed(_any(surroundings.speech, rng), rng.uniform(0.85, 1.18)), samples)
            if rng.random() < 0.5:
                said = fftconvolve(said, _any(surroundings.rooms, rng))[:samples].astype(np.float32)
            sound = sound + said * np.float32(10 ** (rng.uniform(-5, 15) / 20) / rms(said))
        yield _as_recorded(sound, rng)


def _at_speed(sound: Sound, speed: float) -> Sound:
    return np.asarray(soxr.resample(sound, SAMPLE_RATE * speed, SAMPLE_RATE), np.float32)


def _any(sounds: Sequence[Sound], rng: np.random.Generator) -> Sound:
    return sounds[int(rng.integers(len(sounds)))]


def _lay_speech_around(
    sound: Sound, begin: int, end: int, surroundings: Surroundings, rng: np.random.Generator
) -> None:
    """Add other speech before the word, after it, on both sides, or nowhere. The sound changes in place."""
    around, draw = surroundings.around, rng.random()

    def pause(longest_s: float) -> int:
        if around.no_pause and rng.random() < around.no_pause:
            return 0
        return int(rng.uniform(0, longest_s) * SAMPLE_RATE)

    if draw < around.before:
        last = max(0, begin - pause(0.35))
        part = _part(_any(surroundings.speech, rng), last, rng)
        sound[last - len(part) : last] += part
    if around.after[0] < draw < around.after[1]:
        first = end + pause(0.3)
        part = _part(_any(surroundings.speech, rng), max(0, len(sound) - first), rng)
        sound[first : first + len(part)] += part


def _part(speech: Sound, most: int, rng: np.random.Generator) -> Sound:
    """At most `most` samples of speech, at a random level beside a word of level 1."""
    first = int(rng.integers(max(1, len(speech) - most)))
    part = speech[first : first + most]
    return part * np.float32(10 ** (rng.uniform(-10, 3) / 20) / max(rms(part), 1e-6))


def _filtered(sound: Sound, rng: np.random.Generator) -> Sound:
    """Filter the sound as a microphone or a line does: a tilt, and sometimes a narrow band such as a telephone's."""
    size = 1 << (len(sound) - 1).bit_length()
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    gain = np.ones(len(hz))
    if rng.random() < 0.25:
        telephone = rng.random() < 0.5
        low = rng.uniform(200, 400) if telephone else rng.uniform(20, 150)
        high = rng.uniform(3000, 3700) if telephone else rng.uniform(2200, 6000)
        gain /= np.sqrt((1 + (low / np.maximum(hz, 1)) ** 8) * (1 + (hz / high) ** 12))
    if rng.random() < 0.7:
        octaves = np.log2(np.maximum(hz, 60) / 60)
        gain *= 10 ** (np.interp(octaves, np.linspace(0, 7.1, 5), rng.uniform(-6, 6, 5)) / 20)
    return np.fft.irfft(np.fft.rfft(sound, size) * gain, size)[: len(sound)].astype(np.float32)


def _stretch(noises: Sequence[Sound], rng: np.random.Generator) -> Sound:
    """A stretch of noise as long as a sequence."""
    if not noises or rng.random() < 0.25:
        return coloured_noise(rng, SEQUENCE_SAMPLES, rng.uniform(0, 2))
    noise = _any(noises, rng)
    first = int(rng.integers(max(1, len(noise) - SEQUENCE_SAMPLES)))
    return np.resize(noise[first : first + SEQUENCE_SAMPLES], SEQUENCE_SAMPLES)


def _as_recorded(sound: Sound, rng: np.random.Generator) -> Sound:
    """The sound at a random level, sometimes clipped, in 16 bits."""
    sound = sound * np.float32(10 ** (rng.uniform(-45, -14) / 20) / max(rms(sound), 1e-6))
    if rng.random() < 0.06:
        sound = np.clip(sound * np.float32(10 ** (rng.uniform(6, 20) / 20)), -1, 1)
    return (np.clip(np.round(sound * 32767), -32768, 32767) / 32768).astype(np.float32)


@dataclass(frozen=True)
class Sequences(Rows):
    """The embeddings of sequences, with the end of the word in each."""

    embeddings: NDArray[np.float16]  # [N, SEQUENCE_STEPS, 96]
    ends_s: NDArray[np.float32]  # [N], seconds from the beginning
    takes: NDArray[np.int32]  # [N], the number of the take


def make_sequences(
    takes: Sequence[Sound],
    copies: int,
    surroundings: Surroundings,
    body: WholeStreams,
    seed: int,
    progress: Progress = SILENT,
    what: str = "sequences",
) -> Sequences:
    """Make `copies` sequences of each take. The first is plain. raises StageStoppedError if the user stops it"""

    def made(number: int) -> tuple[list[NDArray[np.float16]], list[float]]:
        word, bands = trimmed(takes[number]), SpeechBands()
        embeddings, ends_s = [], []
        for copy in range(copies):
            rng = np.random.default_rng([seed, number, copy])
            sound, end_s = sequence_of(word, surroundings, rng, plain=copy == 0)
            embeddings.append(body(bands(sound, SEQUENCE_STEPS * STEP_FRAMES)).astype(np.float16))
            ends_s.append(end_s)
        return embeddings, ends_s

    found = on_each_core(made, range(len(takes)), lambda number: progress.step(what, number, len(takes)))
    progress.tell(what, len(takes), len(takes), "")
    embeddings = np.array([one for some, _ in found for one in some], np.float16).reshape(-1, SEQUENCE_STEPS, EMBEDDING)
    ends_s = np.array([end_s for _, some in found for end_s in some], np.float32)
    return Sequences(embeddings, ends_s, np.repeat(np.arange(len(takes), dtype=np.int32), copies))
