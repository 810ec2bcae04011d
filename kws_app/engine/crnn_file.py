"""Converts the parameters of a `crnn` network to the tensors of a model file and back. Only NumPy.

Without a grid, `f` holds all parameters one after the other, in single precision. On a grid of 2 to 8 bits, `w` holds
the whole numbers of all matrices, `s` the scale of each row, and `b` all other parameters; `s` and `b` are in half
precision.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.crnn_shape import CrnnShape

Tensors = dict[str, NDArray[Any]]
Parameters = dict[str, NDArray[np.float32]]

FAMILY = "crnn"
GRID_BITS = (2, 8)
CALIBRATION_SCALE = (1e-3, 1e3)
CALIBRATION_OFFSET = (-1e3, 1e3)
LARGEST_WEIGHT = 1e4  # larger numbers are refused, so that sums stay finite
LEAST_SCALE = 2.0**-14  # of a row of rounded weights: float16 rounds smaller numbers coarsely


@dataclass(frozen=True)
class CrnnSettings:
    """The settings of a `crnn` on a card: posterior = sigmoid(scale * (margin - offset))."""

    shape: CrnnShape
    scale: float
    offset: float
    weight_bits: int = 0  # bits of the grid; 0 without a grid

    def __post_init__(self) -> None:
        bits, (least, most) = self.weight_bits, GRID_BITS
        if type(bits) is not int or (bits != 0 and not least <= bits <= most):
            raise ValueError(f"weight_bits must be 0 or from {least} to {most}, got {bits!r:.40}")
        for name, (low, high) in (("scale", CALIBRATION_SCALE), ("offset", CALIBRATION_OFFSET)):
            value = getattr(self, name)
            if type(value) not in (int, float) or not low <= value <= high:
                raise ValueError(f"{name} of the calibration must be from {low:g} to {high:g}, got {value!r:.40}")

    @classmethod
    def from_card(cls, network: Mapping[str, Any]) -> "CrnnSettings":
        """raises TypeError, ValueError or KeyError unless it is a `crnn` within the limits"""
        if set(network) != {"family", "shape", "scale", "offset", "weight_bits"} or network["family"] != FAMILY:
            raise ValueError("a crnn's network has the fields family, shape, scale, offset and weight_bits")
        shape = CrnnShape.from_json(network["shape"])
        return cls(shape, network["scale"], network["offset"], network["weight_bits"])

    def for_card(self) -> dict[str, Any]:
        """The field `network` of a card, for `from_card`."""
        own = {"scale": self.scale, "offset": self.offset, "weight_bits": self.weight_bits}
        return {"family": FAMILY, "shape": asdict(self.shape), **own}

    @property
    def tensor_kinds(self) -> dict[str, tuple[str, int]]:
        """The type and length of each tensor in the file, by name."""
        if self.weight_bits == 0:
            return {"f": ("float32", self.shape.parameters)}
        shapes = self.shape.parameter_shapes.values()
        matrices = [shape for shape in shapes if len(shape) > 1]
        weights, rows = sum(map(prod, matrices)), sum(shape[0] for shape in matrices)
        kind = "int8" if self.weight_bits == 8 else "uint8"
        packed = (kind, -(-weights * self.weight_bits // 8))
        return {"w": packed, "s": ("float16", rows), "b": ("float16", self.shape.parameters - weights)}

    @property
    def packed_bytes(self) -> int:
        """The size of the tensors."""
        return sum(np.dtype(kind).itemsize * length for kind, length in self.tensor_kinds.values())


def unpack(settings: CrnnSettings, tensors: Mapping[str, NDArray[Any]]) -> Parameters:
    """The parameters by name, in single precision. raises ValueError if the tensors do not fit the settings"""
    found = {name: (str(tensor.dtype), *tensor.shape) for name, tensor in tensors.items()}
    if found != settings.tensor_kinds:
        raise ValueError(f"its tensors must be {settings.tensor_kinds}, and are {found!r:.200}")
    bits = settings.weight_bits
    pools = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    if bits:
        pools["w"] = whole_numbers(pools["w"], bits)
    at = dict.fromkeys(pools, 0)

    def take(name: str, count: int) -> NDArray[np.float32]:
        at[name] += count
        return pools[name][at[name] - count : at[name]].astype(np.float32)

    parameters: Parameters = {}
    for name, shape in settings.shape.parameter_shapes.items():
        if bits == 0:
            parameters[name] = take("f", prod(shape)).reshape(shape)
        elif len(shape) > 1:
            whole = take("w", prod(shape)).reshape(shape)
            parameters[name] = whole * take("s", shape[0]).reshape(-1, *[1] * (len(shape) - 1))
        else:
            parameters[name] = take("b", prod(shape))
        if not np.abs(parameters[name]).max(initial=0.0) <= LARGEST_WEIGHT:  # also refuses NaN
            raise ValueError(f"{name} holds numbers that are too large for weights")
    return parameters


def whole_numbers(packed: NDArray[Any], bits: int) -> NDArray[np.int8]:
    """The whole numbers [n] in a result of `packed_numbers`, and the padding of the last byte after them."""
    if bits == 8:
        return packed
    each = np.unpackbits(packed)
    codes = np.packbits(each[: len(each) // bits * bits].reshape(-1, bits), axis=1)[:, 0] >> (8 - bits)
    return (codes.astype(np.int16) - 2 ** (bits - 1)).astype(np.int8)


def packed_numbers(whole: NDArray[np.int8], bits: int) -> NDArray[Any]:
    """Whole numbers [n] packed without gaps, [ceil(n * bits / 8)] uint8; with 8 bits they stay int8."""
    if bits == 8:
        return whole
    codes = (whole.astype(np.int16) + 2 ** (bits - 1)).astype(np.uint8)
    return np.packbits(np.unpackbits(codes[:, None], axis=1)[:, 8 - bits :])


def quantise(weight: NDArray[np.float32], bits: int) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Whole numbers [rows, ...], symmetric around 0, and scales [rows] of a weight [rows, ...]."""
    highest = 2 ** (bits - 1) - 1
    largest = np.abs(weight.reshape(len(weight), -1)).max(axis=1)
    scale = np.maximum(largest / np.float32(highest), np.float32(LEAST_SCALE)).astype(np.float16)
    steps = weight / scale.astype(np.float32).reshape(-1, *[1] * (weight.ndim - 1))
    return np.clip(np.rint(steps), -highest, highest).astype(np.int8), scale


def pack(settings: CrnnSettings, parameters: Mapping[str, NDArray[np.float32]]) -> Tensors:
    """The tensors of the parameters. `unpack` gives exactly the same parameters back.

    raises ValueError if a parameter is not on the grid
    """
    ordered = [np.asarray(parameters[name], np.float32) for name in settings.shape.parameter_shapes]
    if settings.weight_bits == 0:
        return {"f": np.concatenate([parameter.ravel() for parameter in ordered])}
    matrices = [quantise(parameter, settings.weight_bits) for parameter in ordered if parameter.ndim > 1]
    tensors: Tensors = {
        "w": packed_numbers(np.concatenate([whole.ravel() for whole, _ in matrices]), settings.weight_bits),
        "s": np.concatenate([scale for _, scale in matrices]),
        "b": np.concatenate([parameter.astype(np.float16) for parameter in ordered if parameter.ndim == 1]),
    }
    again = unpack(settings, tensors)
    names = settings.shape.parameter_shapes
    if not all(np.array_equal(again[name], parameter) for name, parameter in zip(names, ordered, strict=True)):
        raise ValueError(f"the weights are not on a grid of {settings.weight_bits} bits; train or round them first")
    return tensors
