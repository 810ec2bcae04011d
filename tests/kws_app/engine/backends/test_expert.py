"""The expert: equal to the speech embedding's own runtime, in both engines, in any chunking, alone and in a pair."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from kws_app.detection.cascade import detector_of
from kws_app.detection.detector import Detector, FrameStream, widest_frontend
from kws_app.engine.backends import PLAIN
from kws_app.engine.backends.plain_expert import SpeechEmbedding
from kws_app.engine.catalogue import find_model
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.expert_file import ExpertSettings, pack_head, unpack_head
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.keyword_model import KeywordModel, columns_for, golden_samples
from kws_app.engine.model_file import read_card, read_model_file, write_model_file
from kws_app.engine.speech_body import BANDS, BODY_FILE, BODY_SHA256, STEP_FRAMES, load_body
from kws_app.engine.speech_frontend import SpeechFrontend
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from tests.support.made_expert import SETTINGS, made_expert, made_up_head, write_made_expert
from tests.support.made_sound import made_minute

REFERENCE = Path(__file__).parents[3] / "support" / "reference_embeddings.npz"  # of onnxruntime, from samples
NEVER = DecisionConfig(threshold=1.0)


def bands_of(samples: np.ndarray) -> np.ndarray:
    frontend = SpeechFrontend(LogMel())
    return columns_for(frontend, frontend(samples, frontend.initial_tail())[0])


@pytest.fixture(scope="module")
def expert(tmp_path_factory: pytest.TempPathFactory) -> KeywordModel:
    return KeywordModel.load(write_made_expert(tmp_path_factory.mktemp("models")), PLAIN)


def test_embeddings_are_those_of_the_own_runtime() -> None:
    reference = np.load(REFERENCE)["embeddings"]
    embedding = SpeechEmbedding(load_body(BODY_SHA256))
    kept, _ = embedding.quiet()
    found = embedding(bands_of(golden_samples())[: len(reference) * STEP_FRAMES], kept)
    # embeddings reach 80, and the other runtime's spectrum is a product in single precision
    np.testing.assert_allclose(found, reference, rtol=0, atol=2e-4)
    assert np.abs(reference).max() > 40


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=8))
@pytest.mark.long
def test_any_chunking_gives_the_same_frames_and_the_same_posteriors(lengths: list[int]) -> None:
    samples = made_minute()[: sum(lengths)]
    frontend, network = SpeechFrontend(LogMel()), made_expert()
    tail, state, frames, posteriors = frontend.initial_tail(), network.initial_state(), [], []
    at = 0
    for length in lengths:
        some, tail = frontend(samples[at : at + length], tail)
        answer, state = network.step(columns_for(frontend, some), state)
        frames.append(some)
        posteriors.append(answer)
        at += length
    whole = bands_of(samples)
    np.testing.assert_allclose(np.concatenate(frames)[:, -BANDS:], whole, rtol=0, atol=1e-4)  # decibels
    np.testing.assert_allclose(
        np.concatenate(posteriors), network.step(whole, network.initial_state())[0], rtol=0, atol=1e-5
    )


def test_the_first_columns_are_the_frames_of_the_other_models() -> None:
    samples = made_minute()[:40_000]
    frontend = SpeechFrontend(LogMel())
    frames, tail = frontend(samples, frontend.initial_tail())
    own, own_tail = LogMel()(samples, LogMel().initial_tail())
    np.testing.assert_array_equal(frames[:, : FrontendConfig.mel_bins], own)
    np.testing.assert_array_equal(tail, own_tail)


def test_both_engines_and_whole_streams_agree() -> None:
    pytest.importorskip("torch")
    import torch

    from kws_app.engine.backends.jitted import JittedNetwork
    from training.network.speech_embedding import Expert, WholeStreams

    plain, bands = made_expert(), bands_of(made_minute()[:160_000])
    body = load_body(BODY_SHA256)
    jitted = JittedNetwork(torch.jit.script(Expert(SETTINGS, body, made_up_head()).eval()))
    ours, our_state = plain.step(bands, plain.initial_state())
    theirs, their_state = jitted.step(bands, jitted.initial_state())
    assert np.ptp(ours) > 0.3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    for mine, other in zip(our_state, their_state, strict=True):
        assert mine.shape == other.shape and mine.dtype == other.dtype == np.float32
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-4)
    kept, _ = SpeechEmbedding(body).quiet()
    steps = len(bands) // STEP_FRAMES
    in_blocks = WholeStreams(body)(bands)
    np.testing.assert_allclose(in_blocks, SpeechEmbedding(body)(bands[: steps * STEP_FRAMES], kept), rtol=0, atol=2e-4)


def test_a_model_file_gives_the_expert_back(expert: KeywordModel) -> None:
    samples = made_minute()[:80_000]
    found = Detector(expert, NEVER).process(samples)
    assert found.log_mel.shape[1] == FrontendConfig.mel_bins
    network = made_expert()
    np.testing.assert_array_equal(found.scores, network.step(bands_of(samples), network.initial_state())[0])
    assert found.step_ends[0] == expert.card.first_step_samples and np.ptp(found.scores) > 0.3


def test_an_expert_confirms_what_a_small_network_stirs_at(expert: KeywordModel) -> None:
    student = KeywordModel.load(find_model("happy/student", MODELS_DIR).path, PLAIN)
    samples = made_minute()[:160_000]
    pair = detector_of(student, expert, NEVER)
    pair.stir = 0.0  # type: ignore[attr-defined]  # awake all the time: then its scores are the expert's, at its pace
    scores = pair.process(samples).scores
    alone = Detector(expert, NEVER).process(samples).scores
    distance = np.abs(scores[25:, None] - alone).min(axis=1)  # blocks of other sizes round in another way
    assert len(scores) > 100 and distance.max() < 1e-4


def test_detectors_share_one_stream_of_frames(expert: KeywordModel) -> None:
    student = KeywordModel.load(find_model("happy/student", MODELS_DIR).path, PLAIN)
    samples = made_minute()[:80_000]
    both = [Detector(student, NEVER), Detector(expert, NEVER)]
    frames = FrameStream(widest_frontend(both)).process(samples)
    for detector, model in zip(both, (student, expert), strict=True):
        shared = detector.process_frames(frames).scores
        np.testing.assert_array_equal(shared, Detector(model, NEVER).process(samples).scores)


def test_a_head_for_another_embedding_is_refused(tmp_path: Path) -> None:
    path = write_made_expert(tmp_path)
    file = read_model_file(path)
    other = replace(file.card, network=file.card.network | {"body_sha256": "0" * 64})
    write_model_file(path, other, file.tensors)
    with pytest.raises(ModelError, match="another speech embedding"):
        KeywordModel.load(path, PLAIN)


@pytest.mark.parametrize(
    ("field", "value"),
    [("hidden", 3), ("heads", 99), ("window_steps", 1.5), ("scale", 0.0), ("offset", "x"), ("body_sha256", 7)],
)
def test_settings_out_of_bounds_are_refused(field: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        ExpertSettings.from_card(SETTINGS.for_card() | {field: value})


def test_numbers_that_no_weights_are_are_refused() -> None:
    tensors = pack_head(SETTINGS, made_up_head())
    tensors["out.weight"][0, 0] = np.nan
    with pytest.raises(ValueError, match=r"out\.weight"):
        unpack_head(SETTINGS, tensors)
    with pytest.raises(ValueError, match="half precision"):
        unpack_head(SETTINGS, {name: tensor.astype(np.float32) for name, tensor in tensors.items()})


def test_a_damaged_or_missing_embedding_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_body(BODY_SHA256, tmp_path / "none")
    changed = dict(load_file(MODELS_DIR / BODY_FILE))
    changed["conv3.bias"] = changed["conv3.bias"] + 1
    save_file(changed, tmp_path / BODY_FILE)
    with pytest.raises(ModelError, match="another speech embedding"):
        load_body(BODY_SHA256, tmp_path / BODY_FILE)


def test_the_card_names_body_and_shape(tmp_path: Path) -> None:
    card = read_card(write_made_expert(tmp_path))
    assert card.name.role == "expert" and card.network["body_sha256"] == BODY_SHA256
    assert ExpertSettings.from_card(card.network) == SETTINGS
