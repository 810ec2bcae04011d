"""This project's own models. KWS_ARENA_MODEL names a role or a model file; the teacher by default."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.detection.detector import Detector
from kws_app.engine.catalogue import find_model
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR

REQUIREMENTS = ()  # it runs where this project is installed
WORDS = ()  # any word with a model


class Engine:
    def __init__(self, word: str, takes: Path | None) -> None:
        asked = os.environ.get("KWS_ARENA_MODEL", "teacher")
        path = Path(asked) if Path(asked).is_file() else find_model(f"{word}/{asked}", MODELS_DIR).path
        model = KeywordModel.load(path)
        self.detector = Detector(model, DecisionConfig(threshold=1.0))
        self.frame_samples = model.card.step_samples

    def score(self, frame: NDArray[np.int16]) -> float:
        scores = self.detector.process(frame.astype(np.float32) / np.float32(32768)).scores
        return float(scores.max(initial=0.0))
