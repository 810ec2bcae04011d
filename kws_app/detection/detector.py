"""Detector: samples -> frontend -> model -> decision. No Qt, no device, no clock: the same live and in scoring."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kws_app.detection.decision import Decision, Detection, DetectionEnd
from kws_app.engine.backends import Frontend, Posteriors, check_posteriors
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.keyword_model import KeywordModel, columns_for


@dataclass(frozen=True)
class Steps:
    """What a block of frames completed."""

    scores: NDArray[np.float32]  # [S], smoothed posteriors
    step_ends: NDArray[np.int64]  # [S], absolute sample index at which each step's audio ends
    detections: list[Detection]
    ends: list[DetectionEnd]  # of detections, these or earlier ones


@dataclass(frozen=True)
class DetectorOutput(Steps):
    """What a block of samples completed."""

    log_mel: NDArray[np.float32]  # [T, F]
    first_frame: int  # absolute sample index at which the first frame begins


class FrameStream:
    """One stream of 16 kHz samples as frames. Several detectors can share them: each takes the columns it knows."""

    def __init__(self, frontend: Frontend, start_sample: int = 0) -> None:
        self._frontend = frontend
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start afresh: the next sample has the absolute index `sample` and nothing came before it."""
        self._tail = self._frontend.initial_tail()
        self.next_frame = sample  # where the next frame begins

    def run_on(self, frontend: Frontend) -> None:
        """Go on with another engine's frontend; nothing of the stream is lost."""
        self._frontend = frontend

    def process(self, samples: NDArray[np.float32]) -> Frames:
        """Take the samples [N] that follow those before, any N; the frames [T, F] that they complete."""
        log_mel, self._tail = self._frontend(samples, self._tail)
        self.next_frame += len(log_mel) * self._frontend.hop_samples
        return log_mel


def widest_frontend(detectors: Iterable["Detector"]) -> Frontend:
    """The frontend whose frames serve all of the detectors. raises ValueError if there is no detector"""
    return max((model.frontend for detector in detectors for model in detector.models), key=lambda f: f.mel_bins)


class Detector:
    """One keyword model listening to one stream: of 16 kHz samples, or of frames that others listen to as well."""

    def __init__(self, model: KeywordModel, config: DecisionConfig, start_sample: int = 0) -> None:
        self.model = model
        self.decision = Decision(config)
        self._frames = self.new_frames()  # its own, for samples
        self._ends: list[DetectionEnd] = []  # made by a reset
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start afresh: the next sample has the absolute index `sample` and nothing came before it."""
        self._frames.reset(sample)
        self._state = self.model.network.initial_state()
        self._next_step_end = sample + self.model.card.first_step_samples
        self._missing = self.model.card.context_frames  # frames until the next step
        self.decision.reset()
        if self.decision.ended is not None:
            self._ends.append(self.decision.ended)

    def run_on(self, *models: KeywordModel) -> None:
        """Go on with the same model as another engine runs it; nothing of the stream is lost."""
        (self.model,) = models
        self._frames.run_on(widest_frontend([self]))

    @property
    def models(self) -> tuple[KeywordModel, ...]:
        """All that listen in it, in the order in which `run_on` takes them."""
        return (self.model,)

    def finish(self) -> list[DetectionEnd]:
        """No more samples follow those before: what ends with them."""
        self.reset(self._frames.next_frame)
        ends, self._ends = self._ends, []
        return ends

    def new_frames(self) -> FrameStream:
        """Frames for this detector and others, of a stream that begins at sample 0."""
        return FrameStream(widest_frontend([self]))

    @property
    def next_step_end(self) -> int:
        """The absolute sample index that completes the next step."""
        return self._next_step_end

    def process(self, samples: NDArray[np.float32]) -> DetectorOutput:
        """Take the samples [N] that follow those before, any N, and answer with all that they complete."""
        first_frame = self._frames.next_frame
        log_mel = self._frames.process(samples)
        steps = self.process_frames(log_mel)
        own = log_mel[:, : FrontendConfig.mel_bins]  # without what an expert takes
        return DetectorOutput(steps.scores, steps.step_ends, steps.detections, steps.ends, own, first_frame)

    def process_frames(self, log_mel: Frames) -> Steps:
        """Take the frames [T, F] that follow those before, of a stream that others may hear too.

        raises ModelError, or whatever the engine raises, if the model fails: then this detector is of no more use
        """
        return self._decide(*self._posteriors(log_mel))

    def _posteriors(self, log_mel: Frames) -> tuple[Posteriors, NDArray[np.int64]]:
        """What the model makes of the frames: the posterior of each step, and at which sample it ends."""
        card = self.model.card
        steps = max(0, (len(log_mel) - self._missing) // card.step_frames + 1)
        answer, self._state = self.model.network.step(columns_for(self.model.frontend, log_mel), self._state)
        posteriors = check_posteriors(answer, steps)
        self._missing += steps * card.step_frames - len(log_mel)
        first, self._next_step_end = self._next_step_end, self._next_step_end + card.step_samples * steps
        return posteriors, np.arange(first, self._next_step_end, card.step_samples, dtype=np.int64)

    def _decide(self, posteriors: Posteriors, step_ends: NDArray[np.int64]) -> Steps:
        ends, self._ends = self._ends, []
        if len(posteriors) > 1:
            decisions = self.decision.update_all(posteriors, step_ends)
            return Steps(decisions.scores, step_ends, decisions.detections, ends + decisions.ends)
        scores = np.empty(len(posteriors), dtype=np.float32)
        detections = []
        for i, (value, end) in enumerate(zip(posteriors.tolist(), step_ends.tolist(), strict=True)):
            detection = self.decision.update(value, end)
            scores[i] = self.decision.score
            if detection is not None:
                detections.append(detection)
            if self.decision.ended is not None:
                ends.append(self.decision.ended)
        return Steps(scores, step_ends, detections, ends)
