"""Cascade: a small model listens all the time, and wakes a larger model that decides. No Qt, no device, no clock.

When the posterior of the first model reaches `stir`, the second model hears the last seconds again, from a fresh state.
It listens until the first model has stayed below `stir` for HOLD_S. The posterior of the second model decides. While
the second model sleeps, the score is 0.
"""

import numpy as np

from kws_app.detection.detector import Detector, Steps, widest_frontend
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.keyword_model import KeywordModel

REPLAY_FRAMES = 200  # frames that the second model hears when it wakes: 2 s
COUNTED_S = 0.5  # the end of these frames whose scores count; an earlier score belongs to earlier sound
HOLD_S = 0.4  # how long the second model listens after the last posterior that reached `stir`
STIR = 0.2  # posterior of the first model that wakes the second model
NO_DECISION = DecisionConfig(threshold=1.0)  # the second model makes no detections of its own


def detector_of(first: KeywordModel, second: KeywordModel | None, config: DecisionConfig) -> Detector:
    """A fresh detector of a model or of a pair. second: the model that confirms; None for a single model"""
    return Detector(first, config) if second is None else Cascade(first, second, config)


class Cascade(Detector):
    """The detector of a pair. It has the steps of the first model and the scores of the second model."""

    def __init__(
        self,
        first: KeywordModel,
        second: KeywordModel,
        config: DecisionConfig,
        stir: float = STIR,
        start_sample: int = 0,
    ) -> None:
        self.stir = stir
        self.heard_frames = self.confirmed_frames = 0  # frames that the first and the second model have processed
        self._second = Detector(second, NO_DECISION)
        super().__init__(first, config, start_sample)

    def reset(self, sample: int) -> None:
        super().reset(sample)
        self._start = sample
        self._recent = np.zeros((0, widest_frontend([self]).mel_bins), np.float32)  # [T, F], the last frames
        self._recent_from = 0  # number of frames in the stream before `_recent`
        self._awake_until = -1  # the second model is awake up to this sample
        self._next_frame: int | None = None  # the next frame for the second model; None while it sleeps
        self._value = 0.0  # the last score

    def run_on(self, *models: KeywordModel) -> None:
        first, second = models
        super().run_on(first)
        self._second.run_on(second)

    @property
    def models(self) -> tuple[KeywordModel, ...]:
        return self.model, self._second.model

    def process_frames(self, log_mel: Frames) -> Steps:
        """Like Detector.process_frames. The scores are those of the second model, and 0 while it sleeps."""
        posteriors, step_ends = self._posteriors(log_mel)
        self.heard_frames += len(log_mel)
        self._recent = np.concatenate((self._recent, log_mel[:, : self._recent.shape[1]]))
        values = []
        for posterior, end in zip(posteriors.tolist(), step_ends.tolist(), strict=True):
            if posterior >= self.stir:
                self._awake_until = end + int(HOLD_S * SAMPLE_RATE)
            values.append(self._listen(end) if end <= self._awake_until else self._sleep())
        spare = len(self._recent) - 2 * REPLAY_FRAMES
        if spare > 0:
            self._recent, self._recent_from = self._recent[spare:], self._recent_from + spare
        return self._decide(np.array(values, np.float32), step_ends)

    def _sleep(self) -> float:
        self._next_frame = None
        self._value = 0.0
        return 0.0

    def _listen(self, end: int) -> float:
        """Let the second model hear all frames before `end`. Returns its highest posterior since the last step."""
        config = FrontendConfig()
        frames = (end - self._start - config.window_samples) // config.hop_samples + 1  # of the stream, until `end`
        begin, counted_from = self._next_frame, 0
        if begin is None:
            begin = max(self._recent_from, frames - REPLAY_FRAMES)
            counted_from = end - int(COUNTED_S * SAMPLE_RATE)
            self._second.reset(self._start + begin * config.hop_samples)
        heard = self._second.process_frames(self._recent[begin - self._recent_from : frames - self._recent_from])
        self.confirmed_frames += frames - begin
        self._next_frame = frames
        counted = heard.scores[heard.step_ends > counted_from]
        if len(counted):
            self._value = float(counted.max())
        return self._value
