"""The body of an `expert`: Google's speech embedding, twenty fixed convolutions that all words share. Only NumPy.

It ships once, as a data file in models/. A card names it by its SHA-256. `models/README.md` says where it comes from.
This module has its shape, for both engines and for training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from kws_app.translation import _

Array = NDArray[np.float32]

BODY_FILE = "speech_embedding.safetensors"  # in the program's folder of models
BODY_SHA256 = "a2ef440e01dd7cca1eb819c4c0c9a75f0588b78765629817b63dda38876b93ea"  # of BODY_FILE
LARGEST_BODY_BYTES = 4_000_000  # the file has 1.3 million
BANDS = 32  # mel bands of a frame
STEP_FRAMES = 8  # new frames that make one embedding: 80 ms
EMBEDDING = 96  # numbers of an embedding
FIELD_FRAMES = 76  # frames that an embedding depends on
SLOPE, LOWEST = 0.2, -0.4  # the activation is max(x, SLOPE * x), but at least LOWEST
QUIET_BAND = 1.0  # value of all bands before a stream begins, as in the embedding's own runtime


@dataclass(frozen=True)
class Layer:
    """A convolution over frames or over bands (the first layer: over both), and the max pooling after it."""

    inputs: int  # channels
    outputs: int
    over_frames: bool  # over three frames; the last two input frames are kept for the next step
    over_bands: bool  # over three bands, with a band of zeros on either side
    frames: int  # frames of the output in a step
    bands: int
    pool_frames: int = 1
    pool_bands: int = 1

    @property
    def kernel(self) -> tuple[int, int]:
        return (3 if self.over_frames else 1), (3 if self.over_bands else 1)

    @property
    def kept(self) -> tuple[int, int, int]:
        """Shape of the input that is kept for the next step: frames, bands, channels."""
        return 2, self.bands, self.inputs


def _layers() -> tuple[Layer, ...]:
    """Five groups of pairs. A pair is a layer over bands and a layer over frames. Max pooling ends each group."""
    layers = [Layer(1, 24, True, True, STEP_FRAMES, BANDS)]
    frames, bands, inputs = STEP_FRAMES, BANDS, 24
    #        channels, pairs, pooled frames and bands after the last pair
    groups = ((24, 1, 2, 2), (48, 2, 1, 2), (72, 2, 2, 2), (96, 2, 1, 2), (96, 2, 2, 2))
    for channels, pairs, pool_frames, pool_bands in groups:
        for pair in range(pairs):
            last = pair == pairs - 1
            layers.append(Layer(inputs, channels, False, True, frames, bands))
            pool = (pool_frames, pool_bands) if last else (1, 1)
            layers.append(Layer(channels, channels, True, False, frames, bands, *pool))
            inputs = channels
        frames, bands = frames // pool_frames, bands // pool_bands
    return (*layers, Layer(inputs, EMBEDDING, True, False, frames, bands))


LAYERS = _layers()
KEPT_VALUES = sum(int(np.prod(layer.kept)) for layer in LAYERS if layer.over_frames)  # size of the state of a stream
MACS_A_STEP = sum(
    layer.frames * layer.bands * layer.inputs * layer.outputs * layer.kernel[0] * layer.kernel[1] for layer in LAYERS
)


def tensor_shapes() -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in the data file, by name. All are in single precision."""
    shapes: dict[str, tuple[int, ...]] = {"norm.scale": (LAYERS[0].outputs,), "norm.shift": (LAYERS[0].outputs,)}
    for number, layer in enumerate(LAYERS):
        shapes[f"conv{number}.weight"] = (layer.outputs, layer.inputs, *layer.kernel)
        shapes[f"conv{number}.bias"] = (layer.outputs,)
    return shapes


@lru_cache(maxsize=2)
def load_body(sha256: str, path: Path = MODELS_DIR / BODY_FILE) -> Mapping[str, Array]:
    """The tensors of the body with this SHA-256, by name.

    raises ModelError, in one sentence, if the file is missing, damaged, or has another SHA-256
    """
    import hashlib  # late, as it takes long

    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BODY_BYTES + 1)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(
            _("The speech embedding {path} cannot be read: {reason}.", path=path, reason=reason)
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(_("it needs another speech embedding than this program has: update the program"))
    try:
        tensors: dict[str, Array] = load(content)
    except (SafetensorError, ValueError, TypeError) as error:
        raise ModelError(_("The speech embedding {path} is damaged: install the program again.", path=path)) from error
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if found != tensor_shapes() or any(tensor.dtype != np.float32 for tensor in tensors.values()):
        raise ModelError(_("The speech embedding {path} has a wrong shape: install the program again.", path=path))
    return tensors


def kernel_matrix(layer: Layer, weight: Array) -> Array:
    """A kernel [Cout, Cin, frames, bands] as a matrix [taps * Cin, Cout] for the product with a patch."""
    return np.ascontiguousarray(weight.transpose(2, 3, 1, 0).reshape(-1, layer.outputs))
