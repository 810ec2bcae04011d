"""SampleRing: positions are times, nothing is lost silently, and reader and writer need no lock."""

import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.audio.ring import SampleRing


def ramp(first: int, count: int) -> np.ndarray:
    """Samples whose value is their index, exact in float32 up to 2**24."""
    return np.arange(first, first + count, dtype=np.float32)


def test_what_is_written_is_read_once_and_in_order():
    ring = SampleRing(10)
    reader = ring.reader()
    ring.write(ramp(0, 4))
    ring.write(ramp(4, 4))
    block = reader.read(100)
    np.testing.assert_array_equal(block.samples, ramp(0, 8))
    assert (block.first_sample, block.lost) == (0, 0)
    assert len(reader.read(100).samples) == 0


def test_a_read_takes_no_more_than_its_limit():
    ring = SampleRing(10)
    reader = ring.reader()
    ring.write(ramp(0, 8))
    np.testing.assert_array_equal(reader.read(3).samples, ramp(0, 3))
    assert reader.available == 5
    assert reader.read(3).first_sample == 3


def test_positions_go_on_around_the_end():
    ring = SampleRing(7)
    reader = ring.reader()
    for first in range(0, 70, 5):
        ring.write(ramp(first, 5))
        block = reader.read(5)
        np.testing.assert_array_equal(block.samples, ramp(first, 5))
        assert block.first_sample == first
    assert ring.written == 70


def test_a_late_reader_skips_to_what_is_there_and_is_told_its_loss():
    ring = SampleRing(10)
    reader = ring.reader()
    ring.write(ramp(0, 10))
    ring.write(ramp(10, 6))
    block = reader.read(100)
    np.testing.assert_array_equal(block.samples, ramp(6, 10))
    assert (block.first_sample, block.lost, reader.lost) == (6, 6, 6)


def test_more_than_a_ring_at_once_keeps_the_last():
    ring = SampleRing(10)
    reader = ring.reader()
    ring.write(ramp(0, 25))
    block = reader.read(100)
    np.testing.assert_array_equal(block.samples, ramp(15, 10))
    assert (block.first_sample, block.lost) == (15, 15)


def test_readers_are_independent_and_start_at_what_comes_next():
    ring = SampleRing(10)
    early = ring.reader()
    ring.write(ramp(0, 4))
    late = ring.reader()
    ring.write(ramp(4, 2))
    assert late.read(10).first_sample == 4
    assert early.read(10).first_sample == 0


def test_copy_gives_any_stretch_that_is_still_there():
    ring = SampleRing(10)
    ring.write(ramp(0, 14))
    samples, first = ring.copy(6, 6)
    assert first == 6
    np.testing.assert_array_equal(samples, ramp(6, 6))
    assert ring.copy(2, 6)[1] == 4
    assert len(ring.copy(14, 6)[0]) == 0


def test_a_ring_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        SampleRing(0)


def test_a_reader_beside_a_fast_writer_never_sees_a_wrong_sample():
    ring = SampleRing(1000)
    reader = ring.reader()
    total = 400_000
    writer = threading.Thread(target=lambda: [ring.write(ramp(i, 100)) for i in range(0, total, 100)])
    writer.start()
    seen = 0
    while writer.is_alive() or reader.available:
        block = reader.read(500)
        np.testing.assert_array_equal(block.samples, ramp(block.first_sample, len(block.samples)))
        seen += len(block.samples)
    writer.join()
    assert seen + reader.lost == total


def test_a_copy_is_of_the_samples_asked_for_even_when_some_are_gone():
    ring = SampleRing(10)
    ring.write(ramp(0, 14))
    samples, first = ring.copy(2, 6)
    np.testing.assert_array_equal(samples, ramp(4, 4))
    assert first == 4
    assert len(ring.copy(0, 3)[0]) == 0


writes = st.lists(st.integers(0, 37), min_size=1, max_size=40)


@given(capacity=st.integers(1, 50), steps=st.lists(st.tuples(st.booleans(), st.integers(0, 70)), max_size=60))
def test_any_order_of_writes_and_reads_gives_each_sample_once_or_counts_it_as_lost(capacity, steps):
    ring = SampleRing(capacity)
    readers = [ring.reader(), ring.reader()]
    seen = [0, 0]
    for is_write, count in steps:
        if is_write:
            ring.write(ramp(ring.written, count))
            continue
        which = count % 2
        block = readers[which].read(count)
        np.testing.assert_array_equal(block.samples, ramp(block.first_sample, len(block.samples)))
        seen[which] += len(block.samples)
        assert len(ring._buffer._rows) == capacity
    for reader, got in zip(readers, seen, strict=True):
        assert got + reader.lost + reader.available == ring.written
        assert reader.position <= ring.written


class Switching(SampleRing):
    """Lets the other side run between any two steps of this one, in an order that is drawn."""

    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    @property
    def oldest(self) -> int:
        self.meanwhile()
        return super().oldest

    @property
    def written(self) -> int:
        self.meanwhile()
        return super().written


@given(
    capacity=st.integers(2, 40),
    before=writes,
    during=st.lists(st.integers(0, 45), max_size=8),
    limit=st.integers(1, 60),
)
def test_a_writer_in_the_middle_of_a_read_spoils_nothing(capacity, before, during, limit):
    ring = Switching(capacity)
    reader = ring.reader()
    for count in before:
        ring.write(ramp(ring._written, count))
    left = list(during)

    def write_some() -> None:
        if left:
            ring.write(ramp(ring._written, left.pop()))

    ring.meanwhile = write_some
    first = reader.position
    block = reader.read(limit)
    ring.meanwhile = lambda: None
    np.testing.assert_array_equal(block.samples, ramp(block.first_sample, len(block.samples)))
    assert block.first_sample == first + block.lost
    assert reader.position == block.first_sample + len(block.samples)


def test_threads_that_switch_all_the_time_agree():
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for seed in range(4):
            rng = np.random.default_rng(seed)
            ring = SampleRing(int(rng.integers(50, 300)))
            reader, sizes = ring.reader(), rng.integers(1, 60, 300)
            writer = threading.Thread(target=lambda r=ring, s=sizes: [r.write(ramp(r.written, int(n))) for n in s])
            writer.start()
            seen = 0
            while writer.is_alive() or reader.available:
                block = reader.read(int(rng.integers(1, 100)))
                np.testing.assert_array_equal(block.samples, ramp(block.first_sample, len(block.samples)))
                seen += len(block.samples)
            writer.join()
            assert seen + reader.lost == ring.written == sizes.sum()
    finally:
        sys.setswitchinterval(interval_s)
