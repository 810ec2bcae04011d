"""Artifacts: cards read as data, damage refused in one sentence, what is shipped is what is listed."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from kws_app.engine.card import CARD_FILE, ModelCard, read_card
from kws_app.engine.catalogue import broken_models, find_model, find_models
from kws_app.engine.frontend import LogMel
from kws_app.engine.model_file import KeywordModel, golden_samples
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR


def one_sentence(error: pytest.ExceptionInfo[ModelError]) -> str:
    message = str(error.value)
    assert message and "\n" not in message
    return message


def test_the_golden_input_is_the_same_everywhere() -> None:
    samples = golden_samples()
    assert samples.shape == (1, 32_000) and samples.dtype == torch.float32
    assert float(samples.abs().max()) < 0.5
    torch.testing.assert_close(golden_samples(), samples, rtol=0, atol=0)


def test_models_are_found_by_name(tiny_models: Path) -> None:
    assert [entry.name for entry in find_models(tiny_models)] == ["loud/broken", "loud/student", "loud/teacher"]
    entry = find_model("loud/student", tiny_models)
    assert entry.card.threshold == 0.9 and entry.card.keyword == "loud"
    with pytest.raises(ModelError, match="no model 'loud/none'; there are: loud/broken, loud/student, loud/teacher"):
        find_model("loud/none", tiny_models)


def test_step_times_follow_from_the_card(tiny_models: Path) -> None:
    card = find_model("loud/teacher", tiny_models).card
    assert (card.step_samples, card.first_step_samples) == (1280, 3440)


def test_wrong_golden_scores_are_refused(tiny_models: Path) -> None:
    with pytest.raises(ModelError, match="does not give the scores its card promises"):
        KeywordModel.load(tiny_models / "loud" / "broken.pt")


@pytest.mark.parametrize("keep", [0, 10, 1000, -10])
def test_a_file_cut_short_is_refused(tiny_models: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.pt"
    path.write_bytes((tiny_models / "loud" / "teacher.pt").read_bytes()[:keep])
    with pytest.raises(ModelError, match="is no usable model") as error:
        KeywordModel.load(path)
    one_sentence(error)


def test_other_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.pt"
    text.write_text("hello")
    weights = tmp_path / "weights.pt"
    torch.save({"a": torch.ones(2)}, weights)
    for path in (text, weights, tmp_path, tmp_path / "missing.pt"):
        with pytest.raises(ModelError) as error:
            KeywordModel.load(path)
        one_sentence(error)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"threshold": 7},
        {"threshold": "high"},
        {"step_frames": 0},
        {"keyword": ""},
        {"golden": {}},
        {"golden": None},
        {"golden": {"posterior": "high", "hidden": [0.1]}},
        {"decision": None},
        {"decision": {"smoothing_steps": -1}},
        {"training": []},
        {"frontend": {}},  # these were found by fuzzing
        {"frontend": {"hop_samples": 0.5, "window_samples": 400}},
        {"decision": {"refractory_s": float("inf")}},
        {"golden": {"posterior": [float("nan")], "hidden": [0.1]}},
        {"decision": {"smoothing_steps": float("inf")}},
        {"decision": {"refractory_s": 10**400}},
        {"parameters": "many"},
        {"macs": None},
        {"weight_bytes": float("nan")},
        {"weight_bytes": -1},
    ],
)
def test_absurd_cards_are_refused(tiny_models: Path, change: dict[str, object]) -> None:
    good = json.loads(read_card(tiny_models / "loud" / "teacher.pt").to_json())
    assert ModelCard.from_json(json.dumps(good)).keyword == "loud"
    with pytest.raises(ModelError):
        ModelCard.from_json(json.dumps(good | change))


def test_another_frontend_is_refused(tiny_models: Path, tmp_path: Path) -> None:
    card = json.loads(read_card(tiny_models / "loud" / "teacher.pt").to_json())
    card["frontend"]["mel_bins"] = 80
    path = tmp_path / "other.pt"
    module = torch.jit.load(str(tiny_models / "loud" / "teacher.pt"))
    torch.jit.save(module, str(path), _extra_files={CARD_FILE: json.dumps(card)})
    with pytest.raises(ModelError, match="made for another frontend"):
        KeywordModel.load(path)


def test_an_index_that_cannot_be_read_is_one_sentence(tiny_models: Path, tmp_path: Path) -> None:
    path = tmp_path / "loud" / "teacher.pt"
    path.parent.mkdir()
    path.write_bytes((tiny_models / "loud" / "teacher.pt").read_bytes())
    for text in ("", "[]", '{"models": {"loud/teacher": {}}}'):
        (tmp_path / "index.json").write_text(text)
        with pytest.raises(ModelError, match="install the program again") as error:
            KeywordModel.load(path)
        one_sentence(error)


def test_what_cannot_be_offered_says_why(tmp_path: Path) -> None:
    (tmp_path / "word").mkdir()
    (tmp_path / "word" / "bad.pt").write_text("junk")
    (sentence,) = broken_models(tmp_path)
    assert "bad.pt is no usable model" in sentence
    assert find_models(tmp_path) == []


def test_a_name_that_would_be_a_pair_of_models_cannot_be_offered(tiny_models: Path, tmp_path: Path) -> None:
    (tmp_path / "loud").mkdir()
    for name in ("big", "small", "big+small"):
        shutil.copy(tiny_models / "loud" / "teacher.pt", tmp_path / "loud" / f"{name}.pt")
    assert [entry.name for entry in find_models(tmp_path)] == ["loud/big", "loud/small"]
    (sentence,) = broken_models(tmp_path)
    assert "big+small.pt cannot be offered" in sentence


SHIPPED = [entry.name for entry in find_models(MODELS_DIR)]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_loads_and_is_listed(name: str) -> None:
    entry = find_model(name, MODELS_DIR)
    KeywordModel.load(entry.path)
    listed = json.loads((MODELS_DIR / "index.json").read_text())["models"]
    assert set(listed) == set(SHIPPED)
    assert entry.card.figures, "a model that ships states what was measured of it"


@pytest.mark.parametrize("name", SHIPPED)
def test_golden_scores_do_not_hang_on_how_a_processor_rounds(name: str) -> None:
    model = KeywordModel.load(find_model(name, MODELS_DIR).path)
    exact = LogMel()
    exact.window = exact.window.double()  # and with it the spectrum
    log_mel, _ = exact(golden_samples().double(), exact.initial_tail().double())
    with torch.inference_mode():
        posterior, _, state = model.module(log_mel.float(), model.module.initial_state())
    for found, expected in ((posterior, model.card.golden["posterior"]), (state[1], model.card.golden["hidden"])):
        # a tenth of what a card allows, so that the strangest processor still has room
        torch.testing.assert_close(found.flatten(), torch.tensor(expected), rtol=0, atol=1e-4)


def test_a_changed_shipped_model_is_refused(tmp_path: Path) -> None:
    name = SHIPPED[0]
    copy = tmp_path / f"{name}.pt"
    copy.parent.mkdir(parents=True)
    content = bytearray((MODELS_DIR / f"{name}.pt").read_bytes())
    content[-1] ^= 1  # in the zip's comment length or index: the archive may still open
    copy.write_bytes(content)
    (tmp_path / "index.json").write_text((MODELS_DIR / "index.json").read_text())
    with pytest.raises(ModelError):
        KeywordModel.load(copy)
