"""Losses against numbers worked by hand."""

import math

import pytest
import torch

from training.features.batches import Targets
from training.network.losses import peak_logits, peak_loss, soft_peak


def logits(margins: list[list[float]]) -> torch.Tensor:
    """Logits [B, S, 2] with the given margins."""
    margin = torch.tensor(margins)
    return torch.stack([torch.zeros_like(margin), margin], dim=-1)


def targets(keyword: list[bool], negative: list[list[bool]], window: list[list[bool]]) -> Targets:
    return Targets(torch.tensor(keyword), torch.tensor(negative), torch.tensor(window))


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def test_soft_peak_is_log_mean_exp_over_the_mask() -> None:
    margin = torch.tensor([[1.0, 2.0, 50.0]])
    mask = torch.tensor([[True, True, False]])
    assert soft_peak(margin, mask).item() == pytest.approx(math.log((math.e + math.e**2) / 2), abs=1e-5)


def test_negative_sequence() -> None:
    loss = peak_loss(logits([[1.0, -1.0]]), targets([False], [[True, True]], [[False, False]]))
    peak = math.log((math.e + 1 / math.e) / 2)
    assert loss.item() == pytest.approx(softplus(peak) + (softplus(1) + softplus(-1)) / 2, abs=1e-5)


def test_keyword_sequence_leaves_the_steps_between_alone() -> None:
    case = targets([True], [[True, False, False]], [[False, False, True]])
    loss = peak_loss(logits([[-2.0, 9.0, 3.0]]), case)
    assert loss.item() == pytest.approx(softplus(-3.0) + 2 * softplus(-2.0), abs=1e-5)


def test_gradients_are_finite_where_a_mask_is_empty() -> None:
    x = torch.zeros(2, 3, 2, requires_grad=True)
    case = targets([True, False], [[False] * 3, [True] * 3], [[True] * 3, [False] * 3])
    peak_loss(x, case).backward()
    assert x.grad is not None and torch.isfinite(x.grad).all() and x.grad.abs().sum() > 0


def test_peak_logits_are_of_the_windows_and_of_what_lies_outside() -> None:
    case = targets([True, False], [[True, False, False], [True, True, True]], [[False, False, True], [False] * 3])
    found = peak_logits(logits([[-2.0, 9.0, 3.0], [1.0, 1.0, 1.0]]), case)
    assert found[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert found[:, 1].tolist() == pytest.approx([3.0, -2.0, 1.0], abs=1e-5)
