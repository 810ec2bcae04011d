"""A cascade of two models: the second model decides when the first wakes it; chunks do not change the result."""

from pathlib import Path

import numpy as np
import pytest

from kws_app.detection.cascade import Cascade
from kws_app.detection.detector import Detector
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from tests.support.loudness import STEP_SAMPLES, bursts

SOUND = bursts(3.0, 8.0, duration_s=12.0)
CONFIG = DecisionConfig()


@pytest.fixture(scope="module")
def model(tiny_models: Path) -> KeywordModel:
    return KeywordModel.load(tiny_models / "loud" / "teacher.safetensors")


def samples(detector: Detector, sound: np.ndarray, pieces: int = 1) -> list[int]:
    return [d.sample for block in np.array_split(sound, pieces) for d in detector.process(block).detections]


def test_the_same_model_twice_finds_what_it_finds_alone(model: KeywordModel):
    alone = samples(Detector(model, CONFIG), SOUND)
    cascade = Cascade(model, model, CONFIG)
    # its steps fall elsewhere after a replay: one of 80 ms at most
    assert samples(cascade, SOUND) == pytest.approx(alone, abs=STEP_SAMPLES) and len(alone) == 2
    assert 0.2 < cascade.confirmed_frames / cascade.heard_frames < 0.6  # 2 s and a bit for each burst in 12 s


@pytest.mark.parametrize("pieces", [2, 37, 500])
def test_any_chunking_gives_the_same(model: KeywordModel, pieces: int):
    whole, parts = Cascade(model, model, CONFIG), Cascade(model, model, CONFIG)
    assert samples(parts, SOUND, pieces) == samples(whole, SOUND)
    assert parts.confirmed_frames == whole.confirmed_frames


def test_what_the_first_does_not_stir_at_is_not_heard(model: KeywordModel):
    cascade = Cascade(model, model, CONFIG, stir=1.1)
    assert samples(cascade, SOUND) == [] and cascade.confirmed_frames == 0
    assert float(cascade.process(SOUND).scores.max()) == 0.0


def test_the_second_decides(model: KeywordModel):
    strict = DecisionConfig(threshold=0.9999)  # no burst is that loud
    stirred = Cascade(model, model, strict)
    assert samples(stirred, SOUND) == [] and stirred.confirmed_frames > 0


def test_an_old_burst_in_the_replay_does_not_fire_again(model: KeywordModel):
    # the second burst wakes the model 1.2 s after the first, which is in the replayed 2 s: one detection each
    sound = bursts(3.0, 4.5, duration_s=8.0)
    assert len(samples(Cascade(model, model, DecisionConfig(refractory_s=0.2)), sound)) == 2


def test_a_reset_forgets(model: KeywordModel):
    cascade = Cascade(model, model, CONFIG)
    first = samples(cascade, SOUND)
    cascade.reset(1000)
    assert samples(cascade, SOUND) == [sample + 1000 for sample in first]
    assert cascade.next_step_end > len(SOUND)


def test_memory_is_bounded(model: KeywordModel):
    cascade = Cascade(model, model, CONFIG)
    for _ in range(20):
        cascade.process(SOUND)
    assert cascade._recent.shape[1] <= 400
