"""A frame store made by formula, without sound or disk: the same bits on every machine."""

import numpy as np
import torch

from kws_app.engine.frontend_config import FrontendConfig
from training.features.frame_store import KEYWORD, NOISE, SPEECH, WORD, FrameStore


def formula_store() -> FrameStore:
    """12 keywords, 30 words, 10 stretches of speech and 6 noises for training. A formula gives lengths and levels."""
    kinds = [KEYWORD] * 12 + [WORD] * 30 + [SPEECH] * 10 + [NOISE] * 6
    count = len(kinds)
    kind = np.array(kinds, dtype=np.int8)
    number = np.arange(count)
    length = np.where(kind <= WORD, 98 + number % 7, 300 + 37 * (number % 11)).astype(np.int64)
    begin = (10 + number % 13).astype(np.int32)
    return FrameStore(
        frames=torch.zeros(int(length.sum()), FrontendConfig.mel_bins, dtype=torch.float16),
        start=np.cumsum(length) - length,
        length=length,
        kind=kind,
        split=np.zeros(count, dtype=np.int8),
        variant=np.zeros(count, dtype=np.int8),
        level=(-8 + number % 5 / 4).astype(np.float32),
        speech_from=begin,
        speech_to=(begin + 45 + number % 9).astype(np.int32),
        name=[f"item/{i}" for i in range(count)],
    )
