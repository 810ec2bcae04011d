"""A session: one source, several detectors, one sample clock. Runs on the worker's thread; knows no Qt and no device.

The clock counts samples at 16 kHz since the start of the source. It counts through breaks, so a position is a time.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import RingBlock, Samples
from kws_app.audio.source import Feed, Source
from kws_app.detection.decision import Detection, DetectionEnd
from kws_app.detection.detector import Detector, FrameStream, widest_frontend
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.errors import brief
from kws_app.listening.own_sounds import OwnSounds

READ_S = 1.0  # the longest piece of sound that is read at once; a backlog is read in pieces
MEASURED_STEPS = 50  # lag and step times are taken from this many last steps


@dataclass(frozen=True)
class ModelScores:
    """The scores of a model for a piece of sound. Positions are on the session's clock."""

    model: str  # name
    scores: Sequence[float] | NDArray[np.float32]  # [S]
    step_ends: Sequence[int] | NDArray[np.int64]  # [S]
    detections: Sequence[Detection] = ()
    ends: Sequence[DetectionEnd] = ()  # ends of these detections or of earlier detections


@dataclass(frozen=True)
class SoundChunk:
    """A piece of sound, with frames and scores if it completed a step. Positions are on the session's clock."""

    samples: Samples  # [N] at 16 kHz
    first_sample: int
    log_mel: NDArray[np.float32] | None = None  # [T, F]
    first_frame: int = 0  # the sample at which the first frame begins
    scored: Sequence[ModelScores] = ()  # of each model that completed a step


@dataclass(frozen=True)
class Health:
    """Lag, step times and losses, for the status line."""

    rate_hz: int  # of the microphone, before resampling
    lag_ms: float  # median time from the last sample of a step, in the air, to the decision
    lag_95th_ms: float  # the time that 95 of 100 steps stay below
    step_ms: dict[str, float]  # by model: mean processor time of a step with its features
    overruns: int  # reported by the device
    lost_samples: int  # at 16 kHz: overwritten before they were read, or missed while the device was away
    engines: tuple[str, ...] = ()  # the engines that the models run on


class StepTimes:
    """The processor time of a step of a model with its features, on this thread."""

    def __init__(self) -> None:
        self._steps_ms: deque[float] = deque(maxlen=MEASURED_STEPS)
        self._busy_s = 0.0  # since the last step

    @property
    def mean_ms(self) -> float:
        return fmean(self._steps_ms) if self._steps_ms else 0.0

    def add(self, busy_s: float, steps: int) -> None:
        self._busy_s += busy_s
        if steps:
            self._steps_ms.append(1000 * self._busy_s / steps)
            self._busy_s = 0.0


class Session:
    """Reads a source for several detectors. The frames are made once for all detectors."""

    def __init__(
        self,
        source: Source,
        detectors: Mapping[str, Detector],
        own_sounds: OwnSounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """detectors: by name of model, at least one. own_sounds: the times at which a microphone hears silence"""
        self.source = source
        self._own_sounds = own_sounds if own_sounds is not None and source.path is None else OwnSounds()
        self._time_s = clock
        self.detectors: Mapping[str, Detector] = {}
        self.failures: dict[str, str] = {}  # by name of each model that failed, why; a failed model hears nothing more
        self.clock = 0  # index of the next sample
        self.lost_samples = 0
        self._feed: Feed | None = None
        self._feed_clock = 0  # index of the first sample of the feed
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._overruns = 0
        self._pending: list[Samples] = []  # samples that do not complete a step yet
        self._step_times: dict[str, StepTimes] = {}
        self._lag_ms: deque[float] = deque(maxlen=MEASURED_STEPS)
        self._frames = FrameStream(widest_frontend(detectors.values()))
        self.use(detectors)

    def use(self, detectors: Mapping[str, Detector]) -> None:
        """Use these detectors from now on. A new detector starts at the next frame with a fresh state."""
        for name, detector in detectors.items():
            if self.detectors.get(name) is not detector:
                detector.finish()  # drops detections of another source
                detector.reset(self._frames.next_frame)
                self._step_times[name] = StepTimes()
                self.failures.pop(name, None)
        self.detectors = detectors
        self.renew_frontend()

    def renew_frontend(self) -> None:
        """Make frames for the present models. Nothing of the stream is lost."""
        if self.detectors:
            self._frames.run_on(widest_frontend(self.detectors.values()))

    @property
    def health(self) -> Health:
        lags_ms = sorted(self._lag_ms) or [0.0]
        return Health(
            rate_hz=self._feed.rate_hz if self._feed else 0,
            lag_ms=median(lags_ms),
            lag_95th_ms=lags_ms[int(0.95 * (len(lags_ms) - 1))],
            step_ms={name: self._step_times[name].mean_ms for name in self.detectors},
            overruns=self.source.overruns,
            lost_samples=self.lost_samples,
            engines=tuple(
                sorted({model.network.engine for detector in self.detectors.values() for model in detector.models})
            ),
        )

    def finish(self) -> list[tuple[str, DetectionEnd]]:
        """The source has ended. Returns the detections that end with it, each with the name of its model."""
        return [(name, end) for name, detector in self.detectors.items() for end in detector.finish()]

    @property
    def next_step_in_s(self) -> float:
        """Seconds of sound that the next step still needs."""
        return (min((d.next_step_end for d in self.detectors.values()), default=self.clock) - self.clock) / SAMPLE_RATE

    def drain(self) -> Iterator[SoundChunk]:
        """All sound that came since the last call, in pieces of at most READ_S."""
        feed = self.source.feed
        if feed is None:
            return
        if self.source.overruns != self._overruns:  # an unknown number of samples is missing
            self._overruns = self.source.overruns
            self._reset()
        if feed is not self._feed:
            if self._feed is not None:
                yield from self._read(self._feed)  # the rest of the old feed
                if not feed.ring.written:
                    return  # the time at which a feed begins is final with its first sample
            self._enter(feed)
        yield from self._read(feed)

    def _read(self, feed: Feed) -> Iterator[SoundChunk]:
        """The unread part of a feed."""
        limit = round(READ_S * feed.rate_hz)
        while True:
            block = feed.reader.read(limit)
            if block.lost:
                self._skip_to(feed, block.first_sample)
            if not len(block.samples):
                return
            # silence before the resampler: the resampler would spread a NaN over many samples
            samples = self._resampler.process(self._without_own_sounds(feed, block))
            if len(samples):
                yield self._process(feed, samples)
            if len(block.samples) + block.lost < limit:
                return  # the ring is empty

    def _without_own_sounds(self, feed: Feed, block: RingBlock) -> Samples:
        """Samples [N] of a block, with silence in place of the program's own sounds."""
        samples = sane(block.samples)
        first, end = block.first_sample, block.first_sample + len(samples)
        for begin, until in self._own_sounds.in_samples(self._time_s(), feed.ring.written, feed.rate_hz):
            if begin < end and until > first:
                samples = samples.copy()
                samples[max(0, begin - first) : until - first] = 0.0
        return samples

    def _enter(self, feed: Feed) -> None:
        """Begin a new feed. The clock moves on by the time without sound, and by feeds that were never read."""
        self._feed = feed
        self._restart(feed, max(self.clock, round(feed.begins_s * SAMPLE_RATE)))
        self._feed_clock = self.clock

    def _skip_to(self, feed: Feed, first_sample: int) -> None:
        self._restart(feed, self._feed_clock + round(first_sample * SAMPLE_RATE / feed.rate_hz))

    def _restart(self, feed: Feed, clock: int) -> None:
        self.lost_samples += max(0, clock - self.clock)
        self.clock = clock
        self._resampler = StreamResampler(feed.rate_hz)
        self._reset()

    def _process(self, feed: Feed, samples: Samples) -> SoundChunk:
        """Run the models once for each step, not for each piece of sound: a call costs more than its samples."""
        first_sample = self.clock
        self.clock += len(samples)
        self._pending.append(samples)
        if self.clock < min((d.next_step_end for d in self.detectors.values()), default=0):
            return SoundChunk(samples, first_sample)
        first_frame = self._frames.next_frame
        begun = time.thread_time()  # counts only this thread, not the time in which the window draws
        log_mel = self._frames.process(np.concatenate(self._pending))
        frame_s = (time.thread_time() - begun) / max(1, len(log_mel))
        self._pending.clear()
        scored = [self._score(name, log_mel, frame_s) for name in self.detectors]
        completed = [each for each in scored if each is not None and (len(each.scores) or each.ends)]
        self._note_lag(feed, completed)
        own = log_mel[:, : FrontendConfig.mel_bins]  # without the columns for an expert
        return SoundChunk(samples, first_sample, own, first_frame, completed)

    def _score(self, name: str, log_mel: Frames, frame_s: float) -> ModelScores | None:
        """The scores of a model for these frames. Returns None if the model fails; then the model is left out."""
        detector = self.detectors[name]
        begun = time.thread_time()
        try:
            steps = detector.process_frames(log_mel)
        except Exception as error:  # any error: the other models go on listening
            self.failures[name] = brief(error)
            self.detectors = {other: d for other, d in self.detectors.items() if other != name}
            return None
        busy_s = time.thread_time() - begun + frame_s * len(log_mel)
        self._step_times[name].add(busy_s, len(steps.scores))
        return ModelScores(name, steps.scores, steps.step_ends, steps.detections, steps.ends)

    def _note_lag(self, feed: Feed, completed: list[ModelScores]) -> None:
        heard_s = feed.ring.written / feed.rate_hz  # seconds of this feed in the ring so far
        for scored in completed:
            for end in scored.step_ends:
                waited_s = heard_s - (int(end) - self._feed_clock) / SAMPLE_RATE
                self._lag_ms.append(1000 * (waited_s + feed.latency_s))

    def _reset(self) -> None:
        """Reset the frames and detectors: they forget all earlier sound."""
        self._pending.clear()
        self._frames.reset(self.clock)
        for detector in self.detectors.values():
            detector.reset(self.clock)
