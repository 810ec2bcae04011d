"""Where samples come from: one interface for microphone and file, and the file that plays as if it were a microphone.

A source's own thread (for a microphone PortAudio's callback) writes the ring of its feed; the worker thread reads it.
Nothing here waits for a reader, but an unpaced file, which tests use.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np

from kws_app.audio.audio_file import TAIL_S, read_blocks
from kws_app.audio.ring import RingReader, SampleRing, Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError

RING_SECONDS = 30  # the worker may be this far behind (a model loading, a laptop under load) before samples are lost
BLOCK_S = 0.02  # what a file hands over at once, like a microphone's block
DECODE_S = 1.0  # what a file decodes ahead
MAX_LATE_S = 1.0  # a file that was held up for longer than this goes on from there instead of making it up
STOP_S = 1.0  # a source's thread ends within this or is left behind


class Phase(Enum):
    """What a source is doing."""

    STOPPED = "stopped"
    OPENING = "opening"
    LISTENING = "listening"
    WAITING = "waiting"  # for a device; tried again without end
    ENDED = "ended"  # a file's last sample, and the silence after it, are in the ring
    FAILED = "failed"


@dataclass(frozen=True)
class SourceState:
    """A phase, and the sentence about it that a user reads (empty where there is nothing to say)."""

    phase: Phase
    message: str = ""


class Feed:
    """One unbroken stretch of a source: a ring at one rate. After a break the source makes a new one."""

    def __init__(self, rate_hz: int, latency_s: float = 0.0, begins_s: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.latency_s = latency_s  # from the air to the ring, as the device states it
        # since the source's first sample, what nobody heard in between counted; final once there is a sample
        self.begins_s = begins_s
        self.ring = SampleRing(rate_hz * RING_SECONDS)
        self.reader: RingReader = self.ring.reader()  # the worker's


class Source(Protocol):
    """What the worker listens to. `start` and `stop` return soon; the rest may be read at any time."""

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
        """How often the device said that it dropped samples of unknown number."""

    @property
    def length_s(self) -> float | None:
        """Of a file, once all of it is decoded; else None."""

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


class FileSource(ThreadedSource):
    """An audio file that plays in real time into a ring, paced by a monotonic clock without drift.

    Silence of TAIL_S follows it, or a word at its very end would not be recognised.
    """

    overruns = 0  # a file drops nothing

    def __init__(self, path: Path, paced: bool = True) -> None:
        """paced: False hands samples over as fast as the worker takes them"""
        super().__init__("file source")
        self.name = path.name
        self.path: Path | None = path
        self.feed: Feed | None = Feed(SAMPLE_RATE)
        self._paced = paced

    def _run(self) -> None:
        assert self.path is not None and self.feed is not None
        try:
            played = self._play(self.path, self.feed)
        except AudioError as error:
            self.state = SourceState(Phase.FAILED, str(error))
        else:
            self.state = SourceState(Phase.ENDED if played else Phase.STOPPED)

    def _play(self, path: Path, feed: Feed) -> bool:
        """True when all was played, False when stopped before."""
        block = round(BLOCK_S * SAMPLE_RATE)
        begun = time.monotonic()
        for decoded in self._sound(path):
            self.state = SourceState(Phase.LISTENING)
            for first in range(0, len(decoded), block):
                samples = decoded[first : first + block]
                begun = self._pace(feed, begun, samples) if self._paced else self._make_room(feed, begun)
                if self._stop.is_set():
                    return False
                feed.ring.write(samples)
        return True

    def _sound(self, path: Path) -> Iterator[Samples]:
        """The file's samples and the silence after them."""
        count = 0
        for decoded in read_blocks(path, DECODE_S):
            count += len(decoded)
            yield decoded
        self.length_s = count / SAMPLE_RATE
        yield np.zeros(round(TAIL_S * SAMPLE_RATE), dtype=np.float32)

    def _pace(self, feed: Feed, begun: float, samples: Samples) -> float:
        """Wait until the last of `samples` has sounded; returns when the file would have begun to be on time now."""
        due = begun + (feed.ring.written + len(samples)) / SAMPLE_RATE
        late_s = time.monotonic() - due
        if late_s < 0:
            time.sleep(-late_s)  # at most a block: waiting for `_stop` as well takes a third more of the processor
        return begun + late_s if late_s > MAX_LATE_S else begun

    def _make_room(self, feed: Feed, begun: float) -> float:
        while feed.reader.available > feed.ring.capacity // 2 and not self._stop.wait(0.001):
            pass
        return begun
