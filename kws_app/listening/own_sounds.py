"""OwnSounds: when the program itself plays a sound, so that a microphone's samples from then can be silenced.

On the worker's thread. Times are seconds on the monotonic clock.
"""

import math
from collections import deque

LINGERS_S = 0.5  # after the last sample was played: until the device, the air and the microphone have passed it on
KEPT_SPANS = 16  # more than can begin and end while a microphone's ring is read


class OwnSounds:
    """The spans of time in which at least one sound of the program's own can be heard."""

    def __init__(self) -> None:
        self.sounding = 0  # how many sounds play now
        self._spans: deque[tuple[float, float]] = deque(maxlen=KEPT_SPANS)  # from and until, oldest first

    def begin(self, at_s: float) -> None:
        """A sound begins."""
        if not self.sounding:
            self._spans.append((at_s, math.inf))
        self.sounding += 1

    def end(self, at_s: float) -> None:
        """A sound ended; for each `begin` once."""
        self.sounding -= 1
        if not self.sounding:
            from_s, _ = self._spans.pop()
            self._spans.append((from_s, at_s + LINGERS_S))

    def in_samples(self, now_s: float, written: int, rate_hz: int) -> list[tuple[int, int]]:
        """The spans as samples [first, end) of a ring whose newest sample, number `written` - 1, was heard `now_s`."""

        def sample(at_s: float) -> int:
            return written + round((min(at_s, now_s + 1.0) - now_s) * rate_hz)

        return [(sample(from_s), sample(until_s)) for from_s, until_s in self._spans]
