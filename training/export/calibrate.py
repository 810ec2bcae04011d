"""Calibration: a line from margins to log-odds, so that a score means the same in every model.

After it, 0.5 is the score that a stated share of the validation keywords stays below, and the usual keyword scores
0.97. Without it a confident network keeps all that matters between 0.999 and 1. The points are set by keywords, of
which there are hundreds, and not by false alarms, of which validation has a few.
"""

from dataclasses import dataclass

import numpy as np
import torch

from training.features.frame_store import FrameStore
from training.fit.validate import NOISY_DB, keyword_in_talk
from training.network.crnn import Crnn

USUAL_SCORE = 0.97  # of the median keyword
LEAST_MARGIN = 0.5  # between the two points; nearer, the network has not learnt to tell them apart


@dataclass(frozen=True)
class Calibration:
    """posterior = sigmoid(scale * (margin - offset))"""

    scale: float = 1.0
    offset: float = 0.0


@torch.inference_mode()
def calibrate(crnn: Crnn, store: FrameStore, misses: float, split: str = "validation") -> Calibration:
    """The line for a network, from the keywords of a set laid into its talk, clean and noisy.

    misses: share of them that is to stay below 0.5
    """
    crnn.eval()
    peaks = np.concatenate([keyword_in_talk(crnn, store, split), keyword_in_talk(crnn, store, split, NOISY_DB)])
    offset, usual = (float(x) for x in np.quantile(peaks, [misses, 0.5]))
    scale = float(np.log(USUAL_SCORE / (1 - USUAL_SCORE)) / max(usual - offset, LEAST_MARGIN))
    return Calibration(scale, offset)
