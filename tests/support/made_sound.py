"""A minute of sound made by formula: it is the same on every machine that rounds in the same way."""

import numpy as np
from numpy.typing import NDArray

MINUTE = 60 * 16_000  # samples


def made_minute() -> NDArray[np.float32]:
    """Word-like bursts of a voice with moving formants, hiss, and faint noise under all. [N] float32 at 16 kHz"""
    n = np.arange(MINUTE, dtype=np.uint64)
    noise = (n * n * np.uint64(2654435761) % np.uint64(2**32)) / 2**32 - 0.5  # whole numbers are exact on every machine
    t = n / 16000.0
    envelope = np.clip(np.sin(2 * np.pi * 1.7 * t), 0, 1) * (0.55 + 0.45 * np.sin(2 * np.pi * 0.31 * t))
    pitch = 2 * np.pi * (120 * t + 9 * np.sin(2 * np.pi * 0.9 * t))
    voice = sum(np.sin(k * pitch) / k for k in range(1, 9))
    f1 = np.sin(2 * np.pi * (650 * t + 90 * np.sin(2 * np.pi * 1.7 * t)))
    f2 = np.sin(2 * np.pi * (1700 * t + 210 * np.sin(2 * np.pi * 0.85 * t)))
    hiss = noise * np.clip(np.sin(2 * np.pi * 2.3 * t + 1), 0, 1)
    sound = 0.12 * envelope * voice * (1 + 0.6 * f1 + 0.4 * f2) + 0.05 * hiss + 2e-3 * noise
    return sound.astype(np.float32)
