"""Converts the head of an `expert` to the tensors of a model file and back. Only NumPy.

posterior = sigmoid(scale * (margin - offset)); margin = out(relu(norm2(second(relu(norm1(first(window)))))).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.card_bounds import check_count
from kws_app.engine.crnn_file import CALIBRATION_OFFSET, CALIBRATION_SCALE, LARGEST_WEIGHT
from kws_app.engine.speech_body import EMBEDDING, MACS_A_STEP

FAMILY = "expert"
WINDOW_STEPS = (2, 40)  # least and most embeddings in the input of a head
HIDDEN = (4, 256)  # least and most width of a head
HEADS = (1, 8)  # least and most heads, whose margins are averaged
NORM_EPSILON = 1e-5

Parameters = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class ExpertSettings:
    """The settings of an `expert` on a card."""

    body_sha256: str  # of the speech embedding's data file
    window_steps: int
    hidden: int
    heads: int
    scale: float
    offset: float

    def __post_init__(self) -> None:
        if not isinstance(self.body_sha256, str) or len(self.body_sha256) != 64:
            raise ValueError("body_sha256 must be a SHA-256 in hexadecimal")
        check_count("window_steps", self.window_steps, *WINDOW_STEPS)
        check_count("hidden", self.hidden, *HIDDEN)
        check_count("heads", self.heads, *HEADS)
        for name, (low, high) in (("scale", CALIBRATION_SCALE), ("offset", CALIBRATION_OFFSET)):
            value = getattr(self, name)
            if type(value) not in (int, float) or not low <= value <= high:
                raise ValueError(f"{name} of the calibration must be from {low:g} to {high:g}, got {value!r:.40}")

    @classmethod
    def from_card(cls, network: Mapping[str, Any]) -> "ExpertSettings":
        """raises TypeError or ValueError unless it is an `expert` within the limits"""
        known = {"family", "body_sha256", "window_steps", "hidden", "heads", "scale", "offset"}
        if set(network) != known or network["family"] != FAMILY:
            raise ValueError(f"an expert's network has the fields {', '.join(sorted(known))}")
        return cls(**{name: value for name, value in network.items() if name != "family"})

    def for_card(self) -> dict[str, Any]:
        """The field `network` of a card, for `from_card`."""
        return {"family": FAMILY, **vars(self)}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor in the file, by name. All are in half precision."""
        inputs, H, heads = self.window_steps * EMBEDDING, self.hidden, self.heads
        return {
            "mean": (EMBEDDING,),
            "std": (EMBEDDING,),
            "first.weight": (heads, H, inputs),
            "first.bias": (heads, H),
            "norm1.weight": (heads, H),
            "norm1.bias": (heads, H),
            "second.weight": (heads, H, H),
            "second.bias": (heads, H),
            "norm2.weight": (heads, H),
            "norm2.bias": (heads, H),
            "out.weight": (heads, H),
            "out.bias": (heads,),
        }

    @property
    def parameters(self) -> int:
        """The number of parameters of the head, without the body."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def macs_a_step(self) -> int:
        """Multiply-accumulates of a step of body and head."""
        inputs, H = self.window_steps * EMBEDDING, self.hidden
        return MACS_A_STEP + self.heads * (inputs * H + H * H + H)


def unpack_head(settings: ExpertSettings, tensors: Mapping[str, NDArray[Any]]) -> Parameters:
    """The parameters of a head by name, in single precision. raises ValueError if they do not fit the settings"""
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != settings.shapes or any(tensor.dtype != np.float16 for tensor in tensors.values()):
        raise ValueError(f"its tensors must be {settings.shapes} in half precision, and are {found!r:.200}")
    parameters = {name: np.asarray(tensors[name]).astype(np.float32) for name in settings.shapes}
    for name, values in parameters.items():
        if not np.abs(values).max(initial=0.0) <= LARGEST_WEIGHT:  # also refuses NaN
            raise ValueError(f"{name} holds numbers that are too large for weights")
    if not parameters["std"].min() > 0:
        raise ValueError("std must be above 0")
    return parameters


def pack_head(settings: ExpertSettings, parameters: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    """The tensors of a head for `unpack_head`, rounded to half precision."""
    return {
        name: np.asarray(parameters[name]).astype(np.float16).reshape(shape) for name, shape in settings.shapes.items()
    }
