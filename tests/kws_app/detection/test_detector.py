"""The detector: sample times are exact, chunking does not matter, reset means reset."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_app.detection.detector import Detector
from kws_app.engine.catalogue import find_model
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from tests.support.loudness import bursts


@pytest.fixture(scope="module")
def model(tiny_models) -> KeywordModel:  # type: ignore[no-untyped-def]
    return KeywordModel.load(find_model("loud/teacher", tiny_models).path)


def test_a_burst_is_detected_at_its_sample(model: KeywordModel) -> None:
    detector = Detector(model, DecisionConfig())
    output = detector.process(bursts(1.0, duration_s=3.0))
    (detection,) = output.detections
    assert 1.0 <= detection.time_s <= 1.16  # within two steps of its start
    assert detection.sample in output.step_ends.tolist()
    assert output.log_mel.shape[1] == 40 and output.first_frame == 0


def test_step_ends_count_from_the_start(model: KeywordModel) -> None:
    detector = Detector(model, DecisionConfig(), start_sample=1000)
    output = detector.process(np.zeros(16_000, np.float32))
    assert output.step_ends[0] == 1000 + 3440 and np.all(np.diff(output.step_ends) == 1280)
    assert output.step_ends[-1] <= 1000 + 16_000


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=8))
def test_any_chunking_gives_the_same(model: KeywordModel, lengths: list[int]) -> None:
    samples = bursts(0.5, 1.2, duration_s=5.0)[: sum(lengths)]
    whole = Detector(model, DecisionConfig(refractory_s=0.3)).process(samples)
    detector = Detector(model, DecisionConfig(refractory_s=0.3))
    parts, position = [], 0
    for length in lengths:
        parts.append(detector.process(samples[position : position + length]))
        position += length
    np.testing.assert_allclose(np.concatenate([p.scores for p in parts]), whole.scores, atol=1e-5)
    np.testing.assert_array_equal(np.concatenate([p.step_ends for p in parts]), whole.step_ends)
    assert [d.sample for p in parts for d in p.detections] == [d.sample for d in whole.detections]
    assert [e.above_samples for p in parts for e in p.ends] == [e.above_samples for e in whole.ends]
    frames = np.concatenate([p.log_mel for p in parts])
    np.testing.assert_allclose(frames, whole.log_mel, atol=1e-6)


def test_reset_forgets_all(model: KeywordModel) -> None:
    detector = Detector(model, DecisionConfig())
    first = detector.process(bursts(1.0, duration_s=2.0))
    detector.process(bursts(0.1, duration_s=0.55))
    detector.reset(0)
    again = detector.process(bursts(1.0, duration_s=2.0))
    np.testing.assert_array_equal(again.scores, first.scores)
    assert [d.sample for d in again.detections] == [d.sample for d in first.detections]


def test_the_end_of_a_detection_comes_with_the_samples_that_bring_it(model: KeywordModel) -> None:
    detector = Detector(model, DecisionConfig())
    sound = bursts(1.0, duration_s=3.0)
    begun = detector.process(sound[:20_000])
    assert len(begun.detections) == 1 and begun.ends == []
    (end,) = detector.process(sound[20_000:]).ends
    assert end.detection == begun.detections[0]
    assert 0.99 < end.peak <= 1.0
    assert end.above_samples / 16_000 == pytest.approx(0.3, abs=0.1)  # the burst, in steps of 80 ms


def test_what_a_reset_cuts_off_ends_with_the_next_samples_or_at_the_finish(model: KeywordModel) -> None:
    detector = Detector(model, DecisionConfig())
    (detection,) = detector.process(bursts(1.0, duration_s=3.0)[:20_000]).detections
    detector.reset(50_000)
    (end,) = detector.process(np.zeros(10, np.float32)).ends
    assert end.detection == detection and end.above_samples >= 1280
    (detection,) = detector.process(bursts(1.0, duration_s=3.0)[:20_000]).detections
    assert [end.detection for end in detector.finish()] == [detection]
    assert detector.finish() == []
