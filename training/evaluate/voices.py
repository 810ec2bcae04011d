"""Groups keyword clips by the height of the voice, because the recordings name neither sex nor age of the speakers."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
import torchaudio.functional

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.sound import load_or_pass_over

LOWEST_HZ, HIGHEST_HZ = 70, 450  # pitch of speaking voices, from men to children
WOMAN_HZ, CHILD_HZ = 165.0, 240.0  # between the means of men, women and children (Hillenbrand et al. 1995, table V)
LOW, MIDDLE, HIGH = "low voices (most men)", "middle voices (most women)", "high voices (most children)"
GROUPS = (LOW, MIDDLE, HIGH)
SHARE_OF_LOUDEST = 0.3  # of the loudest frame's level; quieter frames do not count as voice
SHORTEST_S = 0.1  # a shorter recording holds no voice


@cache
def voice_group(path: Path) -> str | None:
    """The group of a recording's voice, or None if the recording is silent."""
    pitch = pitch_hz(path)
    if pitch is None:
        return None
    return LOW if pitch < WOMAN_HZ else MIDDLE if pitch < CHILD_HZ else HIGH


def pitch_hz(path: Path) -> float | None:
    """The median pitch of a recording's loud frames, in Hz, or None if the recording is silent."""
    sound = load_or_pass_over(path)
    if len(sound) < SHORTEST_S * SAMPLE_RATE or not np.any(sound):
        return None
    # Normalised cross-correlation of frames of 10 ms with later frames, smoothed by medians. [1, N] -> [1, T]
    pitch = torchaudio.functional.detect_pitch_frequency(
        torch.from_numpy(sound)[None], SAMPLE_RATE, freq_low=LOWEST_HZ, freq_high=HIGHEST_HZ
    )[0].numpy()
    frames = np.array_split(sound, len(pitch))  # [T] stretches of about 10 ms
    level = np.array([np.sqrt(np.mean(frame**2)) for frame in frames])
    return float(np.median(pitch[level >= SHARE_OF_LOUDEST * level.max()]))
