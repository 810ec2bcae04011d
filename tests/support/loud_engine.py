"""A made-up engine for the arena: the score of a frame is its loudest sample, so tests know the scores beforehand."""

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ()
WORDS = ("beep",)


class Engine:
    frame_samples = 1600

    def __init__(self, word: str, takes: Path | None) -> None:
        if os.environ.get("LOUD_ENGINE_FAILS"):
            raise RuntimeError("the loud engine was told to fail")
        print("this goes nowhere that matters", file=sys.stderr)

    def score(self, frame: NDArray[np.int16]) -> float:
        return float(np.abs(frame.astype(np.float64)).max() / 32767)
