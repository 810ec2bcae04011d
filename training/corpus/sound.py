"""The samples of a recording: reads them, pads them to a second, cuts them to the word."""

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
WORD_MARGIN_FRAMES = 20  # 0.2 s, kept around the word in all
Sound = NDArray[np.float32]


def load_sound(path: Path) -> Sound:
    """All samples of a file, at 16 kHz and in one channel. raises AudioError if the file is not audio"""
    return np.concatenate(list(read_blocks(path)))


def load_or_pass_over(path: Path) -> Sound:
    """All samples of a file. No sample, and a warning in the log, if the file is not audio. [N]"""
    try:
        return load_sound(path)
    except AudioError as error:
        log.warning("Passed over: %s", error)
        return np.zeros(0, np.float32)


def pad_to_second(sound: Sound) -> Sound:
    """The clip with silence before and after it, if it is shorter than one second."""
    missing = SAMPLE_RATE - len(sound)
    return np.pad(sound, (missing // 2, missing - missing // 2)) if missing > 0 else sound


def cut_to_word(sound: Sound) -> Sound:
    """The loudest stretch of a long recording, with the sound around it up to a second. [N] -> [M]

    A recording of at most LONGEST_CLIP_S stays as it is.
    """
    if len(sound) <= LONGEST_CLIP_S * SAMPLE_RATE:
        return sound
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    first, last, _ = word_bounds(log_mel[0].numpy())
    half = max(SAMPLE_RATE, (last - first + WORD_MARGIN_FRAMES) * frontend.hop_samples) // 2
    middle = int(np.clip((first + last) // 2 * frontend.hop_samples, half, len(sound) - half))
    return sound[middle - half : middle + half]


def word_bounds(log_mel: NDArray[np.float32]) -> tuple[int, int, float]:
    """The first frame of the loudest stretch, the frame after its last, and its level (natural log of power).

    A gap of up to 0.2 s does not end the stretch: a plosive begins with such a gap.
    log_mel: [T, F]
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
