"""Decision: turns posteriors into detections. Pure arithmetic; time is a sample index."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE


@dataclass(frozen=True)
class Detection:
    """The keyword was heard."""

    sample: int  # absolute index at which the score met the threshold
    score: float

    @property
    def time_s(self) -> float:
        return self.sample / SAMPLE_RATE


@dataclass(frozen=True)
class DetectionEnd:
    """A detection has ended: the score fell below the threshold, or the stream ended."""

    detection: Detection
    peak: float  # the highest score since the score met the threshold
    above_samples: int  # from the end of the first step at or above the threshold to the end of the first step below


@dataclass(frozen=True)
class Decisions:
    """What many steps gave."""

    scores: NDArray[np.float32]  # [S], smoothed posteriors
    detections: list[Detection]
    ends: list[DetectionEnd]


class Decision:
    """Smoothing, threshold, patience, refractory time and re-arming.

    Before the next detection the score must fall below the threshold once, and the refractory time must pass. So a word
    gives one detection, however long the score stays high.
    """

    def __init__(self, config: DecisionConfig) -> None:
        self.config = config  # may be replaced at any time; used from the next step on
        self.score = 0.0  # the last smoothed posterior
        self.ended: DetectionEnd | None = None  # the detection that the last step or reset ended
        self._detection: Detection | None = None
        # a run is a row of steps at or above the threshold
        self._begun = self._last = 0  # samples at the end of the first and of the last step of the present run
        self._peak = 0.0  # highest score of the present run
        self.reset()

    def reset(self) -> None:
        """Start again: the next step is the first step of a stream."""
        self._end_run(self._last)
        self._recent: deque[float] = deque()
        self._above = 0
        self._armed = True
        self._quiet_until = 0
        self.score = 0.0

    def update(self, posterior: float, sample: int) -> Detection | None:
        """Take the posterior of the step that ends at `sample`. Returns a detection if this step makes one."""
        self._recent.append(posterior)
        while len(self._recent) > self.config.smoothing_steps:
            self._recent.popleft()
        total = 0.0
        for value in self._recent:  # `sum` rounds otherwise in later Pythons, and `update_all` as here
            total += value
        return self._decide(total / self.config.smoothing_steps, sample)

    def update_all(self, posteriors: NDArray[np.float32], samples: NDArray[np.int64]) -> "Decisions":
        """`update` for many steps [S] at once. A step below the threshold that follows another changes nothing."""
        config = self.config
        past = [0.0] * config.smoothing_steps + list(self._recent)
        smoothed = np.concatenate((past[len(past) - config.smoothing_steps + 1 :], posteriors))  # float64
        scores = np.zeros(len(posteriors))
        for age in range(config.smoothing_steps):  # the oldest first, as `update` adds them
            scores += smoothed[age : age + len(posteriors)]
        scores /= config.smoothing_steps
        is_above = scores >= config.threshold
        matters = is_above.copy()
        matters[1:] |= is_above[:-1]
        matters[:1] = True
        decisions = Decisions(scores.astype(np.float32), [], [])
        for i in np.flatnonzero(matters).tolist():
            detection = self._decide(float(scores[i]), int(samples[i]))
            if detection is not None:
                decisions.detections.append(detection)
            if self.ended is not None:
                decisions.ends.append(self.ended)
        if len(posteriors):
            self._recent = deque(smoothed[-config.smoothing_steps :].tolist())
            self.score = float(scores[-1])
            if not is_above[-1] and not matters[-1]:
                self.ended = None
        return decisions

    def _decide(self, score: float, sample: int) -> Detection | None:
        """Take the smoothed score of the next step."""
        config = self.config
        self.score = score
        if not score >= config.threshold:  # a score that is no number is not above anything
            self._end_run(sample)
            self._above = 0
            self._armed = True
            return None
        self._go_on_above(sample)
        if not self._armed or self._above < config.patience_steps or sample < self._quiet_until:
            return None
        self._armed = False
        self._quiet_until = sample + round(config.refractory_s * SAMPLE_RATE)
        self._detection = Detection(sample, self.score)
        return self._detection

    def _go_on_above(self, sample: int) -> None:
        self.ended = None
        self._above += 1
        if self._above == 1:
            self._begun, self._peak = sample, self.score
        self._last, self._peak = sample, max(self._peak, self.score)

    def _end_run(self, sample: int) -> None:
        """End the present run at `sample`: the score fell below the threshold, or the stream ended."""
        detection, self._detection = self._detection, None
        self.ended = None if detection is None else DetectionEnd(detection, self._peak, sample - self._begun)
