"""The loss of a student that an expert teaches: by labels, by dark knowledge, and by hints of the embeddings."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import DistillConfig
from training.features.batches import Targets
from training.network.crnn import Answer
from training.network.losses import dark_loss, margin_of, peak_logits, peak_loss, summary_loss
from training.own_word.lessons import TaughtTargets


class TaughtLoss(nn.Module):
    """Labels and the expert's peaks as `fit.distill` weighs them, the expert's every step, and its hints.

    The hints are of what the embeddings were in the last second. A linear layer tells them from the student's summary;
    it is dropped after training (FitNets, Romero et al. 2015).
    """

    def __init__(self, config: DistillConfig, hidden: int, hints: int = 0) -> None:
        super().__init__()
        self.config = config
        if hints:
            self.projection = nn.Linear(hidden, hints)
            for parameter in self.projection.parameters():  # so that no random number is drawn for it
                nn.init.zeros_(parameter)

    def forward(self, log_mel: Tensor, answer: Answer, targets: Targets) -> Tensor:
        assert isinstance(targets, TaughtTargets)
        config, said = self.config, targets.margin
        loss = log_mel.new_zeros(())
        if config.dark_weight + config.step_weight > 0:
            expert = torch.stack([torch.zeros_like(said), said], dim=-1)
            dark = dark_loss(peak_logits(answer.logits, targets), peak_logits(expert, targets), config.temperature)
            loss = config.dark_weight * dark + (1 - config.dark_weight) * peak_loss(answer.logits, targets)
            T = config.temperature
            every = F.binary_cross_entropy_with_logits(margin_of(answer.logits) / T, torch.sigmoid(said / T))
            loss = loss + config.step_weight * T**2 * every
        if targets.hints is not None:
            loss = loss + config.summary_weight * summary_loss(self.projection(answer.summary), targets.hints)
        return loss
