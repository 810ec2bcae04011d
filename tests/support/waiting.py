"""Waiting for what another thread brings about."""

import time
from collections.abc import Callable

PATIENCE_S = 10.0


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
