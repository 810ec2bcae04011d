"""Detector: samples -> frontend -> model -> decision. No Qt, no device, no clock: the same live and in scoring."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kws_app.detection.decision import Decision, Detection, DetectionEnd
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import LogMel
from kws_app.engine.model_file import KeywordModel


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
    """One stream of 16 kHz samples as frames. Several detectors can share them: every model has the same frontend."""

    def __init__(self, frontend: LogMel, start_sample: int = 0) -> None:
        self._frontend = frontend
        self._inference = torch.inference_mode()
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start afresh: the next sample has the absolute index `sample` and nothing came before it."""
        self._tail = self._frontend.initial_tail()
        self.next_frame = sample  # where the next frame begins

    def process(self, samples: NDArray[np.float32]) -> Tensor:
        """Take the samples [N] that follow those before, any N; the frames [1, T, F] that they complete."""
        with self._inference:
            log_mel, self._tail = self._frontend.forward(torch.from_numpy(samples).unsqueeze(0), self._tail)
        self.next_frame += log_mel.shape[1] * self._frontend.hop_samples
        return log_mel


class Detector:
    """One keyword model listening to one stream: of 16 kHz samples, or of frames that others listen to as well."""

    def __init__(self, model: KeywordModel, config: DecisionConfig, start_sample: int = 0) -> None:
        self.model = model
        self.decision = Decision(config)
        self._frames = FrameStream(model.frontend)  # its own, for samples
        self._inference = torch.inference_mode()
        self._ends: list[DetectionEnd] = []  # made by a reset
        self.reset(start_sample)

    def reset(self, sample: int) -> None:
        """Start afresh: the next sample has the absolute index `sample` and nothing came before it."""
        self._frames.reset(sample)
        self._state = self.model.module.initial_state()
        self._next_step_end = sample + self.model.card.first_step_samples
        self.decision.reset()
        if self.decision.ended is not None:
            self._ends.append(self.decision.ended)

    def finish(self) -> list[DetectionEnd]:
        """No more samples follow those before: what ends with them."""
        self.reset(self._frames.next_frame)
        ends, self._ends = self._ends, []
        return ends

    def new_frames(self) -> FrameStream:
        """Frames for this detector and others, of a stream that begins at sample 0."""
        return FrameStream(self.model.frontend)

    @property
    def next_step_end(self) -> int:
        """The absolute sample index that completes the next step."""
        return self._next_step_end

    def process(self, samples: NDArray[np.float32]) -> DetectorOutput:
        """Take the samples [N] that follow those before, any N, and answer with all that they complete."""
        first_frame = self._frames.next_frame
        log_mel = self._frames.process(samples)
        steps = self.process_frames(log_mel)
        return DetectorOutput(**vars(steps), log_mel=log_mel[0].numpy(), first_frame=first_frame)

    def process_frames(self, log_mel: Tensor) -> Steps:
        """Take the frames [1, T, F] that follow those before, of a stream that others may hear too.

        raises RuntimeError if the model fails: then this detector is of no more use
        """
        return self._decide(*self._posteriors(log_mel))

    def _posteriors(self, log_mel: Tensor) -> tuple[list[float], NDArray[np.int64]]:
        """What the model makes of the frames: the posterior of each step, and at which sample it ends."""
        with self._inference:
            posterior, _, self._state = self.model.step(log_mel, self._state)
        card = self.model.card
        first, self._next_step_end = self._next_step_end, self._next_step_end + card.step_samples * posterior.shape[1]
        return posterior[0].tolist(), np.arange(first, self._next_step_end, card.step_samples, dtype=np.int64)

    def _decide(self, posteriors: list[float], step_ends: NDArray[np.int64]) -> Steps:
        scores = np.empty(len(posteriors), dtype=np.float32)
        detections = []
        ends, self._ends = self._ends, []
        for i, (value, end) in enumerate(zip(posteriors, step_ends.tolist(), strict=True)):
            detection = self.decision.update(value, end)
            scores[i] = self.decision.score
            if detection is not None:
                detections.append(detection)
            if self.decision.ended is not None:
                ends.append(self.decision.ended)
        return Steps(scores, step_ends, detections, ends)
