"""Weights on a grid: within half a step, the same when rounded again, and restored after a training step."""

from dataclasses import asdict

import pytest
import torch

from kws_app.engine.crnn_file import pack, unpack
from tests.support.toy_speech import TINY_CRNN
from training.config import CrnnConfig
from training.export.artifact import settings_of
from training.export.calibrate import Calibration
from training.network.crnn import Crnn
from training.network.dynamic_int8 import saved_bytes
from training.network.packed_file import (
    grid_state,
    on_grid,
    packed_bytes,
    packed_weight_bytes,
    parameters_of,
    put_on_grid,
    quantise,
    restore,
    take_parameters,
)


@pytest.mark.parametrize("bits", [3, 4, 6, 8])
def test_rounding_is_within_half_a_step(bits: int) -> None:
    weight = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0))
    whole, scale = quantise(weight, bits)
    assert int(whole.abs().max()) == 2 ** (bits - 1) - 1 and scale.dtype == torch.float16
    error = (restore(whole, scale) - weight).abs().flatten(1).amax(dim=1)
    assert (error <= 0.51 * scale.float() + 1e-3).all()


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("largest", [1e-7, 1e-4, 3e-3, 0.5])
def test_rows_of_small_weights_stay_on_the_grid_too(largest: float, bits: int) -> None:
    weight = largest * torch.linspace(-1, 1, 40).reshape(4, 10)
    once = restore(*quantise(weight, bits))
    torch.testing.assert_close(restore(*quantise(once, bits)), once, rtol=0, atol=0)


def test_what_is_on_the_grid_stays_there() -> None:
    crnn = Crnn(TINY_CRNN)
    put_on_grid(crnn, 8)
    once = [parameter.clone() for parameter in crnn.parameters()]
    put_on_grid(crnn, 8)
    assert all(torch.equal(a, b) for a, b in zip(once, crnn.parameters(), strict=True))


def test_weights_come_back_and_gradients_stay() -> None:
    crnn = Crnn(TINY_CRNN)
    own = [parameter.clone() for parameter in crnn.parameters()]
    with on_grid(crnn, 4):
        assert not torch.equal(crnn.conv.weight, own[0])
        crnn.conv.weight.square().sum().backward()
    assert all(torch.equal(a, b) for a, b in zip(own, crnn.parameters(), strict=True))
    torch.testing.assert_close(crnn.conv.weight.grad, 2 * restore(*quantise(own[0], 4)))


@pytest.mark.parametrize("bits", [0, 2, 3, 4, 6, 8])
def test_a_model_file_gives_the_network_back_bit_for_bit(bits: int) -> None:
    crnn, other = Crnn(TINY_CRNN), Crnn(TINY_CRNN)
    if bits:
        put_on_grid(crnn, bits)
    settings = settings_of({"crnn": asdict(TINY_CRNN), "train": {"weight_bits": bits}}, Calibration())
    assert {name: tuple(p.shape) for name, p in crnn.named_parameters()} == settings.shape.parameter_shapes
    tensors = pack(settings, parameters_of(crnn))
    take_parameters(other, unpack(settings, tensors))
    for name, value in crnn.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    raw = packed_weight_bytes(crnn, bits)
    assert raw == settings.packed_bytes == sum(tensor.nbytes for tensor in tensors.values())
    assert raw < packed_bytes(settings, crnn) < raw + 900, "the container must stay small"


def test_the_state_that_torch_saves_of_a_grid_is_the_network_in_a_third_of_the_bytes() -> None:
    crnn = Crnn(CrnnConfig())
    put_on_grid(crnn, 8)
    state = grid_state(crnn, 8)
    for name, parameter in crnn.named_parameters():
        scale = state.pop(f"{name}.scale", None)
        value = state.pop(name)
        found = value.float() if scale is None else restore(value, scale)
        assert torch.equal(found, parameter), name
    assert not state
    assert 3 < saved_bytes(crnn.state_dict()) / saved_bytes(grid_state(crnn, 8)) < 4


def test_weights_off_the_grid_are_not_packed() -> None:
    settings = settings_of({"crnn": asdict(TINY_CRNN), "train": {"weight_bits": 8}}, Calibration())
    with pytest.raises(ValueError, match="not on a grid of 8 bits"):
        pack(settings, parameters_of(Crnn(TINY_CRNN)))
