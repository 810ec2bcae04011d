"""Continuous audio to be scored on: keywords laid into talk, clean, noisy, in a room, quiet or loud. Seeded.

A stream is planned first (which part of which recording, where the keywords are), then rendered part by part, so hours
of it never lie in memory at once.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray

from kws_app.frontend import LogMel
from kws_app.frontend_config import SAMPLE_RATE
from training.features import load_or_pass_over, pad_to_second, put_in_room, word_bounds
from training.synthetic import KINDS, make_sound

log = logging.getLogger(__name__)

Sound = NDArray[np.float32]
PAUSE_S = 0.3  # between recordings
SHORTEST_TALK_S = 1.0  # a recording is not parted nearer than this to its ends


@dataclass(frozen=True)
class Condition:
    """What is done to every part of a stream."""

    name: str
    snr_db: float | None = None  # noise below each part's own level
    in_room: bool = False
    gain_db: float = 0.0


CONDITIONS = (
    Condition("clean"),
    Condition("noise 10 dB", snr_db=10.0),
    Condition("noise 5 dB", snr_db=5.0),
    Condition("room", in_room=True),
    Condition("quiet -30 dB", gain_db=-30.0),
    Condition("loud +10 dB", gain_db=10.0),
)


@dataclass(frozen=True)
class Part:
    """A stretch of one recording; `seconds` None stands for its rest."""

    path: Path
    is_keyword: bool
    from_s: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True)
class Occurrence:
    """A keyword in a stream: its clip's bounds and the end of the word inside, in absolute samples."""

    start: int
    end: int
    word_end: int


def plan_stream(talk: list[Path], keywords: list[Path], seed: int, hours: float | None = None) -> list[Part]:
    """Talk in random order, each keyword once at a random place in it; up to `hours` of talk.

    raises ValueError if there is no talk
    """
    seconds = {path: length for path in talk if (length := _duration_s(path)) is not None}
    if not seconds:
        raise ValueError("There is no continuous speech to lay keywords into; see training/README.md on the data.")
    rng = np.random.default_rng(seed)
    order = [list(seconds)[i] for i in rng.permutation(len(seconds))]
    if hours is not None:
        ends = np.cumsum([seconds[path] + PAUSE_S for path in order])
        order = order[: max(1, int(np.searchsorted(ends, hours * 3600)))]
    long_enough = [path for path in order if seconds[path] > 2 * SHORTEST_TALK_S]
    weight = np.array([seconds[path] for path in long_enough])
    guests: dict[Path, list[Path]] = {}
    for keyword in keywords:
        host = long_enough[rng.choice(len(long_enough), p=weight / weight.sum())]
        guests.setdefault(host, []).append(keyword)

    parts = []
    for path in order:
        visiting = guests.get(path, [])
        spare = max(0.0, seconds[path] - 2 * SHORTEST_TALK_S)
        cuts = SHORTEST_TALK_S + spare * np.sort(rng.random(len(visiting)))
        at = 0.0
        for keyword, cut in zip(visiting, cuts.tolist(), strict=True):
            parts += [Part(path, False, at, cut - at), Part(keyword, True)]
            at = cut
        parts.append(Part(path, False, at))
    return parts


def _duration_s(path: Path) -> float | None:
    """Seconds of a file; None, with a warning, if it is no audio."""
    try:
        return float(soundfile.info(str(path)).duration)
    except soundfile.SoundFileError as error:
        log.warning("%s is passed over: %s", path, error)
        return None


class Renderer:
    """Turns parts into samples under a condition; the same seed gives the same samples."""

    def __init__(self, condition: Condition, noises: list[Path], rooms: list[Sound], seed: int) -> None:
        self.condition = condition
        self.rng = np.random.default_rng(seed)
        self.room = rooms[int(self.rng.integers(len(rooms)))] if condition.in_room and rooms else None
        self.noise = self._noise(noises) if condition.snr_db is not None else np.zeros(0, np.float32)
        self.noise_at = 0

    def _noise(self, noises: list[Path]) -> Sound:
        """All noises one after another at one level, recorded and synthetic."""
        sounds = [sound for path in noises if len(sound := load_or_pass_over(path))]
        sounds += [make_sound(kind, 30.0, 1000 + i) for i, kind in enumerate(KINDS)]
        level = [np.sqrt(np.mean(sound**2)) + 1e-9 for sound in sounds]
        return np.concatenate([s / rms for s, rms in zip(sounds, level, strict=True)]).astype(np.float32)

    def render(self, parts: list[Part]) -> Iterator[tuple[Sound, Part]]:
        """Samples [N] of each part, talk followed by a pause when its recording ends."""
        for part in parts:
            sound = load_or_pass_over(part.path)
            if len(sound) == 0:
                continue
            if part.is_keyword:
                sound = pad_to_second(sound)
            begin = int(part.from_s * SAMPLE_RATE)
            end = None if part.seconds is None else begin + int(part.seconds * SAMPLE_RATE)
            sound = sound[begin:end]
            if not part.is_keyword and part.seconds is None:
                sound = np.pad(sound, (0, int(PAUSE_S * SAMPLE_RATE)))
            yield self._apply(sound), part

    def _apply(self, sound: Sound) -> Sound:
        if self.room is not None and len(sound):
            sound = put_in_room(sound, self.room)
        if self.condition.snr_db is not None and len(sound):
            loud = np.sqrt(np.percentile(sound**2, 90) / 2.5) + 1e-6  # RMS of the speech, its pauses left out
            taken = np.take(self.noise, np.arange(self.noise_at, self.noise_at + len(sound)), mode="wrap")
            self.noise_at += len(sound)
            sound = sound + taken * loud * 10 ** (-self.condition.snr_db / 20)
        return np.clip(sound * 10 ** (self.condition.gain_db / 20), -1, 1).astype(np.float32)


def word_end_sample(sound: Sound) -> int:
    """Where the word in a clip ends, by its energy. [N] -> sample"""
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    _, last, _ = word_bounds(log_mel[0].numpy())
    return min(len(sound), last * frontend.hop_samples + frontend.window_samples)
