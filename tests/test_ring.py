"""SampleRing: positions are times, nothing is lost silently, and reader and writer need no lock."""

import threading

import numpy as np
import pytest

from kws_app.ring import SampleRing


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
