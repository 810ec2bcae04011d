"""openWakeWord 0.4.0: a speech embedding and a small network for each word, on onnxruntime (Apache-2.0)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("openwakeword==0.4.0",)
WORDS = ("alexa", "hey_mycroft", "hey_jarvis")


class Engine:
    frame_samples = 1280

    def __init__(self, word: str, takes: Path | None) -> None:
        import openwakeword  # type: ignore[import-not-found]
        from openwakeword.model import Model  # type: ignore[import-not-found]

        (path,) = [path for path in openwakeword.get_pretrained_model_paths() if word in Path(path).stem]
        self.model = Model(wakeword_model_paths=[path])

    def score(self, frame: NDArray[np.int16]) -> float:
        return float(max(self.model.predict(frame).values()))
