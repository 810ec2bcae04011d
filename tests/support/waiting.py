"""Waits for another thread or program, on a machine that may be busy."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 300.0  # seconds; only a hang lasts longer, a busy machine does not
PATIENCE_MS = 300_000
LONG_PATIENCE_S = 540.0  # for work of half a minute of processor time; a test is ended after 600 s

PRESSURE = Path("/proc/pressure/cpu")  # Linux: the time in which some program had to wait for a processor


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def waited_for_a_processor_s() -> float:
    """Seconds since the start of the machine in which some program had to wait for a processor."""
    first_line = PRESSURE.read_text().splitlines()[0]
    return int(first_line.rsplit("total=", 1)[1]) / 1e6


class Stopwatch:
    """Counts seconds, but only while the machine has a processor free for every program that wants to run.

    A limit on these seconds finds a program that hangs or is slow. A busy machine does not use them up. If the system
    does not tell how busy it is, the processor time of this process counts instead.
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
        """The seconds since the stopwatch was made or `lap` was called."""
        return max(0.0, self._now() - self._begun)

    def lap(self) -> float:
        """The seconds so far. The count then starts again."""
        now = self._now()
        seconds, self._begun = max(0.0, now - self._begun), now
        return seconds
