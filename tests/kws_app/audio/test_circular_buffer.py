"""CircularBuffer: rows are found by their absolute index, however often the buffer was filled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.audio.circular_buffer import CircularBuffer


def test_a_row_replaces_the_row_that_is_a_capacity_older():
    buffer = CircularBuffer(5)
    buffer.put(0, np.arange(5, dtype=np.float32))
    buffer.put(5, np.array([5, 6], dtype=np.float32))
    np.testing.assert_array_equal(buffer.get(2, 7), [2, 3, 4, 5, 6])


def test_of_more_rows_than_fit_the_last_are_kept():
    buffer = CircularBuffer(4)
    buffer.put(3, np.arange(3, 13, dtype=np.float32))
    np.testing.assert_array_equal(buffer.get(9, 13), [9, 10, 11, 12])


def test_what_is_got_is_a_copy():
    buffer = CircularBuffer(4)
    buffer.get(0, 3)[:] = 1.0
    np.testing.assert_array_equal(buffer.get(0, 4), np.zeros(4))


def test_rows_may_have_a_shape_and_are_taken_in_any_order():
    buffer = CircularBuffer(3, (2,), np.uint8)
    buffer.put(3, np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8))
    np.testing.assert_array_equal(buffer.take(np.array([5, 3])), [[5, 6], [1, 2]])


@given(
    capacity=st.integers(1, 12),
    steps=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
)
def test_it_agrees_with_a_list_without_end(capacity: int, steps: list[tuple[int, int]]):
    """steps: how many rows are cleared, and then how many are written"""
    buffer, rows = CircularBuffer(capacity), [0.0] * capacity
    for cleared, written in steps:
        buffer.clear(len(rows), len(rows) + cleared)
        rows += [0.0] * cleared
        new = [float(i + 1) for i in range(len(rows), len(rows) + written)]
        buffer.put(len(rows), np.array(new, dtype=np.float32))
        rows += new
    np.testing.assert_array_equal(buffer.get(len(rows) - capacity, len(rows)), rows[-capacity:])


def test_a_buffer_without_room_is_refused():
    with pytest.raises(ValueError, match="capacity must be at least 1"):
        CircularBuffer(0)
