"""Cascade: a small model listens all the time, a larger one only to what it stirs at. Scored here, not in the app.

When the first model's score reaches `stir`, the second is given the last seconds again, from a fresh state, and listens
on until the first has been calm for a while. The decision is taken on the second's score; asleep it is nil.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kws_app.decision import Decision, DecisionConfig
from kws_app.detector import Detector, Steps
from kws_app.frontend_config import SAMPLE_RATE
from kws_app.model import KeywordModel

REPLAY_S = 2.0  # of sound given to the second model when it wakes
COUNTED_S = 0.5  # of these, the last: a score before them belongs to something that is over
HOLD_S = 0.4  # the second model listens on for so long after the first is calm
STIR = 0.2
NO_DECISION = DecisionConfig(threshold=1.0)  # of the two detectors inside: their own detections are not used


class Cascade:
    """Two models of one keyword listening to one stream of 16 kHz samples; answers at the pace of the first."""

    def __init__(self, first: KeywordModel, second: KeywordModel, config: DecisionConfig, stir: float = STIR) -> None:
        self.stir = stir
        self.decision = Decision(replace(config, smoothing_steps=1))
        self.heard_samples = 0
        self.replayed_samples = 0  # that the second model was given: what it costs
        self._first = Detector(first, NO_DECISION)
        self._second = Detector(second, replace(NO_DECISION, smoothing_steps=config.smoothing_steps))
        self.reset(0)

    def reset(self, sample: int) -> None:
        """Start afresh: the next sample has the absolute index `sample` and nothing came before it."""
        self._first.reset(sample)
        self.decision.reset()
        self._recent = np.zeros(0, np.float32)
        self._recent_from = sample
        self._awake_until = -1
        self._second_at: int | None = None  # the sample that the second model wants next; None while it sleeps
        self._value = 0.0

    def process(self, samples: NDArray[np.float32]) -> Steps:
        """Take the samples [N] that follow those before, any N; the scores are the second model's."""
        output = self._first.process(samples)
        self.heard_samples += len(samples)
        self._recent = np.concatenate([self._recent, samples])
        scores = np.zeros(len(output.scores), dtype=np.float32)
        detections = []
        for i, (score, end) in enumerate(zip(output.scores.tolist(), output.step_ends.tolist(), strict=True)):
            if score >= self.stir:
                self._awake_until = end + int(HOLD_S * SAMPLE_RATE)
            value = self._listen(end) if end <= self._awake_until else self._sleep()
            detection = self.decision.update(value, end)
            scores[i] = self.decision.score
            if detection is not None:
                detections.append(detection)
        spare = len(self._recent) - int((REPLAY_S + 1) * SAMPLE_RATE)
        if spare > 0:
            self._recent, self._recent_from = self._recent[spare:], self._recent_from + spare
        return Steps(scores, output.step_ends, detections, [])

    def _sleep(self) -> float:
        self._second_at = None
        self._value = 0.0
        return 0.0

    def _listen(self, end: int) -> float:
        """The second model's highest score since the last step, all samples before `end` heard."""
        begin, counted_from = self._second_at, 0
        if begin is None:
            begin = max(self._recent_from, end - int(REPLAY_S * SAMPLE_RATE))
            counted_from = end - int(COUNTED_S * SAMPLE_RATE)
            self._second.reset(begin)
        heard = self._second.process(self._recent[begin - self._recent_from : end - self._recent_from])
        self.replayed_samples += end - begin
        self._second_at = end
        counted = heard.scores[heard.step_ends > counted_from]
        if len(counted):
            self._value = float(counted.max())
        return self._value
