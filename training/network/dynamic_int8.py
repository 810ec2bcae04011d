"""Dynamic int8 quantisation, and how it changes the size of each part. Only this module uses torch.ao.

Weights are stored as int8, and activations are quantised while the network runs. A quantised module describes itself,
which takes room: a tiny Linear grows. packed_file.py puts all weights on a grid, the convolution's too.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from training.network.crnn import Crnn

PARTS: dict[str, set[type[nn.Module]]] = {
    "none": set(),
    "gru": {nn.GRU},
    "linear": {nn.Linear},
    "both": {nn.GRU, nn.Linear},
}


Network = TypeVar("Network", bound=nn.Module)


def quantise_dynamic(network: Network, part: str) -> Network:
    """A copy with the GRU, the Linear layers, or both in dynamic int8."""
    return torch.ao.quantization.quantize_dynamic(network, PARTS[part], dtype=torch.qint8) if PARTS[part] else network


@dataclass(frozen=True)
class Size:
    """Bytes of a network, two ways."""

    raw: int  # weights and biases alone, as they are stored
    saved: int  # torch.save of the state dict, container and all: how the lineage counted


def saved_bytes(state: dict[str, Any]) -> int:
    """Size of the file that torch.save makes of a state dict. The file's name has one letter, as it is stored too."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m"
        torch.save(state, path)
        return path.stat().st_size


def raw_bytes(crnn: Crnn, part: str = "none") -> int:
    """Bytes of the weights: one for each weight in int8 and eight for each matrix, four for each other weight."""
    total = 0
    for module in crnn.modules():
        own = list(module.parameters(recurse=False))
        is_quantised = type(module) in PARTS[part]
        for parameter in own:
            if is_quantised and parameter.dim() > 1:
                total += parameter.numel() + 8
            else:
                total += 4 * parameter.numel()
    return total


def measure(crnn: Crnn) -> dict[str, Size]:
    """The size of a network with each of PARTS quantised."""
    return {part: Size(raw_bytes(crnn, part), saved_bytes(quantise_dynamic(crnn, part).state_dict())) for part in PARTS}
