"""Calibration: a line from margins to log-odds, so that 0.5 means the same in every model.

After it, 0.5 is where continuous validation speech gives a stated rate of false alarms, and a keyword's usual score
lies at a stated height. Without it a confident network keeps all that matters between 0.999 and 1.
"""

from dataclasses import dataclass

import numpy as np
import torch

from kws_app.decision import DecisionConfig
from kws_app.frontend_config import FrontendConfig
from training.features import NOISE, SPEECH, FrameStore
from training.metrics import detection_steps
from training.model import Crnn
from training.validate import FRAMES_PER_S, continuous_margins, keyword_in_talk, posterior

USUAL_SCORE = 0.97  # of a keyword
LEAST_MARGIN = 0.5  # between the two points; nearer, the network has not learnt to tell them apart


@dataclass(frozen=True)
class Calibration:
    """posterior = sigmoid(scale * (margin - offset))"""

    scale: float = 1.0
    offset: float = 0.0


@torch.inference_mode()
def calibrate(crnn: Crnn, store: FrameStore, fa_per_hour: float, split: str = "validation") -> Calibration:
    """The line for a network: the offset from alarms on a set's speech, the scale from its keywords."""
    crnn.eval()
    items = np.concatenate([store.select(SPEECH, split, as_recorded=True), store.select(NOISE, split)])
    heard = continuous_margins(crnn, store, items).margin
    hours = heard.size * crnn.stride_frames / FRAMES_PER_S / 3600
    allowed = fa_per_hour * hours
    candidates = np.unique(np.sort(heard.ravel())[::-1][:2000])  # rising
    step_samples = crnn.stride_frames * FrontendConfig.hop_samples
    low, high = 0, len(candidates) - 1
    while low < high:  # the lowest threshold that keeps the rate
        middle = (low + high) // 2
        config = DecisionConfig(threshold=float(posterior(candidates[middle : middle + 1])[0]))
        alarms = sum(len(detection_steps(posterior(row), config, step_samples)) for row in heard)
        low, high = (low, middle) if alarms <= allowed else (middle + 1, high)
    offset = float(candidates[low])
    usual = float(np.median(keyword_in_talk(crnn, store, split)))
    scale = float(np.log(USUAL_SCORE / (1 - USUAL_SCORE)) / max(usual - offset, LEAST_MARGIN))
    return Calibration(scale, offset)
