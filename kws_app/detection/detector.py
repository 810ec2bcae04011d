"""Detector: samples -> frontend -> model -> decision. The app and the evaluation use it. No Qt, no device, no clock."""

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
    """The steps that a block of frames completed."""

    scores: NDArray[np.float32]  # [S], smoothed posteriors
    step_ends: NDArray[np.int64]  # [S], absolute sample index at which each step's audio ends
    detections: list[Detection]
    ends: list[DetectionEnd]  # ends of these or earlier detections


@dataclass(frozen=True)
class DetectorOutput(Steps):
    """The steps and frames that a block of samples completed."""

    log_mel: NDArray[np.float32]  # [T, F]
    first_frame: int  # absolute sample index at which the first frame begins


class FrameStream:
    """Turns a stream of 16 kHz samples into frames. Several detectors can share the frames."""

    def __init__(self, frontend: Frontend, start_sample: int = 0) -> None:
        self._frontend = frontend
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start a new stream whose first sample has the absolute index `sample`."""
        self._tail = self._frontend.initial_tail()
        self.next_frame = sample  # absolute sample index at which the next frame begins

    def run_on(self, frontend: Frontend) -> None:
        """Use the frontend of another engine from now on. Nothing of the stream is lost."""
        self._frontend = frontend

    def process(self, samples: NDArray[np.float32]) -> Frames:
        """Take the next samples [N], any N. Returns the frames [T, F] that they complete."""
        log_mel, self._tail = self._frontend(samples, self._tail)
        self.next_frame += len(log_mel) * self._frontend.hop_samples
        return log_mel


def widest_frontend(detectors: Iterable["Detector"]) -> Frontend:
    """The frontend whose frames have the columns for all detectors. raises ValueError without a detector"""
    return max((model.frontend for detector in detectors for model in detector.models), key=lambda f: f.mel_bins)


class Detector:
    """A keyword model that listens to a stream: of 16 kHz samples, or of frames shared with other detectors."""

    def __init__(self, model: KeywordModel, config: DecisionConfig, start_sample: int = 0) -> None:
        self.model = model
        self.decision = Decision(config)
        self._frames = self.new_frames()  # used by `process`
        self._ends: list[DetectionEnd] = []  # ends by a reset, for the next result
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start a new stream whose first sample has the absolute index `sample`."""
        self._frames.reset(sample)
        self._state = self.model.network.initial_state()
        self._next_step_end = sample + self.model.card.first_step_samples
        self._missing = self.model.card.context_frames  # frames until the next step
        self.decision.reset()
        if self.decision.ended is not None:
            self._ends.append(self.decision.ended)

    def run_on(self, *models: KeywordModel) -> None:
        """Use the same model on another engine from now on. Nothing of the stream is lost."""
        (self.model,) = models
        self._frames.run_on(widest_frontend([self]))

    @property
    def models(self) -> tuple[KeywordModel, ...]:
        """All models of this detector, in the order for `run_on`."""
        return (self.model,)

    def finish(self) -> list[DetectionEnd]:
        """End the stream. Returns the detections that end with it."""
        self.reset(self._frames.next_frame)
        ends, self._ends = self._ends, []
        return ends

    def new_frames(self) -> FrameStream:
        """A new stream of frames for this detector, which begins at sample 0."""
        return FrameStream(widest_frontend([self]))

    @property
    def next_step_end(self) -> int:
        """The absolute sample index at which the next step ends."""
        return self._next_step_end

    def process(self, samples: NDArray[np.float32]) -> DetectorOutput:
        """Take the next samples [N], any N. Returns all steps and frames that they complete."""
        first_frame = self._frames.next_frame
        log_mel = self._frames.process(samples)
        steps = self.process_frames(log_mel)
        own = log_mel[:, : FrontendConfig.mel_bins]  # without the columns for an expert
        return DetectorOutput(steps.scores, steps.step_ends, steps.detections, steps.ends, own, first_frame)

    def process_frames(self, log_mel: Frames) -> Steps:
        """Take the next frames [T, F] of the stream. Returns the steps that they complete.

        raises ModelError, or any error of the engine, if the model fails: then this detector cannot be used any more
        """
        return self._decide(*self._posteriors(log_mel))

    def _posteriors(self, log_mel: Frames) -> tuple[Posteriors, NDArray[np.int64]]:
        """The posterior of each step that the frames complete, and the sample at which each step ends."""
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
