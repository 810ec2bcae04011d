"""CircularBuffer: the last rows of an endless sequence, by absolute index.

It has no lock and no write position. Its user counts the rows, and documents the threads.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class CircularBuffer:
    """Room for `capacity` rows. Row `index` lies at index % capacity, where it replaces an older row."""

    def __init__(self, capacity: int, row_shape: tuple[int, ...] = (), dtype: DTypeLike = np.float32) -> None:
        """raises ValueError if the capacity is below 1"""
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self.capacity = capacity
        self._rows: NDArray[Any] = np.zeros((capacity, *row_shape), dtype=dtype)

    def put(self, first: int, rows: NDArray[Any]) -> None:
        """Write rows [N, ...] at the indices from `first` on. If there are more than `capacity`, the last are kept."""
        kept = rows[-self.capacity :]
        at = (first + len(rows) - len(kept)) % self.capacity
        head = min(len(kept), self.capacity - at)
        self._rows[at : at + head] = kept[:head]
        self._rows[: len(kept) - head] = kept[head:]

    def clear(self, first: int, end: int) -> None:
        """Write zeros at the indices [first, end)."""
        first = max(first, end - self.capacity)
        if end > first:
            at, count = first % self.capacity, end - first
            self._rows[at : at + count] = 0
            self._rows[: max(0, at + count - self.capacity)] = 0

    def get(self, first: int, end: int) -> NDArray[Any]:
        """A copy of the rows [first, end), at most `capacity` rows; empty if `end` is not after `first`."""
        count, at = max(0, end - first), first % self.capacity
        head = self._rows[at : at + count]
        return np.concatenate([head, self._rows[: count - len(head)]])  # always a copy

    def take(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """A copy of the rows at `indices` [N], in any order."""
        return self._rows.take(indices, axis=0, mode="wrap")
