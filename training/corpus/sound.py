"""The samples of a recording: read, padded to a second, cut to its word."""

import logging
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.audio.audio_file import read_blocks
from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError

log = logging.getLogger(__name__)

LONGEST_CLIP_S = 1.6  # a longer recording of a word is cut to the word
WORD_MARGIN_FRAMES = 20
Sound = NDArray[np.float32]


def load_sound(path: Path) -> Sound:
    """All samples of a file, 16 kHz mono. raises AudioError if it is no audio"""
    return np.concatenate(list(read_blocks(path)))


def load_or_pass_over(path: Path) -> Sound:
    """All samples of a file; none, with a warning, if it is no audio. [N]"""
    try:
        return load_sound(path)
    except AudioError as error:
        log.warning("Passed over: %s", error)
        return np.zeros(0, np.float32)


def pad_to_second(sound: Sound) -> Sound:
    """Silence before and after a clip that is shorter than one second."""
    missing = SAMPLE_RATE - len(sound)
    return np.pad(sound, (missing // 2, missing - missing // 2)) if missing > 0 else sound


def cut_to_word(sound: Sound) -> Sound:
    """Of a recording longer than a clip the loudest stretch, with what is around it up to a second. [N] -> [M]"""
    if len(sound) <= LONGEST_CLIP_S * SAMPLE_RATE:
        return sound
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    first, last, _ = word_bounds(log_mel[0].numpy())
    half = max(SAMPLE_RATE, (last - first + WORD_MARGIN_FRAMES) * frontend.hop_samples) // 2
    middle = int(np.clip((first + last) // 2 * frontend.hop_samples, half, len(sound) - half))
    return sound[middle - half : middle + half]


def word_bounds(log_mel: NDArray[np.float32]) -> tuple[int, int, float]:
    """First and one-past-last frame of the loudest stretch, and its level (natural log of power).

    log_mel: [T, F]. A gap of up to 0.2 s, as before a plosive, does not end the stretch.
    """
    level = np.log(np.exp(log_mel).sum(axis=1) + 1e-9)
    smooth = np.convolve(level, np.ones(5) / 5, mode="same")
    floor, peak = np.percentile(smooth, 10), smooth.max()
    loud = np.flatnonzero(smooth >= floor + 0.4 * (peak - floor))
    at = int(np.searchsorted(loud, smooth.argmax()))
    first = last = min(at, len(loud) - 1)
    while first > 0 and loud[first] - loud[first - 1] <= 20:
        first -= 1
    while last < len(loud) - 1 and loud[last + 1] - loud[last] <= 20:
        last += 1
    begin, end = int(loud[first]), int(loud[last]) + 1
    return begin, end, float(np.log(np.exp(level[begin:end]).mean()))
