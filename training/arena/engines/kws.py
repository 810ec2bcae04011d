"""This project's own models, on NumPy. KWS_ARENA_MODEL names a model file, or the two files of a pair."""

import os
import sys
from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("numpy>=2.0,<3", "safetensors>=0.5,<1", "tqdm>=4.66,<5")  # all that the detector needs
WORDS = ()  # any word with a model


class Engine:
    def __init__(self, word: str, takes: Path | None) -> None:
        sys.path.insert(0, str(Path(__file__).resolve().parents[3]))  # the project is not installed here
        from kws_app.detection.cascade import NO_DECISION, detector_of
        from kws_app.engine.keyword_model import KeywordModel

        models = [KeywordModel.load(Path(file)) for file in os.environ["KWS_ARENA_MODEL"].split(os.pathsep)]
        decision = models[-1].card.decision_config()
        self.detector = detector_of(models[0], models[1] if models[1:] else None, NO_DECISION)
        self.frame_samples = models[0].card.step_samples
        self.posteriors: deque[float] = deque(maxlen=decision.smoothing_steps)
        self.smoothed: deque[float] = deque(maxlen=decision.patience_steps)

    def score(self, frame: NDArray[np.int16]) -> float:
        """The highest threshold at which the app would detect now, with the model's own smoothing and patience."""
        for posterior in self.detector.process(frame.astype(np.float32) / np.float32(32768)).scores.tolist():
            self.posteriors.append(posterior)
            self.smoothed.append(sum(self.posteriors) / (self.posteriors.maxlen or 1))
        return min(self.smoothed, default=0.0) if len(self.smoothed) == self.smoothed.maxlen else 0.0
