"""Mining: finds the sound in the training negatives that a network confuses most with the keyword."""

import numpy as np
import torch

from training.features.frame_store import SPEECH, WORD, FrameStore
from training.features.plan import Mined
from training.fit.validate import (
    FRAMES_PER_S,
    clip_peaks,
    continuous_margins,
    posterior,
)
from training.network.crnn import Crnn


@torch.inference_mode()
def mine(crnn: Crnn, store: FrameStore, keep_share: float) -> Mined:
    """The seconds of training speech with the highest scores, and a weight for each other word.

    keep_share: the share of the seconds that is kept, 0..1
    """
    crnn.eval()
    heard = continuous_margins(crnn, store, store.select(SPEECH, "training"))
    per_second = max(1, FRAMES_PER_S // crnn.stride_frames)
    seconds = heard.margin.shape[1] // per_second
    peak = heard.margin[:, : seconds * per_second].reshape(-1, seconds, per_second)
    step = peak.argmax(axis=2) + np.arange(seconds) * per_second  # [rows, seconds]
    values = np.take_along_axis(heard.margin, step, axis=1).ravel()
    kept = np.argsort(values)[::-1][: max(1, int(len(values) * keep_share))]
    item = np.take_along_axis(heard.item, step, axis=1).ravel()[kept]
    frame = np.take_along_axis(heard.frame, step, axis=1).ravel()[kept]
    words = store.select(WORD, "training")
    weight = posterior(clip_peaks(crnn, store, words)) + 1e-4
    return Mined(item, frame, weight / weight.sum())
