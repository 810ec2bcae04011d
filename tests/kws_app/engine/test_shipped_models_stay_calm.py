"""The shipped models detect nothing without speech: in silence, steady noise and hum, at a start and after a pause."""

import numpy as np
import pytest
from numpy.typing import NDArray

from kws_app.detection.detector import Detector
from kws_app.engine.catalogue import find_model, find_models
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR

SECONDS = 60
PIECE_S = 2
LEVELS_DB = (-60, -40, -20)


@pytest.fixture(scope="module")
def sounds() -> list[tuple[str, NDArray[np.float32]]]:
    """A minute of each sound at each level, by name. [N] float32"""
    count = SECONDS * SAMPLE_RATE
    white = np.random.default_rng(5).standard_normal(count)
    spectrum = np.fft.rfft(white)
    bins = np.arange(1, len(spectrum) + 1)
    t = np.arange(count) / SAMPLE_RATE
    made = {
        "white noise": white,
        "pink noise": np.fft.irfft(spectrum / np.sqrt(bins), count),
        "brown noise": np.fft.irfft(spectrum / bins, count),
        "hum": sum(np.sin(2 * np.pi * 50 * h * t) / h for h in range(1, 8)),
    }
    return [("silence", np.zeros(count, np.float32))] + [
        (f"{name} at {level_db} dB", (sound / sound.std() * 10 ** (level_db / 20)).astype(np.float32))
        for name, sound in made.items()
        for level_db in LEVELS_DB
    ]


@pytest.mark.parametrize("name", [entry.name for entry in find_models(MODELS_DIR)])
@pytest.mark.long
def test_no_detection_without_speech(name: str, sounds: list[tuple[str, NDArray[np.float32]]]) -> None:
    model = KeywordModel.load(find_model(name, MODELS_DIR).path)
    for sound_name, sound in sounds:
        detector = Detector(model, model.card.decision_config())
        assert not detector.process(sound).detections, sound_name
        for first in range(0, len(sound), PIECE_S * SAMPLE_RATE):  # as after a pause, from the middle of the sound
            detector.reset(first)
            piece = sound[first : first + PIECE_S * SAMPLE_RATE]
            assert not detector.process(piece).detections, f"{sound_name}, after a pause"
