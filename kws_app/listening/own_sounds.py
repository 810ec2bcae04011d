"""The times at which the program plays a sound, so that the microphone's samples of these times can be silenced.

On the worker's thread. Times are seconds on the monotonic clock.
"""

import math
from collections import deque

LINGERS_S = 0.5  # from the last played sample until it has passed through the loudspeaker, the air and the microphone
KEPT_SPANS = 16  # more spans than can begin and end while the ring of a microphone is read


class OwnSounds:
    """The spans of time in which the microphone may hear at least one sound of the program."""

    def __init__(self) -> None:
        self.sounding = 0  # the number of sounds that play now
        self._spans: deque[tuple[float, float]] = deque(maxlen=KEPT_SPANS)  # begin and end, oldest first

    def begin(self, at_s: float) -> None:
        """A sound begins."""
        if not self.sounding:
            self._spans.append((at_s, math.inf))
        self.sounding += 1

    def end(self, at_s: float) -> None:
        """A sound has ended. Call this once for each `begin`."""
        self.sounding -= 1
        if not self.sounding:
            from_s, _ = self._spans.pop()
            self._spans.append((from_s, at_s + LINGERS_S))

    def in_samples(self, now_s: float, written: int, rate_hz: int) -> list[tuple[int, int]]:
        """The spans as samples [first, end) of a ring. Its newest sample, index `written` - 1, was heard at `now_s`."""

        def sample(at_s: float) -> int:
            return written + round((min(at_s, now_s + 1.0) - now_s) * rate_hz)

        return [(sample(from_s), sample(until_s)) for from_s, until_s in self._spans]
