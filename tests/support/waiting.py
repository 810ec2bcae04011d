"""Waiting for what another thread or program does, on a machine that may be busy."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 300.0  # a hang uses it up; a busy machine does not
PATIENCE_MS = 300_000
LONG_PATIENCE_S = 540.0  # for what takes half a minute of processor time; a test that lasts 600 s is ended

PRESSURE = Path("/proc/pressure/cpu")  # Linux: the time for which some program had to wait for a processor


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def waited_for_a_processor_s() -> float:
    """For how many seconds since the machine started some program was ready to run and had to wait."""
    first_line = PRESSURE.read_text().splitlines()[0]
    return int(first_line.rsplit("total=", 1)[1]) / 1e6


class Stopwatch:
    """Counts seconds, but only while the machine has a processor free for every program that wants to run.

    A limit on these seconds finds a program that waits for nothing. A busy machine cannot use them up.
    Where the system does not say how busy it is, the processor time of this process is counted instead.
    """

    def __init__(self) -> None:
        self._tells = sys.platform.startswith("linux") and PRESSURE.exists()
        self._begun = self._now()

    def _now(self) -> float:
        if self._tells:
            return time.monotonic() - waited_for_a_processor_s()
        return time.process_time()

    @property
    def seconds(self) -> float:
        """Since the stopwatch was made or `lap` was called."""
        return max(0.0, self._now() - self._begun)

    def lap(self) -> float:
        """The seconds so far; the count starts again."""
        now = self._now()
        seconds, self._begun = max(0.0, now - self._begun), now
        return seconds
