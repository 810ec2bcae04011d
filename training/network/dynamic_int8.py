"""Dynamic int8 quantisation, and how it changes the size of each part. Only this module uses torch.ao.

Weights are stored as int8, and activations are quantised while the network runs. torch.ao stores a description of each
module as well, so a tiny Linear layer grows. packed_file.py rounds all weights to a grid instead.
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
    """A copy of the network with some layers in dynamic int8. part: a name in PARTS; "none" returns the network"""
    return torch.ao.quantization.quantize_dynamic(network, PARTS[part], dtype=torch.qint8) if PARTS[part] else network


@dataclass(frozen=True)
class Size:
    """Bytes of a network, counted in two ways."""

    raw: int  # weights and biases alone
    saved: int  # the file that torch.save makes of the state dict: how the lineage counted


def saved_bytes(state: dict[str, Any]) -> int:
    """The size of the file that torch.save makes of a state dict. Its name has one letter: the file holds the name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m"
        torch.save(state, path)
        return path.stat().st_size


def raw_bytes(crnn: Crnn, part: str = "none") -> int:
    """Bytes of the weights. A matrix in int8 takes a byte for each weight and eight more; another weight takes four."""
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
    """The size of a network for each choice of layers in PARTS."""
    return {part: Size(raw_bytes(crnn, part), saved_bytes(quantise_dynamic(crnn, part).state_dict())) for part in PARTS}
