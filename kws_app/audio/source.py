"""Where samples come from: one interface for a microphone and a file.

A source's own thread writes the ring of its feed; for a microphone this is PortAudio's callback thread. The worker
thread reads the ring.
"""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from kws_app.audio.ring import RingReader, SampleRing

RING_SECONDS = 30  # the worker may be this far behind (a model loading, a laptop under load) before samples are lost
STOP_S = 1.0  # a source's thread ends within this or is left behind


class Phase(Enum):
    """What a source is doing."""

    STOPPED = "stopped"
    OPENING = "opening"
    LISTENING = "listening"
    WAITING = "waiting"  # for a device, which is tried again without end
    ENDED = "ended"  # the file's last sample and the silence after it are in the ring
    FAILED = "failed"


@dataclass(frozen=True)
class SourceState:
    """A phase, and a sentence about it for the user. The sentence is empty where there is nothing to say."""

    phase: Phase
    message: str = ""


class Feed:
    """One unbroken stretch of a source: a ring at one rate. After a break the source makes a new one."""

    def __init__(self, rate_hz: int, latency_s: float = 0.0, begins_s: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.latency_s = latency_s  # from the air to the ring, as the device states it
        # Seconds from the source's first sample to the first of this feed, gaps included. It is final once the ring
        # holds a sample.
        self.begins_s = begins_s
        self.ring = SampleRing(rate_hz * RING_SECONDS)
        self.reader: RingReader = self.ring.reader()  # the worker's


class Source(Protocol):
    """What the worker listens to. `start` and `stop` return soon. Any thread may read the rest at any time."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path | None:
        """The audio file, or None for a microphone."""

    @property
    def feed(self) -> Feed | None:
        """The present stretch; None before the first."""

    @property
    def state(self) -> SourceState: ...

    @property
    def overruns(self) -> int:
        """How often the device said that it dropped samples. It does not say how many."""

    @property
    def length_s(self) -> float | None:
        """The length of a file in seconds, once all of it is decoded; None before that, and for a microphone."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class ThreadedSource(ABC):
    """A source whose samples come from a thread of its own, which ends once `_stop` is set."""

    length_s: float | None = None

    def __init__(self, thread_name: str) -> None:
        self.state = SourceState(Phase.STOPPED)  # written by the source's thread while that runs
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)

    def start(self) -> None:
        self.state = SourceState(Phase.OPENING)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        self.state = SourceState(Phase.STOPPED)

    @abstractmethod
    def _run(self) -> None:
        """The thread: bring samples until `_stop` is set."""
