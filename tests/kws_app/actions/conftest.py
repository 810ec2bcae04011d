"""Waiting for a condition, however slow the machine is."""

import time
from collections.abc import Callable

import pytest

WAIT_S = 30.0


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come about"
            time.sleep(0.01)

    return wait
