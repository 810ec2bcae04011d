"""Rounds weights to a grid of a few bits, trains a network on the grid, and counts its bytes.

Each row of a matrix has its own scale in half precision, and whole numbers of `bits` bits, symmetric around 0. Biases
are in half precision. To round a network a second time changes nothing.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from safetensors.numpy import save
from torch import Tensor, nn

from kws_app.engine.crnn_file import LEAST_SCALE, CrnnSettings, Parameters, pack


def quantise(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """Round a weight [rows, ...] to whole numbers [rows, ...] int8 and scales [rows] float16."""
    highest = 2 ** (bits - 1) - 1
    scale = (weight.flatten(1).abs().amax(dim=1) / highest).clamp_min(LEAST_SCALE).half()
    shape = (-1,) + (1,) * (weight.dim() - 1)
    whole = (weight / scale.float().view(shape)).round().clamp(-highest, highest)
    return whole.to(torch.int8), scale


def restore(whole: Tensor, scale: Tensor) -> Tensor:
    """The weight [rows, ...] float32, from the result of `quantise`."""
    return whole.float() * scale.float().view((-1,) + (1,) * (whole.dim() - 1))


@torch.no_grad()
def put_on_grid(module: nn.Module, bits: int) -> None:
    """Round every parameter of a module to the numbers that the packed file can hold. The module changes in place."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            parameter.copy_(restore(*quantise(parameter, bits)))
        else:
            parameter.copy_(parameter.half().float())


@contextmanager
def on_grid(module: nn.Module, bits: int) -> Iterator[None]:
    """Let the module compute with rounded weights inside the `with` block. Afterwards it has its own weights again.

    The gradients of the rounded weights stay, so a network learns weights that can be rounded (straight-through
    estimate, Bengio et al. 2013).
    bits: 0 for no rounding
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


def parameters_of(module: nn.Module) -> Parameters:
    """The parameters of a network, by the names that a model file has."""
    return {name: parameter.detach().cpu().numpy() for name, parameter in module.named_parameters()}


@torch.no_grad()
def take_parameters(module: nn.Module, parameters: Parameters) -> None:
    """Give a network the parameters of a model file, bit for bit."""
    for name, parameter in module.named_parameters():
        parameter.copy_(torch.from_numpy(parameters[name]))


def packed_bytes(settings: CrnnSettings, module: nn.Module) -> int:
    """The size of a model file whose card holds nothing but the settings of the network."""
    network = json.dumps(settings.for_card(), separators=(",", ":"))
    return len(save(pack(settings, parameters_of(module)), metadata={"network": network}))


def grid_state(module: nn.Module, bits: int) -> dict[str, Tensor]:
    """The state dict of a network on a grid, for torch.save: int8 and scales for a matrix, float16 for a bias."""
    state: dict[str, Tensor] = {}
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            state[name], state[f"{name}.scale"] = quantise(parameter.detach(), bits)
        else:
            state[name] = parameter.detach().half()
    return state


def packed_weight_bytes(module: nn.Module, bits: int) -> int:
    """Bytes of the whole numbers, scales and biases of a network on a grid. Without a grid, 4 for each parameter."""
    if bits == 0:
        return sum(4 * p.numel() for p in module.parameters())
    matrices = [p for p in module.parameters() if p.dim() > 1]
    weights = sum(p.numel() for p in matrices)
    halves = sum(len(p) for p in matrices) + sum(p.numel() for p in module.parameters() if p.dim() == 1)
    return -(-weights * bits // 8) + 2 * halves
