"""Losses over the steps of a stream, as pure functions: of labels, dark knowledge, attention and summaries.

The margin of a step is logit(keyword) - logit(other). So softplus(margin) is the cross-entropy of "other", and
softplus(-margin) is the cross-entropy of "keyword".
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.features.batches import Targets

_FAR_BELOW = -1e4  # margin of a step that does not count; finite, so that its gradient is zero and not undefined


def margin_of(logits: Tensor) -> Tensor:
    """logit(keyword) - logit(other). [..., 2] -> [...]"""
    return logits[..., 1] - logits[..., 0]


def soft_peak(margin: Tensor, mask: Tensor) -> Tensor:
    """A smooth maximum over the steps in the mask: log-mean-exp. Very low for an empty mask. [B, S] both -> [B]"""
    masked = margin.masked_fill(~mask, _FAR_BELOW)
    return torch.logsumexp(masked, dim=1) - mask.sum(dim=1).clamp_min(1).log()


def peak_loss(logits: Tensor, targets: Targets) -> Tensor:
    """The loss of the labels: cross-entropy of each sequence's peak, and of every step that must not answer.

    Within the word's window the peak should say "keyword" (max-pooling loss, Sun et al. 2016, smoothed). Outside of the
    window, the peak and the average step should say "other": a single high step is a false alarm.
    logits: [B, S, 2]; returns a scalar, the mean over sequences
    """
    margin = margin_of(logits)  # [B, S]
    hit = F.softplus(-soft_peak(margin, targets.window)) * targets.is_keyword
    worst = F.softplus(soft_peak(margin, targets.negative))
    every = (F.softplus(margin) * targets.negative).sum(dim=1) / targets.negative.sum(dim=1).clamp_min(1)
    return (hit + worst + every).mean()


def peak_logits(logits: Tensor, targets: Targets) -> Tensor:
    """The logits of two peaks of each sequence: within the word's window, and outside of it. [R, 2]

    A sequence without the keyword has no window and gives only the second peak.
    """
    margin = margin_of(logits)
    masks = (targets.window, targets.negative)
    peaks = torch.cat([soft_peak(margin, mask)[mask.any(dim=1)] for mask in masks])
    return torch.stack([torch.zeros_like(peaks), peaks], dim=-1)


def dark_loss(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the student's softmax with the teacher's, both at a temperature T, times T^2.

    The factor T^2 keeps the size of the gradients the same at any T (Hinton et al. 2015).
    student, teacher: logits [..., 2]; returns a scalar, the mean
    """
    soft = torch.softmax(teacher / temperature, dim=-1)
    return -(soft * torch.log_softmax(student / temperature, dim=-1)).sum(-1).mean() * temperature**2


def attention_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Cross-entropy of the student's attention with the teacher's. Both [B, S, W], rows sum to 1; returns a scalar."""
    return -(teacher * torch.log(student.clamp_min(1e-8))).sum(-1).mean()


def summary_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance of the student's projected summaries from the teacher's. Both [B, S, H']; gives a scalar"""
    return (student - teacher).pow(2).mean()
