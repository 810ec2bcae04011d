"""One source heard by several detectors, on one sample clock. Runs on the worker thread; knows no Qt and no device.

The clock counts 16 kHz samples since the source was started, breaks included, so that a position is a time.
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

READ_S = 1.0  # at most, of audio in one go: a backlog is worked off in pieces
MEASURED_STEPS = 50  # the status is about these


@dataclass(frozen=True)
class ModelScores:
    """What one model made of a stretch. Positions are on the clock."""

    model: str  # its name
    scores: Sequence[float] | NDArray[np.float32]  # [S]
    step_ends: Sequence[int] | NDArray[np.int64]  # [S]
    detections: Sequence[Detection] = ()
    ends: Sequence[DetectionEnd] = ()  # of detections, these or earlier ones


@dataclass(frozen=True)
class SoundChunk:
    """A stretch of samples, and what became of it and those before if they made a step. Positions are on the clock."""

    samples: Samples  # [N] at 16 kHz
    first_sample: int
    log_mel: NDArray[np.float32] | None = None  # [T, F]
    first_frame: int = 0  # sample at which the first frame begins
    scored: Sequence[ModelScores] = ()  # one for each model that completed a step


@dataclass(frozen=True)
class Health:
    """How the listening goes, for the status line."""

    rate_hz: int  # of the capture, before resampling
    lag_ms: float  # from the sound of a step's last sample to its decision, median
    lag_95th_ms: float
    # by model: processor time of features and model for one step, mean (some systems count it coarsely)
    step_ms: dict[str, float]
    overruns: int  # reported by the device
    lost_samples: int  # at 16 kHz: overwritten before they were read, or missed while a device was away
    engines: tuple[str, ...] = ()  # on which the models run: one, or both


class StepTimes:
    """Processor time of this thread for one step of a model, features included."""

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
    """Drains a source into detectors: the frames are made once, and each detector gets them."""

    def __init__(
        self,
        source: Source,
        detectors: Mapping[str, Detector],
        own_sounds: OwnSounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """detectors: by name of model, at least one. own_sounds: what a microphone is to hear as silence"""
        self.source = source
        self._own_sounds = own_sounds if own_sounds is not None and source.path is None else OwnSounds()
        self._time_s = clock
        self.detectors: Mapping[str, Detector] = {}
        self.failures: dict[str, str] = {}  # why each model that failed did; such a one hears nothing more
        self.clock = 0  # index of the next sample
        self.lost_samples = 0
        self._feed: Feed | None = None
        self._feed_clock = 0  # index of the feed's first sample
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._overruns = 0
        self._pending: list[Samples] = []  # not enough for a step yet
        self._step_times: dict[str, StepTimes] = {}
        self._lag_ms: deque[float] = deque(maxlen=MEASURED_STEPS)
        self._frames = FrameStream(widest_frontend(detectors.values()))
        self.use(detectors)

    def use(self, detectors: Mapping[str, Detector]) -> None:
        """Go on with these, the new ones from the next frame and without a past."""
        for name, detector in detectors.items():
            if self.detectors.get(name) is not detector:
                detector.finish()  # what ended with another source
                detector.reset(self._frames.next_frame)
                self._step_times[name] = StepTimes()
                self.failures.pop(name, None)
        self.detectors = detectors
        self.renew_frontend()

    def renew_frontend(self) -> None:
        """Make frames as the detectors' models want them from now on; nothing of the stream is lost."""
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
        """Nothing more is heard: the detections that end with that, each with its model."""
        return [(name, end) for name, detector in self.detectors.items() for end in detector.finish()]

    @property
    def next_step_in_s(self) -> float:
        """How much sound is missing for the next step, by what was read."""
        return (min((d.next_step_end for d in self.detectors.values()), default=self.clock) - self.clock) / SAMPLE_RATE

    def drain(self) -> Iterator[SoundChunk]:
        """All that has arrived since the last call, in pieces of at most READ_S."""
        feed = self.source.feed
        if feed is None:
            return
        if self.source.overruns != self._overruns:  # a hole of unknown length: what came before is no past
            self._overruns = self.source.overruns
            self._reset()
        if feed is not self._feed:
            if self._feed is not None:
                yield from self._read(self._feed)  # what came before the break and was not read yet
                if not feed.ring.written:
                    return  # when it begins is not known before
            self._enter(feed)
        yield from self._read(feed)

    def _read(self, feed: Feed) -> Iterator[SoundChunk]:
        """All of a feed that is not read yet."""
        limit = round(READ_S * feed.rate_hz)
        while True:
            block = feed.reader.read(limit)
            if block.lost:
                self._skip_to(feed, block.first_sample)
            if not len(block.samples):
                return
            # before the resampler: it would spread one NaN over many samples
            samples = self._resampler.process(self._without_own_sounds(feed, block))
            if len(samples):
                yield self._process(feed, samples)
            if len(block.samples) + block.lost < limit:
                return  # that was all

    def _without_own_sounds(self, feed: Feed, block: RingBlock) -> Samples:
        """Samples [N] of a block, with silence where the program itself could be heard."""
        samples = sane(block.samples)
        first, end = block.first_sample, block.first_sample + len(samples)
        for begin, until in self._own_sounds.in_samples(self._time_s(), feed.ring.written, feed.rate_hz):
            if begin < end and until > first:
                samples = samples.copy()
                samples[max(0, begin - first) : until - first] = 0.0
        return samples

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
        self._reset()

    def _process(self, feed: Feed, samples: Samples) -> SoundChunk:
        """The models are called once a step, with all that the step needs: calls cost more than samples."""
        first_sample = self.clock
        self.clock += len(samples)
        self._pending.append(samples)
        if self.clock < min((d.next_step_end for d in self.detectors.values()), default=0):
            return SoundChunk(samples, first_sample)
        first_frame = self._frames.next_frame
        begun = time.thread_time()  # of this thread alone: not what it waits while the window draws
        log_mel = self._frames.process(np.concatenate(self._pending))
        frame_s = (time.thread_time() - begun) / max(1, len(log_mel))
        self._pending.clear()
        scored = [self._score(name, log_mel, frame_s) for name in self.detectors]
        completed = [each for each in scored if each is not None and (len(each.scores) or each.ends)]
        self._note_lag(feed, completed)
        own = log_mel[:, : FrontendConfig.mel_bins]  # without what an expert takes
        return SoundChunk(samples, first_sample, own, first_frame, completed)

    def _score(self, name: str, log_mel: Frames, frame_s: float) -> ModelScores | None:
        """What a model makes of the frames; None, and no further part in this, if it fails."""
        detector = self.detectors[name]
        begun = time.thread_time()
        try:
            steps = detector.process_frames(log_mel)
        except Exception as error:  # whatever goes wrong inside a model, the others listen on
            self.failures[name] = brief(error)
            self.detectors = {other: d for other, d in self.detectors.items() if other != name}
            return None
        busy_s = time.thread_time() - begun + frame_s * len(log_mel)
        self._step_times[name].add(busy_s, len(steps.scores))
        return ModelScores(name, steps.scores, steps.step_ends, steps.detections, steps.ends)

    def _note_lag(self, feed: Feed, completed: list[ModelScores]) -> None:
        heard_s = feed.ring.written / feed.rate_hz  # of this feed, in the ring by now
        for scored in completed:
            for end in scored.step_ends:
                waited_s = heard_s - (int(end) - self._feed_clock) / SAMPLE_RATE
                self._lag_ms.append(1000 * (waited_s + feed.latency_s))

    def _reset(self) -> None:
        """What came before is no past to what comes now."""
        self._pending.clear()
        self._frames.reset(self.clock)
        for detector in self.detectors.values():
            detector.reset(self.clock)
