"""Copies of a recording at another speed and pitch, by another throat, in a room, or over a line."""

import logging
from pathlib import Path

import numpy as np
import soundfile
import soxr
from scipy.signal import fftconvolve

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.config import DataConfig
from training.corpus.sound import Sound
from training.features.variations import by_another_speaker, through_a_line

log = logging.getLogger(__name__)


def put_in_room(sound: Sound, room: Sound) -> Sound:
    """The sound [N] in a room with the impulse response [M]. Length, level and beginning stay the same."""
    heard = fftconvolve(sound, room)[int(np.abs(room).argmax()) :][: len(sound)]
    level, heard_level = (float(np.sqrt(np.mean(x**2))) + 1e-9 for x in (sound, heard))
    return (heard * (level / heard_level)).astype(np.float32)


def vary(sound: Sound, rooms: list[Sound], data: DataConfig, rng: np.random.Generator, is_word: bool) -> Sound:
    """A copy at another speed and pitch, sometimes in a room and over a line. [N] -> [M]

    is_word: whether the speaker may change as well. That costs too much for hours of talk
    """
    if is_word and rng.random() < data.speaker_share:
        varied = by_another_speaker(sound, rng)
    else:
        varied = soxr.resample(sound, SAMPLE_RATE * rng.uniform(*data.speed_range), SAMPLE_RATE)
    if rooms and rng.random() < data.room_share:
        varied = put_in_room(varied, rooms[rng.integers(len(rooms))])
    if rng.random() < data.line_share:
        varied = through_a_line(varied, rng)
    return np.asarray(varied, np.float32)


def load_rooms(root: Path, patterns: tuple[str, ...], without: tuple[str, ...] = ()) -> list[Sound]:
    """Impulse responses of rooms at 16 kHz, in one channel, cut after a second.

    patterns: of folders below root; without: patterns of folders to leave out
    """
    left_out = {folder for pattern in without for folder in root.glob(pattern)}
    rooms = []
    for pattern in patterns:
        for path in sorted(root.glob(f"{pattern}/*.flac")):
            if path.parent in left_out:
                continue
            try:
                samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
            except soundfile.SoundFileError as error:
                log.warning("%s is passed over: %s", path, error)
                continue
            rooms.append(soxr.resample(samples[:, 0], rate, SAMPLE_RATE)[:SAMPLE_RATE])
    return rooms
