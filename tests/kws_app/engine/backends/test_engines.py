"""Two engines, one answer: the shipped models' posteriors, in any chunking, and through a switch in mid-stream."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kws_app.detection.cascade import Cascade, detector_of
from kws_app.detection.detector import Detector
from kws_app.engine.backends import ENGINES, JITTED, PLAIN, check_posteriors, checked_engine
from kws_app.engine.backends.plain import PlainCrnn
from kws_app.engine.backends.plain_recurrence import LANE_STEPS
from kws_app.engine.catalogue import find_model, find_models
from kws_app.engine.crnn_file import CrnnSettings, pack, packed_numbers, unpack
from kws_app.engine.crnn_shape import CrnnShape
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import LogMel
from kws_app.engine.keyword_model import KeywordModel
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from tests.support.made_sound import made_minute

Scores = NDArray[np.float32]

pytest.importorskip("torch")
# experts have a test file of their own
SHIPPED = [entry.name for entry in find_models(MODELS_DIR) if entry.card.network["family"] == "crnn"]
REFERENCE = Path(__file__).parents[3] / "support" / "reference_scores.npz"  # when a model was made


@cache
def minute() -> Scores:
    return made_minute()


@cache
def model(name: str, engine: str) -> KeywordModel:
    return KeywordModel.load(find_model(name, MODELS_DIR).path, engine)


def scores(detector: Detector, samples: Scores, chunk: int) -> Scores:
    return np.concatenate([detector.process(samples[i : i + chunk]).scores for i in range(0, len(samples), chunk)])


def raw(model: KeywordModel) -> Detector:
    """Its scores are the posteriors."""
    return Detector(model, DecisionConfig(threshold=1.0))


def logits(posteriors: Scores) -> NDArray[np.float64]:
    p = posteriors.astype(np.float64)
    return np.log(p / (1 - p))


def this_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_jitted_engine_scores_as_it_did_when_the_model_was_made(name: str) -> None:
    reference = np.load(REFERENCE)
    found = scores(raw(model(name, JITTED)), minute(), 1280)
    # another processor rounds in another way: 1e-4 of a logit is far below what any decision sees
    np.testing.assert_allclose(logits(found), logits(reference[name]), rtol=0, atol=1e-4)
    if this_processor() == str(reference["processor"]):
        np.testing.assert_array_equal(found, reference[name])


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("chunk", [160, 1280, 1999, 160_000, 960_000])
def test_the_plain_engine_gives_the_same_posteriors_in_any_chunking(name: str, chunk: int) -> None:
    reference = np.load(REFERENCE)[name]
    sound = minute()[: len(minute()) if chunk > 1000 else 160_000]
    found = scores(raw(model(name, PLAIN)), sound, chunk)
    np.testing.assert_allclose(found, reference[: len(found)], rtol=0, atol=1e-5)
    np.testing.assert_allclose(logits(found), logits(reference[: len(found)]), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_state_of_a_stream_is_the_same_arrays(name: str) -> None:
    log_mel, _ = LogMel()(minute()[:50_000], LogMel().initial_tail())
    (_, plain), (_, jitted) = (
        network.step(log_mel, network.initial_state())
        for network in (model(name, engine).network for engine in (PLAIN, JITTED))
    )
    for ours, theirs in zip(plain, jitted, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4)


def awake(first: KeywordModel, second: KeywordModel | None = None) -> Detector:
    """A detector whose second model, if it has one, hears all the time."""
    detector = detector_of(first, second, DecisionConfig(threshold=1.0))
    if isinstance(detector, Cascade):
        detector.stir = 0.0
    return detector


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9000), st.sampled_from(ENGINES)), min_size=2, max_size=8))
def test_a_stream_that_changes_engines_loses_nothing(parts: list[tuple[int, str]]) -> None:
    sound = minute()[: sum(length for length, _ in parts)]
    for names in (["happy/student"], ["happy/teacher"], ["happy/student", "happy/teacher"]):

        def on(engine: str, names: list[str] = names) -> list[KeywordModel]:
            return [model(name, engine) for name in names]

        first, *others = on(parts[0][1])
        detector = awake(first, *others)
        found, at = [], 0
        for length, engine in parts:
            detector.run_on(*on(engine))
            found.append(detector.process(sound[at : at + length]).scores)
            at += length
        first, *others = on(JITTED)
        whole = awake(first, *others).process(sound).scores
        np.testing.assert_allclose(np.concatenate(found), whole, rtol=0, atol=1e-5)


SHAPES = [
    CrnnShape(3, 5, 7, 3, 3, 6, 2, 4),
    CrnnShape(2, 4, 12, 4, 6, 8, 1, 5, pool_frames=3, pool_mels=2, heads=4, weighs_age=True, energy_hidden=3),
    CrnnShape(1, 40, 1, 40, 1, 1, 3, 2),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_network_of_any_shape_answers_alike_in_blocks_and_step_by_step(shape: CrnnShape) -> None:
    rng = np.random.default_rng(0)
    numbers = {name: rng.normal(0, 0.5, size).astype(np.float32) for name, size in shape.parameter_shapes.items()}
    settings = CrnnSettings(shape, 1.5, 0.3)
    network = PlainCrnn(settings, unpack(settings, pack(settings, numbers)))
    log_mel = rng.normal(-6, 4, (3 * LANE_STEPS * shape.stride_frames + 5, 40)).astype(np.float32)
    whole, last = network.step(log_mel, network.initial_state())
    state, found = network.initial_state(), []
    for frame in log_mel:
        some, state = network.step(frame[None], state)
        found.append(some)
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=0, atol=1e-5)
    for ours, theirs in zip(state, last, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_a_gru_that_never_forgets_is_run_step_by_step_to_the_same_end() -> None:
    shape = CrnnShape(1, 40, 1, 40, 1, 2, 1, 2)
    numbers = {name: np.zeros(size, np.float32) for name, size in shape.parameter_shapes.items()}
    numbers["conv.weight"][:] = 0.1
    numbers["gru.weight_ih_l0"][4:] = 0.3
    numbers["gru.bias_ih_l0"][2:4] = 6.0  # the update gate: it keeps 0.9975 of the past
    numbers["classifier.weight"][1] = 3.0
    settings = CrnnSettings(shape, 1.0, 0.0)
    network = PlainCrnn(settings, numbers)
    log_mel = np.random.default_rng(0).normal(-6, 4, (1000, 40)).astype(np.float32)
    whole, _ = network.step(log_mel, network.initial_state())
    state, found = network.initial_state(), []
    for frame in log_mel:
        some, state = network.step(frame[None], state)
        found.append(some)
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=0, atol=2e-6)


@pytest.mark.parametrize("bits", [0, 2, 3, 5, 6, 8])
def test_packed_numbers_come_back_bit_for_bit(bits: int) -> None:
    shape = SHAPES[1]
    rng = np.random.default_rng(1)
    settings = CrnnSettings(shape, 1.0, 0.0, bits)
    numbers = {name: rng.normal(0, 0.5, size).astype(np.float32) for name, size in shape.parameter_shapes.items()}
    if bits:
        with pytest.raises(ValueError, match=f"not on a grid of {bits} bits"):
            pack(settings, numbers)
        kinds = settings.tensor_kinds
        codes = rng.integers(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1), kinds["w"][1] * 8 // bits)
        weights = sum(values.size for values in numbers.values() if values.ndim > 1)
        packed = packed_numbers(codes[:weights].astype(np.int8), bits)
        scales = np.full(kinds["s"][1], 0.125, np.float16)
        numbers = unpack(settings, {"w": packed, "s": scales, "b": np.ones(kinds["b"][1], np.float16)})
        for values in numbers.values():  # so that each row reaches the highest code, which sets its scale
            if values.ndim > 1:
                values.reshape(len(values), -1)[:, 0] = 0.125 * (2 ** (bits - 1) - 1)
    again = unpack(settings, pack(settings, numbers))
    for name in numbers:
        np.testing.assert_array_equal(again[name], numbers[name])


@pytest.mark.parametrize(
    "answer",
    [
        [0.5, 0.5],
        np.array([0.5, 0.5]),
        np.array([0.5], np.float32),
        np.array([[0.5, 0.5]], np.float32),
        np.array([0.5, np.nan], np.float32),
        np.array([0.5, np.inf], np.float32),
        np.array([0.5, 1.1], np.float32),
        np.array([-0.1, 0.5], np.float32),
    ],
)
def test_an_answer_that_is_no_row_of_scores_is_refused(answer: object) -> None:
    with pytest.raises(ModelError):
        check_posteriors(answer, 2)


def test_an_engine_that_cannot_run_here_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked_engine(None) == JITTED and checked_engine(PLAIN) == PLAIN
    with pytest.raises(ModelError, match=r"no engine 'x'\. The engines are: jitted, plain"):
        checked_engine("x")
    monkeypatch.setattr("kws_app.engine.backends.has_torch", lambda: False)
    assert checked_engine(None) == PLAIN
    with pytest.raises(ModelError, match="needs PyTorch"):
        checked_engine(JITTED)
