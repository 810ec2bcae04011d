"""pymicro-wakeword: microWakeWord's quantised networks for microcontrollers, on TensorFlow Lite (Apache-2.0)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("pymicro-wakeword==2.5.0", "numpy")
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")


class Engine:
    frame_samples = 480  # three features of 10 ms, as the networks step

    def __init__(self, word: str, takes: Path | None) -> None:
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model  # type: ignore[import-not-found]

        self.features = MicroWakeWordFeatures()
        self.model = MicroWakeWord.from_builtin(Model(word))
        self.last = 0.0

    def score(self, frame: NDArray[np.int16]) -> float:
        found = [self.model.process_streaming_prob(row) for row in self.features.process_streaming(frame.tobytes())]
        self.last = max([value for value in found if value is not None], default=self.last)
        return float(self.last)
