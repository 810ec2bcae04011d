"""pyopen-wakeword: openWakeWord's newer networks on TensorFlow Lite (Apache-2.0)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("pyopen-wakeword==1.1.0", "numpy")
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "okay_nabu")


class Engine:
    frame_samples = 1280

    def __init__(self, word: str, takes: Path | None) -> None:
        from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures  # type: ignore[import-not-found]

        self.features = OpenWakeWordFeatures.from_builtin()
        self.model = OpenWakeWord.from_builtin(Model(word))
        self.last = 0.0

    def score(self, frame: NDArray[np.int16]) -> float:
        found = [
            probability
            for embedding in self.features.process_streaming(frame.tobytes())
            for probability in self.model.process_streaming(embedding)
        ]
        self.last = max(found, default=self.last)
        return float(self.last)
