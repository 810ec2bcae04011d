"""Cascade: a small model listens all the time, a larger one only to what it stirs at. No Qt, no device, no clock.

When the first model's posterior reaches `stir`, the second is given the last seconds again, from a fresh state, and
listens on until the first has been calm for a while. The decision is taken on the second's posterior; it is nil asleep.
"""

import numpy as np

from kws_app.detection.detector import Detector, Steps, widest_frontend
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.keyword_model import KeywordModel

REPLAY_FRAMES = 200  # given to the second model when it wakes: 2 s
COUNTED_S = 0.5  # of these, the last: a score before them belongs to something that is over
HOLD_S = 0.4  # the second model listens on for so long after the first is calm
STIR = 0.2
NO_DECISION = DecisionConfig(threshold=1.0)  # of the second model on its own


def detector_of(first: KeywordModel, second: KeywordModel | None, config: DecisionConfig) -> Detector:
    """A fresh detector of one model, or of the pair where a second confirms it."""
    return Detector(first, config) if second is None else Cascade(first, second, config)


class Cascade(Detector):
    """A detector whose first model decides when the second is asked; it answers at the pace of the first."""

    def __init__(
        self,
        first: KeywordModel,
        second: KeywordModel,
        config: DecisionConfig,
        stir: float = STIR,
        start_sample: int = 0,
    ) -> None:
        self.stir = stir
        self.heard_frames = self.confirmed_frames = 0  # by the first model, by the second: what it costs
        self._second = Detector(second, NO_DECISION)
        super().__init__(first, config, start_sample)

    def reset(self, sample: int) -> None:
        super().reset(sample)
        self._start = sample
        self._recent = np.zeros((0, widest_frontend([self]).mel_bins), np.float32)  # [T, F], the last frames
        self._recent_from = 0  # frames of the stream before them
        self._awake_until = -1
        self._next_frame: int | None = None  # that the second model wants; None while it sleeps
        self._value = 0.0

    def run_on(self, *models: KeywordModel) -> None:
        first, second = models
        super().run_on(first)
        self._second.run_on(second)

    @property
    def models(self) -> tuple[KeywordModel, ...]:
        return self.model, self._second.model

    def process_frames(self, log_mel: Frames) -> Steps:
        """As a detector's; the scores are the second model's, nil while it sleeps."""
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
        """The second model's highest posterior since the last step, all that ended before sample `end` heard."""
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
