"""The processes of a run, which torchrun starts: which process writes, and how the processes agree.

A single process is a team of one and sends nothing. Several processes share each batch and average their gradients.
"""

import os
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import nn

Shared = TypeVar("Shared")


class Team:
    """The rank of this process and the number of processes. They talk through gloo on CPUs, NCCL on GPUs."""

    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(self.device)  # `agree` sends through the current device
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def writes(self) -> bool:
        """Whether this process writes the files and the log."""
        return self.rank == 0

    def average_gradients(self, module: nn.Module) -> None:
        """Replace all gradients by their mean over the processes. As shares are equal, that is the batch's gradient."""
        if self.world == 1:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def mean(self, value: float) -> float:
        """The mean over the processes."""
        if self.world == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return float(total) / self.world

    def agree(self, value: Shared) -> Shared:
        """Give every process the value of the process that writes. All processes wait here for one another."""
        if self.world == 1:
            return value
        box: list[Any] = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def disband(self) -> None:
        """Leave the process group."""
        if dist.is_initialized():
            dist.destroy_process_group()
