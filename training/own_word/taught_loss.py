"""The loss of a student that an expert teaches, from the labels and from the expert's scores."""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import DistillConfig
from training.features.batches import Targets
from training.network.crnn import Answer
from training.network.losses import dark_loss, margin_of, peak_logits, peak_loss
from training.own_word.lessons import TaughtTargets


class TaughtLoss:
    """The loss of labels and of the expert's peaks, as in `fit.distill`, and of the expert's score at every step."""

    def __init__(self, config: DistillConfig) -> None:
        self.config = config

    def __call__(self, log_mel: Tensor, answer: Answer, targets: Targets) -> Tensor:
        """A scalar, the mean over sequences."""
        assert isinstance(targets, TaughtTargets)
        config, said, T = self.config, targets.margin, self.config.temperature
        expert = torch.stack([torch.zeros_like(said), said], dim=-1)
        dark = dark_loss(peak_logits(answer.logits, targets), peak_logits(expert, targets), T)
        every = F.binary_cross_entropy_with_logits(margin_of(answer.logits) / T, torch.sigmoid(said / T))
        labels = peak_loss(answer.logits, targets)
        return config.dark_weight * dark + (1 - config.dark_weight) * labels + config.step_weight * T**2 * every
