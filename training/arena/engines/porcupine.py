"""Porcupine 1.9.5, the last release that runs without a key (Apache-2.0). It gives detections and no scores.

So several copies listen, at rising sensitivities. The score depends on the lowest sensitivity with a detection.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("pvporcupine==1.9.5", "numpy")
WORDS = ("alexa", "computer", "smart_mirror")
BY_NAME_ONLY = True  # it is not an open engine, so it plays only if somebody names it
SENSITIVITIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Engine:
    frame_samples = 512
    copies = len(SENSITIVITIES)  # a user runs a single copy, so the cost is divided by this number

    def __init__(self, word: str, takes: Path | None) -> None:
        import pvporcupine  # type: ignore[import-not-found]

        name = word.replace("_", " ")
        self.engines = [pvporcupine.create(keywords=[name], sensitivities=[at]) for at in SENSITIVITIES]

    def score(self, frame: NDArray[np.int16]) -> float:
        fired = [at for at, engine in zip(SENSITIVITIES, self.engines, strict=True) if engine.process(frame) >= 0]
        return 1.05 / 1.1 - min(fired) / 1.1 if fired else 0.0  # from 0.05 to 0.95, the surest highest
