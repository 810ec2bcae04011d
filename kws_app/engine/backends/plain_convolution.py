"""The convolution on the plain engine: scale, pooling and kernel in one product, for a live step or long sound."""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kws_app.engine.crnn_shape import CrnnShape
from kws_app.engine.frontend import Frames

Array = NDArray[np.float32]

POSITIONS_AT_ONCE = 6  # kernel positions in a product; more would multiply zeros, fewer would copy too often
PATCH_STEPS = 128  # steps whose patches are copied at once


class Convolution:
    """Scale, pooling and convolution are linear: here they are one product with a dense matrix. The ReLU follows."""

    def __init__(self, shape: CrnnShape, weight: Array, bias: Array) -> None:
        C, (kernel_mels, kernel_frames) = shape.channels, shape.kernel
        scaled = weight.reshape(C, kernel_mels, kernel_frames).astype(np.float64) / shape.input_std
        self._bias = np.tile(bias - shape.input_mean * scaled.sum((1, 2)), shape.positions).astype(np.float32)
        by_mel = np.repeat(scaled, shape.pool_mels, 1) / (shape.pool_mels * shape.pool_frames)
        kernel = by_mel.transpose(2, 1, 0)  # [frames after pooling, mels, C]
        self._shape = shape
        self._groups: list[_Group] = []
        for first in range(0, shape.positions, POSITIONS_AT_ONCE):
            self._groups.append(_Group(shape, kernel, first, min(POSITIONS_AT_ONCE, shape.positions - first)))
        self._maps = np.empty(shape.positions * C, np.float32)
        self._zeros = np.zeros_like(self._maps)  # NumPy is faster with an array than with a number

    def one(self, frames: Frames) -> Array:
        """The maps [F' * C] of the first step. The next call overwrites them."""
        maps = self._maps
        for group in self._groups:
            group.flat[:] = frames[: self._shape.kernel_frames, group.mels]
            np.dot(group.flat.reshape(-1), group.matrix, out=maps[group.places])
        np.add(maps, self._bias, out=maps)
        return np.maximum(maps, self._zeros, out=maps)

    def many(self, frames: Frames, steps: int) -> Array:
        """The maps [S, F' * C] of all steps."""
        shape = self._shape
        pooled = self._pooled(frames)
        maps = np.empty((steps, len(self._bias)), np.float32)
        row, item = pooled.strides
        for group in self._groups:
            patches = as_strided(
                pooled[:, group.mels],
                (steps, shape.kernel[1], group.mels.stop - group.mels.start),
                (shape.stride_frames // shape.pool_frames * row, row, item),
                writeable=False,
            )
            for first in range(0, steps, PATCH_STEPS):
                some = patches[first : first + PATCH_STEPS]
                maps[first : first + PATCH_STEPS, group.places] = some.reshape(len(some), -1) @ group.pooled_matrix
        np.add(maps, self._bias, out=maps)
        return np.maximum(maps, 0.0, out=maps)

    def _pooled(self, frames: Frames) -> Frames:
        """The sums of each `pool_frames` neighbouring frames."""
        count = self._shape.pool_frames
        if count == 1:
            return frames
        pooled = frames[: len(frames) // count * count].reshape(-1, count, frames.shape[1])
        total = pooled[:, 0] + pooled[:, 1]
        for i in range(2, count):
            np.add(total, pooled[:, i], out=total)
        return total


class _Group:
    """Some neighbouring positions of the kernel: their mels, and the matrix from these mels to their maps."""

    def __init__(self, shape: CrnnShape, kernel: NDArray[np.float64], first: int, count: int) -> None:
        """kernel: [frames after pooling, mels, C]; first, count: positions"""
        frames, kernel_mels, C = kernel.shape
        at, mels = first * shape.stride_mels, (count - 1) * shape.stride_mels + kernel_mels
        matrix = np.zeros((frames, mels, count, C), np.float32)
        for i in range(count):
            matrix[:, i * shape.stride_mels : i * shape.stride_mels + kernel_mels, i] = kernel
        self.mels = slice(at, at + mels)
        self.places = slice(first * C, (first + count) * C)
        self.pooled_matrix = matrix.reshape(-1, count * C)
        self.matrix = np.repeat(matrix, shape.pool_frames, 0).reshape(-1, count * C)
        self.flat = np.empty((shape.kernel_frames, mels), np.float32)
