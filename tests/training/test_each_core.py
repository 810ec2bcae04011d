"""Work on all cores: in order, with one thread of PyTorch, ended by an error, and with PyTorch's threads as before."""

import threading
from collections.abc import Iterator

import pytest
import torch

from training.each_core import on_each_core


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_as_many_items_are_in_work_as_there_are_threads() -> None:
    together = threading.Barrier(3)  # passes only if three wait at the same time

    def work(number: int) -> tuple[int, int]:
        together.wait(60)
        return number * 10, torch.get_num_threads()

    places: list[int] = []
    found = on_each_core(work, range(6), places.append)
    assert found == [(number * 10, 1) for number in range(6)]
    assert places == list(range(6)) and torch.get_num_threads() == 3


def test_an_error_ends_the_work() -> None:
    begun: list[int] = []
    may_go_on = threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        if number:
            may_go_on.wait(60)

    def before(place: int) -> None:
        if place == 1:
            may_go_on.set()
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        on_each_core(work, range(1000), before)
    assert len(begun) < 1000 and torch.get_num_threads() == 3
    with pytest.raises(ZeroDivisionError):
        on_each_core(lambda number: 1 // number, [1, 0, 1])
    assert torch.get_num_threads() == 3
