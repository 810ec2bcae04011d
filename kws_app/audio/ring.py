"""SampleRing: how audio gets from the callback to its readers without a lock.

One writer thread (the audio callback) and any number of reader threads. The write index counts every sample ever
written and only grows, so a position is a time. The writer copies samples first and moves the index after; a reader
that finds itself more than a ring behind skips to what is still there and is told how much it lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.circular_buffer import CircularBuffer

Samples = NDArray[np.float32]


class SampleRing:
    """The last `capacity` samples of a stream. When full, the oldest are overwritten; the writer never waits."""

    def __init__(self, capacity: int) -> None:
        """raises ValueError if capacity is below 1"""
        self.capacity = capacity
        self._buffer = CircularBuffer(capacity)
        self._claimed = 0  # samples written or being written; writer thread only
        self._written = 0  # samples whose copy is complete; writer thread only

    @property
    def written(self) -> int:
        """Samples written since the start; also the absolute index of the next one."""
        return self._written

    @property
    def oldest(self) -> int:
        """Absolute index of the oldest sample that is still there."""
        return max(0, self._claimed - self.capacity)

    def write(self, samples: Samples) -> None:
        """Append samples [N] float32; of more than `capacity` at once only the last `capacity` are kept."""
        end = self._written + len(samples)
        self._claimed = end
        self._buffer.put(self._written, samples)
        self._written = end

    def reader(self) -> "RingReader":
        """A reader that starts at what is written next."""
        return RingReader(self, self._written)

    def copy(self, start: int, count: int) -> tuple[Samples, int]:
        """Samples [start, start + count) as far as they still are there, and the index of the first returned."""
        end = min(start + count, self._written)
        start = max(start, self.oldest)
        samples = self._buffer.get(start, end)
        overwritten = self.oldest - start  # the writer may have passed while we copied
        if overwritten > 0:
            samples, start = samples[overwritten:], start + overwritten
        return samples, start


@dataclass(frozen=True)
class RingBlock:
    """What a read returned: samples [N], the absolute index of the first, and how many were lost before it."""

    samples: Samples
    first_sample: int
    lost: int


class RingReader:
    """A cursor of one reader thread into a ring."""

    def __init__(self, ring: SampleRing, position: int) -> None:
        self._ring = ring
        self.position = position  # absolute index of the next sample to read
        self.lost = 0  # samples overwritten before they were read, in all

    @property
    def available(self) -> int:
        """Samples written and not yet read, lost ones included."""
        return self._ring.written - self.position

    def read(self, limit: int) -> RingBlock:
        """Up to `limit` samples from the cursor on; none when all is read."""
        samples, first = self._ring.copy(max(self.position, self._ring.oldest), limit)
        lost = first - self.position
        self.lost += lost
        self.position = first + len(samples)
        return RingBlock(samples, first, lost)
