"""Makes the samples of a stream, part by part, under a condition such as noise, a room or a telephone line.

stream_plan.py composes the parts. stream_replay.py plays the samples to a detector.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.sound import load_or_pass_over, pad_to_second, word_bounds
from training.corpus.synthetic_background import make_background
from training.corpus.synthetic_noise import KINDS, make_sound
from training.evaluate.stream_plan import QUIET, Part
from training.features.variations import through_codec, through_telephone

Sound = NDArray[np.float32]
MADE_NOISE_S = 30.0  # of each noise that is made by formula
HISS = 10 ** (-65 / 20)  # RMS of the near-silence in a pause


@dataclass(frozen=True)
class Condition:
    """How every part of a stream is changed."""

    name: str
    snr_db: float | None = None  # level of each part over the added noise; None for no noise
    in_room: bool = False
    gain_db: float = 0.0
    line: str = ""  # a name in LINES; the sound goes through this line last
    pause_s: float = 0.0  # of near-silence before and after each keyword, as if it was said by itself


CONDITIONS = (
    Condition("clean"),
    Condition("noise 10 dB", snr_db=10.0),
    Condition("after a pause", pause_s=0.7),
    Condition("after a pause, 10 dB", pause_s=0.7, snr_db=10.0),
    Condition("noise 5 dB", snr_db=5.0),
    Condition("room", in_room=True),
    Condition("quiet -30 dB", gain_db=-30.0),
    Condition("loud +10 dB", gain_db=10.0),
    Condition("telephone", line="telephone"),
    Condition("MP3 24 kbit/s", line="mp3"),
    Condition("Opus 12 kbit/s", line="opus"),
)
# Names of several conditions: as recorded; also at 10 dB, and after a pause; every condition.
CONDITION_SETS = {
    "clean": ("clean",),
    "noise": ("clean", "noise 10 dB", "after a pause", "after a pause, 10 dB"),
    "all": tuple(condition.name for condition in CONDITIONS),
}
LINES: dict[str, Callable[[Sound], Sound]] = {
    "telephone": through_telephone,
    "mp3": partial(through_codec, codec="mp3", kbit=24.0),
    "opus": partial(through_codec, codec="opus", kbit=12.0),
}


@dataclass(frozen=True)
class Rendered:
    """A part as samples."""

    sound: Sound  # [N]
    part: Part
    word_end: int  # sample at which the keyword ends, by the energy of its clean recording; 0 for other parts


class Renderer:
    """Turns parts into samples under a condition. The same seed gives the same samples."""

    def __init__(self, condition: Condition, noises: list[Path], rooms: list[Sound], seed: int) -> None:
        self.condition = condition
        self.rng = np.random.default_rng(seed)
        self.rooms = [from_its_peak(room) for room in rooms] if condition.in_room else []
        self.room = np.ones(1, np.float32)
        self.ringing = np.zeros(0, np.float32)  # the echo of earlier parts that still lasts
        self.noise = _noise_of(tuple(noises)) if condition.snr_db is not None else np.zeros(0, np.float32)
        self.noise_at = 0

    def render(self, parts: list[Part]) -> Iterator[Rendered]:
        """Yield the parts in turn, each with its pause. Recordings that cannot be read are left out."""
        for part in parts:
            sound = self._sound(part)
            if not len(sound):
                continue
            word_end = word_end_sample(sound) if part.is_keyword else 0
            pause = round(self.condition.pause_s * SAMPLE_RATE) if part.is_keyword else 0
            heard = self._apply(np.pad(sound, pause) if pause else sound, part, pause)
            if pause:
                yield Rendered(heard[:pause], Part(QUIET), 0)
            yield Rendered(heard[pause : len(heard) - pause], part, word_end)
            if pause:
                yield Rendered(heard[len(heard) - pause :], Part(QUIET), 0)

    def _sound(self, part: Part) -> Sound:
        """The part before the condition changes it."""
        if part.path is None:
            return make_background(part.kind, part.seconds or 0.0, part.seed)
        sound = load_or_pass_over(part.path)
        if len(sound) == 0:
            return sound
        if part.is_keyword:
            return pad_to_second(sound)
        begin = int(part.from_s * SAMPLE_RATE)
        sound = sound[begin : None if part.seconds is None else begin + int(part.seconds * SAMPLE_RATE)]
        return np.pad(sound, (0, int(part.pause_s * SAMPLE_RATE)))

    def _apply(self, sound: Sound, part: Part, pause: int) -> Sound:
        """The sound under the condition. pause: samples of it at each end that are a pause"""
        snr_db = self.condition.snr_db
        loudness = 0.0 if snr_db is None else _loudness(sound[pause : len(sound) - pause])
        if pause:
            sound = sound + self.rng.normal(0, HISS, len(sound)).astype(np.float32)
        if self.rooms:
            if part.from_s == 0 and not part.is_keyword:  # each recording gets a room of its own
                self.room = self.rooms[int(self.rng.integers(len(self.rooms)))]
            sound = self._in_room(sound)
        if snr_db is not None:
            taken = np.take(self.noise, np.arange(self.noise_at, self.noise_at + len(sound)), mode="wrap")
            self.noise_at += len(sound)
            sound = sound + taken * loudness * 10 ** (-snr_db / 20)
        sound = np.clip(sound * 10 ** ((self.condition.gain_db + part.gain_db) / 20), -1, 1).astype(np.float32)
        return LINES[self.condition.line](sound) if self.condition.line else sound

    def _in_room(self, sound: Sound) -> Sound:
        """The sound in the room, with the echo of earlier parts. [N] -> [N]"""
        heard = fftconvolve(sound, self.room)
        longest = max(len(heard), len(self.ringing))
        heard = np.pad(heard, (0, longest - len(heard))) + np.pad(self.ringing, (0, longest - len(self.ringing)))
        self.ringing = heard[len(sound) :].astype(np.float32)
        return heard[: len(sound)].astype(np.float32)


def _loudness(sound: Sound) -> float:
    """The RMS of speech without its pauses. [N]"""
    return float(np.sqrt(np.percentile(sound**2, 90) / 2.5)) + 1e-6


@lru_cache(maxsize=1)
def _noise_of(paths: tuple[Path, ...]) -> Sound:
    """All noises one after another, recorded and made by formula, at the same level. Every segment has the same."""
    sounds = [sound for path in paths if len(sound := load_or_pass_over(path))]
    sounds += made_noises()
    level = [np.sqrt(np.mean(sound**2)) + 1e-9 for sound in sounds]
    return np.concatenate([s / rms for s, rms in zip(sounds, level, strict=True)]).astype(np.float32)


@lru_cache(maxsize=1)
def made_noises() -> list[Sound]:
    """Half a minute of each noise by formula. They are made once: every stream hears the same noises."""
    return [make_sound(kind, MADE_NOISE_S, 1000 + i) for i, kind in enumerate(KINDS)]


def from_its_peak(room: Sound) -> Sound:
    """The impulse response from its direct sound on, scaled so that the level stays the same. [M] -> [up to M]"""
    room = room[int(np.abs(room).argmax()) :]
    return room / np.float32(np.sqrt(np.sum(room**2)) + 1e-9)


def word_end_sample(sound: Sound) -> int:
    """The sample at which the word in a clip ends, by its energy. [N] -> sample"""
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    _, last, _ = word_bounds(log_mel[0].numpy())
    return min(len(sound), last * frontend.hop_samples + frontend.window_samples)
