"""Keywords laid into talk, with noises that are shorter than the sequence."""

from dataclasses import replace

import numpy as np
import torch

from tests.support.formula_store import formula_store
from tests.support.toy_speech import TINY_CRNN
from training.features.frame_store import KEYWORD, NOISE
from training.fit.validate import keyword_in_talk
from training.network.crnn import Crnn


def test_a_noise_that_is_shorter_than_the_sequence_is_repeated() -> None:
    torch.manual_seed(0)
    store = formula_store()
    length = np.where(store.kind == NOISE, 20, store.length)
    frames = (torch.randn(store.frames.shape) * 3 - 8).half()
    short = replace(store, length=length, frames=frames)
    crnn = Crnn(TINY_CRNN).eval().requires_grad_(False)
    quiet, noisy = (keyword_in_talk(crnn, short, "training", snr_db) for snr_db in (None, 10.0))
    assert len(noisy) == len(quiet) == len(store.select(KEYWORD, "training"))
    assert np.isfinite(noisy).all() and not np.array_equal(noisy, quiet)
