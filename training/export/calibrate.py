"""Calibration: a line from margins to log-odds, so that a score means the same in every model.

After calibration a given share of the validation keywords scores below 0.5, and the median keyword scores 0.97.
Without it, the useful scores of a confident network all lie between 0.999 and 1. Keywords set the line because there
are hundreds of them, and only a few false alarms.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from training.features.frame_store import FrameStore
from training.fit.validate import NOISY_DB, keyword_in_talk
from training.network.crnn import Crnn

USUAL_SCORE = 0.97  # of the median keyword
# The share of validation keywords that score below 0.5, by role. The smallest networks must miss more keywords, or
# they give too many false alarms in talk.
MISSES = {"teacher": 0.05, "student": 0.05, "quantized": 0.05, "tiny": 0.10, "micro": 0.10}
LEAST_MARGIN = 0.5  # between the two points of the line; a smaller distance would make it too steep


@dataclass(frozen=True)
class Calibration:
    """posterior = sigmoid(scale * (margin - offset))"""

    scale: float = 1.0
    offset: float = 0.0


@torch.inference_mode()
def calibrate(crnn: Crnn, store: FrameStore, misses: float, split: str = "validation") -> Calibration:
    """The line for a network, from the keywords of a set. They are laid into its talk, clean and with noise.

    misses: the share of keywords that should score below 0.5
    """
    crnn.eval()
    peaks = np.concatenate([keyword_in_talk(crnn, store, split), keyword_in_talk(crnn, store, split, NOISY_DB)])
    return line_through(peaks, misses)


def line_through(peaks: NDArray[np.floating], misses: float) -> Calibration:
    """The line for the highest margins of some keywords [N]. misses: the share that should score below 0.5"""
    offset, usual = (float(x) for x in np.quantile(peaks, [misses, 0.5]))
    scale = float(np.log(USUAL_SCORE / (1 - USUAL_SCORE)) / max(usual - offset, LEAST_MARGIN))
    return Calibration(scale, offset)
