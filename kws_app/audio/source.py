"""The interface of a source: a microphone or a file.

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

RING_SECONDS = 30  # the worker may be this late (a model loads, the laptop is busy) before samples are lost
STOP_S = 1.0  # longest wait for the end of a source's thread


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
    """A phase, and a sentence about it for the user, or an empty text."""

    phase: Phase
    message: str = ""


class Feed:
    """The sound of a source without a break: a ring at one rate. After a break the source makes a new feed."""

    def __init__(self, rate_hz: int, latency_s: float = 0.0, begins_s: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.latency_s = latency_s  # from the air to the ring, as stated by the device
        # seconds from the first sample of the source to the first sample of this feed, with gaps. It is final once the
        # ring holds a sample
        self.begins_s = begins_s
        self.ring = SampleRing(rate_hz * RING_SECONDS)
        self.reader: RingReader = self.ring.reader()  # the worker's


class Source(Protocol):
    """A source for the worker. `start` and `stop` return soon. Any thread may read the properties at any time."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path | None:
        """The audio file, or None for a microphone."""

    @property
    def feed(self) -> Feed | None:
        """The present feed; None before the first feed."""

    @property
    def state(self) -> SourceState: ...

    @property
    def overruns(self) -> int:
        """How often the device reported that it dropped samples."""

    @property
    def length_s(self) -> float | None:
        """The length of a file in seconds, once all of it is decoded; None before that, and for a microphone."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class ThreadedSource(ABC):
    """A source with a thread of its own, which ends when `_stop` is set."""

    length_s: float | None = None

    def __init__(self, thread_name: str) -> None:
        self.state = SourceState(Phase.STOPPED)  # while the source's thread runs, only this thread writes it
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
