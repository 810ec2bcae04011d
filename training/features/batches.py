"""Makes the frames of planned training sequences by arithmetic on mel power, and the target of each step.

plan.py draws the plans. Recorded frames come from frame_store.py.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.config import CrnnConfig
from training.features.frame_store import FrameStore
from training.features.plan import FLOOR, Ints, Plan


def assemble(store: FrameStore, plan: Plan, frames: int) -> Tensor:
    """The planned sequences as log-mel frames [B, T, F] float32."""
    time = torch.arange(frames)[None]  # [1, T]

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values))[:, None]  # [B, 1]

    word_position = time - tensor(plan.word_at) + tensor(plan.word_from)  # [B, T], frames of the item
    in_word = (word_position >= tensor(plan.word_from)) & (word_position < tensor(plan.word_to))
    none, never = torch.zeros(len(plan), 1), torch.zeros(len(plan), 1, dtype=torch.bool)
    layers = (  # item, position in the item, where it is silent, gain
        (plan.around, time + tensor(plan.around_from), in_word & tensor((plan.word >= 0) & plan.replaces), none),
        (plan.word, word_position, ~in_word, tensor(plan.word_gain)),
        (plan.noise, time + tensor(plan.noise_from), never, tensor(plan.noise_gain)),
    )
    mixed = torch.zeros(len(plan), frames, store.frames.shape[1])  # mel power
    for item, position, cut, gain in layers:
        rows = torch.from_numpy(np.flatnonzero(item >= 0))
        length, position = tensor(store.length[item]), position[rows]
        cut = cut.expand(-1, frames)[rows] | (position < 0) | (position >= length[rows])
        index = tensor(store.start[item])[rows] + torch.minimum(position.clamp_min(0), length[rows] - 1)
        log_mel = store.frames.index_select(0, index.flatten()).float().view(len(rows), *mixed.shape[1:])
        log_mel += gain[rows].expand(-1, frames).masked_fill(cut, -torch.inf)[..., None]
        mixed.index_add_(0, rows, log_mel.exp_())

    bins = torch.linspace(-0.5, 0.5, mixed.shape[2])
    change = tensor(plan.gain) + tensor(plan.tilt) * bins  # [B, F]
    log_mel = mixed.log_().add_(change[:, None]).clamp_min_(FLOOR)
    if (plan.mask_mels[:, 1] > plan.mask_mels[:, 0]).any() or (plan.mask_frames[:, 1] > plan.mask_frames[:, 0]).any():
        blank_mels = _between(torch.arange(mixed.shape[2])[None], plan.mask_mels)[:, None]  # [B, 1, F]
        blank_frames = _between(time, plan.mask_frames)[..., None]  # [B, T, 1]
        mean = log_mel.mean(dim=(1, 2), keepdim=True)
        log_mel = torch.where(blank_mels | blank_frames, mean, log_mel)
    return log_mel


def _between(index: Tensor, bounds: Ints) -> Tensor:
    """Whether the index lies in the bounds. [1, n] and [B, 2] -> [B, n]"""
    edges = torch.from_numpy(bounds)
    return (index >= edges[:, :1]) & (index < edges[:, 1:])


@dataclass(frozen=True)
class Targets:
    """What each step should answer. A step in neither mask may answer anything."""

    is_keyword: Tensor  # [B] bool
    negative: Tensor  # [B, S] bool, steps that must not answer
    window: Tensor  # [B, S] bool, at least one of these steps should answer

    def to(self, device: torch.device) -> "Targets":
        """The same targets on a device."""
        return Targets(self.is_keyword.to(device), self.negative.to(device), self.window.to(device))


def step_targets(plan: Plan, frames: int, crnn: CrnnConfig) -> Targets:
    """Turn the plan's frame bounds into masks over the steps of a network."""
    steps = crnn.steps(frames)
    ends = torch.arange(steps)[None] * crnn.stride_frames + crnn.kernel_frames  # the frame after the last one seen
    negative = ends <= torch.from_numpy(plan.negative_until)[:, None]
    window = (ends > torch.from_numpy(plan.window_from)[:, None]) & (ends <= torch.from_numpy(plan.window_to)[:, None])
    is_keyword = torch.from_numpy(plan.is_keyword)
    # If the word ends with the sequence, its window may hold no step. Then the last step should answer.
    missed = is_keyword & ~window.any(dim=1)
    window[missed, -1] = True
    return Targets(is_keyword, negative & ~window, window)
