"""Weights on a grid of a few bits: training on it, and a packed file from which an artifact is rebuilt bit for bit.

Each row of a matrix has a scale of its own in half precision and whole numbers of `bits` bits, symmetric round 0;
biases are in half precision. A network whose weights lie on the grid already is not changed by being put on it again.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


def quantise(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Whole numbers [rows, ...] int8 and scales [rows] float16 of a weight [rows, ...]."""
    highest = 2 ** (bits - 1) - 1
    scale = (weight.flatten(1).abs().amax(dim=1) / highest).clamp_min(1e-6).half()
    shape = (-1,) + (1,) * (weight.dim() - 1)
    whole = (weight / scale.float().view(shape)).round().clamp(-highest, highest)
    return whole.to(torch.int8), scale


def restore(whole: Tensor, scale: Tensor) -> Tensor:
    """The weight [rows, ...] float32 that `quantise` stands for."""
    return whole.float() * scale.float().view((-1,) + (1,) * (whole.dim() - 1))


@torch.no_grad()
def put_on_grid(module: nn.Module, bits: int) -> None:
    """Round every parameter of a module, in place, to what the packed file can hold."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            parameter.copy_(restore(*quantise(parameter, bits)))
        else:
            parameter.copy_(parameter.half().float())


@contextmanager
def on_grid(module: nn.Module, bits: int) -> Iterator[None]:
    """Within, the module computes with rounded weights; after, it has its own again, and the gradients of the rounded.

    Training so lets a network find weights that bear the rounding (straight-through estimate, Bengio et al. 2013).
    0 bits: no rounding.
    """
    if bits == 0:
        yield
        return
    own = [parameter.detach().clone() for parameter in module.parameters()]
    put_on_grid(module, bits)
    try:
        yield
    finally:
        with torch.no_grad():
            for parameter, value in zip(module.parameters(), own, strict=True):
                parameter.copy_(value)


def save_packed(crnn: nn.Module, bits: int, settings: dict[str, Any], path: Path) -> None:
    """Write a network as a safetensors file: whole numbers, scales and biases, one tensor each, and its settings.

    bits: of the whole numbers, 2 to 8, laid end to end. 0: every parameter as it is, in single precision
    raises ValueError if a weight is not on the grid, as it would not come back as it is
    """
    matrices = [p.detach() for p in crnn.parameters() if p.dim() > 1]
    vectors = [p.detach() for p in crnn.parameters() if p.dim() == 1]
    if bits == 0:
        tensors = {"f": torch.cat([p.detach().flatten() for p in crnn.parameters()])}
    else:
        pairs = [quantise(matrix, bits) for matrix in matrices]
        if not all(torch.equal(restore(*pair), matrix) for pair, matrix in zip(pairs, matrices, strict=True)):
            raise ValueError(f"the weights are not on a grid of {bits} bits; train or round them first")
        whole = torch.cat([codes.flatten() for codes, _ in pairs])
        tensors = {
            "w": _to_bytes(whole, bits),
            "s": torch.cat([scale for _, scale in pairs]),
            "b": torch.cat([vector.half() for vector in vectors]),
        }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"bits": str(bits), "settings": json.dumps(settings, separators=(",", ":"))})
    path.chmod(0o644)


def float_packed_bytes(module: nn.Module) -> int:
    """Size of the packed file of a network in single precision, its settings left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m"
        save_packed(module, 0, {}, path)
        return path.stat().st_size


def load_packed(path: Path, build: Callable[[dict[str, Any]], nn.Module]) -> tuple[nn.Module, dict[str, Any]]:
    """The network of a packed file, weights bit for bit, and its settings.

    build: makes a network of the right shape from the settings
    """
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
    settings, bits = json.loads(metadata["settings"]), int(metadata["bits"])
    module = build(settings)
    at = {"f": 0, "w": 0, "s": 0, "b": 0}

    def take(name: str, count: int) -> Tensor:
        at[name] += count
        return tensors[name][at[name] - count : at[name]]

    if bits:
        tensors["w"] = _from_bytes(tensors["w"], bits)
    with torch.no_grad():
        for parameter in module.parameters():
            if bits == 0:
                parameter.copy_(take("f", parameter.numel()).view_as(parameter))
            elif parameter.dim() > 1:
                whole = take("w", parameter.numel()).view_as(parameter)
                parameter.copy_(restore(whole, take("s", len(parameter))))
            else:
                parameter.copy_(take("b", parameter.numel()).float())
    return module, settings


def grid_state(module: nn.Module, bits: int) -> dict[str, Tensor]:
    """The state dict of a network on a grid, in what torch can save: int8 and scales for a matrix, else float16."""
    state: dict[str, Tensor] = {}
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            state[name], state[f"{name}.scale"] = quantise(parameter.detach(), bits)
        else:
            state[name] = parameter.detach().half()
    return state


def packed_weight_bytes(module: nn.Module, bits: int) -> int:
    """Bytes of whole numbers, scales and biases of a network on a grid; 4 a parameter where there is none."""
    if bits == 0:
        return sum(4 * p.numel() for p in module.parameters())
    matrices = [p for p in module.parameters() if p.dim() > 1]
    weights = sum(p.numel() for p in matrices)
    halves = sum(len(p) for p in matrices) + sum(p.numel() for p in module.parameters() if p.dim() == 1)
    return -(-weights * bits // 8) + 2 * halves


def _to_bytes(whole: Tensor, bits: int) -> Tensor:
    """Whole numbers [n] as bytes [ceil(n * bits / 8)] uint8; 8 bits stay what they are, int8."""
    if bits == 8:
        return whole
    codes = (whole.numpy() + 2 ** (bits - 1)).astype(np.uint8)
    return torch.from_numpy(np.packbits(np.unpackbits(codes[:, None], axis=1)[:, 8 - bits :]))


def _from_bytes(packed: Tensor, bits: int) -> Tensor:
    """The whole numbers that `_to_bytes` was given, int8, and at their end what fills the last byte."""
    if bits == 8:
        return packed
    each = np.unpackbits(packed.numpy())
    codes = np.packbits(each[: len(each) // bits * bits].reshape(-1, bits), axis=1)[:, 0] >> (8 - bits)
    return torch.from_numpy((codes.astype(np.int16) - 2 ** (bits - 1)).astype(np.int8))
