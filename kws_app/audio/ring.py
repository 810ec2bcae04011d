"""SampleRing: brings samples from the callback to its readers without a lock.

There is one writer thread (the audio callback) and any number of reader threads. The write index counts all samples
ever written and only grows, so a position is a time. The writer first copies samples, then moves the index. A reader
that is more than a ring behind skips to the oldest sample that is left, and learns how many samples it lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.circular_buffer import CircularBuffer

Samples = NDArray[np.float32]


class SampleRing:
    """The last `capacity` samples of a stream. A full ring overwrites its oldest samples; the writer never waits."""

    def __init__(self, capacity: int) -> None:
        """raises ValueError if capacity is below 1"""
        self.capacity = capacity
        self._buffer = CircularBuffer(capacity)
        self._claimed = 0  # samples written or being written; writer thread only
        self._written = 0  # samples whose copy is complete; writer thread only

    @property
    def written(self) -> int:
        """The number of samples written since the start, which is also the absolute index of the next sample."""
        return self._written

    @property
    def oldest(self) -> int:
        """Absolute index of the oldest sample that is kept."""
        return max(0, self._claimed - self.capacity)

    def write(self, samples: Samples) -> None:
        """Append samples [N] float32. If N is above `capacity`, the last `capacity` samples are kept."""
        end = self._written + len(samples)
        self._claimed = end
        self._buffer.put(self._written, samples)
        self._written = end

    def reader(self) -> "RingReader":
        """A reader that starts at the next sample to be written."""
        return RingReader(self, self._written)

    def copy(self, start: int, count: int) -> tuple[Samples, int]:
        """Samples [start, start + count) as far as they are kept, and the index of the first returned sample."""
        end = min(start + count, self._written)
        start = max(start, self.oldest)
        samples = self._buffer.get(start, end)
        overwritten = self.oldest - start  # samples that the writer overwrote during the copy
        if overwritten > 0:
            samples, start = samples[overwritten:], start + overwritten
        return samples, start


@dataclass(frozen=True)
class RingBlock:
    """The result of a read."""

    samples: Samples  # [N]
    first_sample: int  # absolute index of the first sample
    lost: int  # samples lost before the first sample


class RingReader:
    """The position of one reader thread in a ring."""

    def __init__(self, ring: SampleRing, position: int) -> None:
        self._ring = ring
        self.position = position  # absolute index of the next sample to read
        self.lost = 0  # all samples so far that were overwritten before they were read

    @property
    def available(self) -> int:
        """The number of unread samples, with lost samples."""
        return self._ring.written - self.position

    def read(self, limit: int) -> RingBlock:
        """Up to `limit` samples from the position on; empty if all is read."""
        samples, first = self._ring.copy(max(self.position, self._ring.oldest), limit)
        lost = first - self.position
        self.lost += lost
        self.position = first + len(samples)
        return RingBlock(samples, first, lost)
