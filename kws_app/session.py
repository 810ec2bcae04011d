"""One source heard by one detector, on one sample clock. Runs on the worker thread; knows no Qt and no device.

The clock counts 16 kHz samples since the source was started, breaks included, so that a position is a time.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kws_app.decision import Detection
from kws_app.files import StreamResampler, sane
from kws_app.frontend_config import SAMPLE_RATE
from kws_app.ring import Samples
from kws_app.source import Feed, Source

if TYPE_CHECKING:  # brings torch, which is loaded behind the window
    from kws_app.detector import Detector

READ_S = 1.0  # at most, of audio in one go: a backlog is worked off in pieces
MEASURED_STEPS = 50  # the status is about these


@dataclass(frozen=True)
class Heard:
    """A stretch of samples, and what became of it and those before if they made a step. Positions are on the clock."""

    samples: Samples  # [N] at 16 kHz
    first_sample: int
    log_mel: NDArray[np.float32] | None = None  # [T, F]
    first_frame: int = 0  # sample at which the first frame begins
    scores: Sequence[float] | NDArray[np.float32] = ()  # [S]
    step_ends: Sequence[int] | NDArray[np.int64] = ()  # [S]
    detections: list[Detection] = field(default_factory=list)


@dataclass(frozen=True)
class Health:
    """How the listening goes, for the status line."""

    rate_hz: int  # of the capture, before resampling
    lag_ms: float  # from the sound of a step's last sample to its decision, median
    step_ms: float  # processor time of features and model for one step, mean (some systems count it coarsely)
    overruns: int  # reported by the device
    lost_samples: int  # at 16 kHz: overwritten before they were read, or missed while a device was away


class Session:
    """Drains a source into a detector."""

    def __init__(self, source: Source, detector: "Detector") -> None:
        self.source = source
        self.detector = detector
        self.clock = 0  # index of the next sample
        self.lost_samples = 0
        self._feed: Feed | None = None
        self._feed_clock = 0  # index of the feed's first sample
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._overruns = 0
        self._pending: list[Samples] = []  # not enough for a step yet
        self._step_ms: deque[float] = deque(maxlen=MEASURED_STEPS)
        self._lag_ms: deque[float] = deque(maxlen=MEASURED_STEPS)
        self._reset_detector()

    def use(self, detector: "Detector") -> None:
        """Go on with another detector, from the next sample and without a past."""
        self.detector = detector
        self._step_ms.clear()
        self._reset_detector()

    def set_threshold(self, threshold: float) -> None:
        decision = self.detector.decision
        if decision.config.threshold != threshold:
            decision.config = replace(decision.config, threshold=threshold)

    @property
    def health(self) -> Health:
        return Health(
            rate_hz=self._feed.rate_hz if self._feed else 0,
            lag_ms=median(self._lag_ms) if self._lag_ms else 0.0,
            step_ms=mean(self._step_ms) if self._step_ms else 0.0,
            overruns=self.source.overruns,
            lost_samples=self.lost_samples,
        )

    def drain(self) -> Iterator[Heard]:
        """All that has arrived since the last call, in pieces of at most READ_S."""
        feed = self.source.feed
        if feed is None:
            return
        if self.source.overruns != self._overruns:  # a hole of unknown length: what came before is no past
            self._overruns = self.source.overruns
            self._reset_detector()
        if feed is not self._feed:
            if self._feed is not None:
                yield from self._read(self._feed)  # what came before the break and was not read yet
            self._enter(feed)
        yield from self._read(feed)

    def _read(self, feed: Feed) -> Iterator[Heard]:
        """All of a feed that is not read yet."""
        while True:
            block = feed.reader.read(round(READ_S * feed.rate_hz))
            if block.lost:
                self._skip_to(feed, block.first_sample)
            if not len(block.samples):
                return
            samples = self._resampler.process(sane(block.samples))  # before it: one NaN would spread over many
            if len(samples):
                yield self._process(feed, samples)

    def _enter(self, feed: Feed) -> None:
        """A new stretch: the clock moves on by what nobody heard, whole stretches that came and went included."""
        self._feed = feed
        self._restart(feed, max(self.clock, round(feed.begins_s * SAMPLE_RATE)))
        self._feed_clock = self.clock

    def _skip_to(self, feed: Feed, first_sample: int) -> None:
        self._restart(feed, self._feed_clock + round(first_sample * SAMPLE_RATE / feed.rate_hz))

    def _restart(self, feed: Feed, clock: int) -> None:
        self.lost_samples += max(0, clock - self.clock)
        self.clock = clock
        self._resampler = StreamResampler(feed.rate_hz)
        self._reset_detector()

    def _process(self, feed: Feed, samples: Samples) -> Heard:
        """The detector is called once a step, with all that the step needs: calls cost more than samples."""
        first_sample = self.clock
        self.clock += len(samples)
        self._pending.append(samples)
        if self.clock < self.detector.next_step_end:
            return Heard(samples, first_sample)
        begun = time.thread_time()  # of this thread alone: not what it waits while the window draws
        output = self.detector.process(np.concatenate(self._pending))
        busy_s = time.thread_time() - begun
        self._pending.clear()
        heard_s = feed.ring.written / feed.rate_hz  # of this feed, in the ring by now
        for end in output.step_ends.tolist():
            self._step_ms.append(1000 * busy_s / len(output.scores))
            waited_s = heard_s - (end - self._feed_clock) / SAMPLE_RATE
            self._lag_ms.append(1000 * (waited_s + feed.latency_s))
        return Heard(
            samples,
            first_sample,
            output.log_mel,
            output.first_frame,
            output.scores,
            output.step_ends,
            output.detections,
        )

    def _reset_detector(self) -> None:
        """What came before is no past to what comes now."""
        self._pending.clear()
        self.detector.reset(self.clock)
