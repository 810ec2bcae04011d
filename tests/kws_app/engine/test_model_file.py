"""Model files: cards are read as data, damage gives one sentence, and a bad file hides no other file."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from kws_app.engine.card import ModelCard, parse_card
from kws_app.engine.card_bounds import LARGEST_CARD_BYTES, shown
from kws_app.engine.catalogue import ModelFolders, find_model, find_models
from kws_app.engine.expert_file import ExpertSettings
from kws_app.engine.keyword_model import KeywordModel, golden_samples
from kws_app.engine.model_file import read_card, read_model_file
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from tests.support.loudness import SETTINGS, SHAPE, save_loudness_model

SHIPPED = [entry.name for entry in find_models(MODELS_DIR)]


def one_sentence(error: pytest.ExceptionInfo[ModelError]) -> str:
    message = str(error.value)
    assert message and "\n" not in message
    return message


def broken_models(folder: Path) -> list[str]:
    return ModelFolders([folder]).find_all()[1]


def test_the_golden_input_is_the_same_everywhere() -> None:
    samples = golden_samples()
    assert samples.shape == (32_000,) and samples.dtype == np.float32
    assert float(np.abs(samples).max()) < 0.5
    np.testing.assert_array_equal(golden_samples(), samples)


def test_models_are_found_by_name(tiny_models: Path) -> None:
    assert [entry.name for entry in find_models(tiny_models)] == ["loud/broken", "loud/student", "loud/teacher"]
    entry = find_model("loud/student", tiny_models)
    assert entry.card.threshold == 0.9 and entry.card.keyword == "loud"
    with pytest.raises(
        ModelError, match=r"no model 'loud/none'\. The models are: loud/broken, loud/student, loud/teacher"
    ):
        find_model("loud/none", tiny_models)


def test_step_times_follow_from_the_card(tiny_models: Path) -> None:
    card = find_model("loud/teacher", tiny_models).card
    assert (card.step_samples, card.first_step_samples) == (1280, 3440)


def test_each_card_is_taken_to_pieces_once(tiny_models: Path) -> None:
    path = tiny_models / "loud" / "teacher.safetensors"
    assert read_card(path) is read_card(path) is find_model("loud/teacher", tiny_models).card


def test_wrong_golden_scores_are_refused(tiny_models: Path) -> None:
    with pytest.raises(ModelError, match="does not give the scores on its card"):
        KeywordModel.load(tiny_models / "loud" / "broken.safetensors", "plain")


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 1000, -10])
def test_a_file_cut_short_is_refused(tiny_models: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes((tiny_models / "loud" / "teacher.safetensors").read_bytes()[:keep])
    with pytest.raises(ModelError, match="is no usable model") as error:
        KeywordModel.load(path, "plain")
    one_sentence(error)


def test_other_files_are_refused(tmp_path: Path) -> None:
    text, weights = tmp_path / "text.safetensors", tmp_path / "weights.safetensors"
    text.write_text("hello, this is no model")
    weights.write_bytes(save({"a": np.ones(2, np.float32)}))
    for path in (text, weights, tmp_path, tmp_path / "missing.safetensors"):
        with pytest.raises(ModelError) as error:
            KeywordModel.load(path, "plain")
        one_sentence(error)


def test_a_header_that_claims_to_be_huge_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    for claimed in (2**63, 2**40, LARGEST_CARD_BYTES * 3):
        path.write_bytes(claimed.to_bytes(8, "little") + b"{}" * 100)
        with pytest.raises(ModelError, match="is no usable model"):
            read_model_file(path)


NUMBERS = {"threshold", "step_frames", "context_frames", "window_steps", "parameters", "macs", "weight_bytes"}


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"threshold": 7},
        {"threshold": "high"},
        {"step_frames": 0},
        {"step_frames": True},
        {"keyword": ""},
        {"keyword": "../x"},
        {"keyword": "a\u202eb"},
        {"role": "a/b"},
        {"role": ["x"]},
        {"golden": {}},
        {"golden": None},
        {"golden": {"posterior": "high", "hidden": [0.1]}},
        {"golden": {"posterior": [0.1] * 10_001, "hidden": [0.1]}},
        {"decision": None},
        {"decision": {"smoothing_steps": -1}},
        {"decision": {"mystery": 1}},
        {"mystery": 1},
        {"labels": ["keyword", "other"]},
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
        {"figures": {"a": 10**13}},
        {"data": {"licence": "x" * 5000}},
        {"data": {"licence": "\ud800"}},
        {"data": {"licence": "one\x1b[31m"}},
        {"commit": 3},
    ],
)
def test_absurd_cards_are_refused(tiny_models: Path, change: dict[str, object]) -> None:
    good = json.loads(read_card(tiny_models / "loud" / "teacher.safetensors").to_json())
    assert ModelCard.from_json(json.dumps(good)).keyword == "loud"
    with pytest.raises(ModelError):
        ModelCard.from_json(json.dumps(good | change))


def test_a_card_nested_without_end_or_with_a_field_twice_is_refused(tiny_models: Path) -> None:
    good = read_card(tiny_models / "loud" / "teacher.safetensors").to_json()
    deep = "[" * 100_000 + "]" * 100_000
    nested = '{"a":' * 20 + "1" + "}" * 20
    wide = json.dumps(list(range(200_000)))
    for text in (
        good[:-1] + f',"data":{deep}}}',
        good[:-1] + f',"data":{{"a":{nested}}}}}',
        good[:-1] + f',"data":{{"a":{wide}}}}}',
        good[:-1] + ',"role":"other"}',
        good[:-1] + ',"commit":NaN}',
    ):
        with pytest.raises(ModelError, match="cannot be read"):
            parse_card(text)


def changed_network(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "loud" / "odd.safetensors"
    network = SETTINGS.for_card()
    shape = {name: changes.pop(name) for name in list(changes) if name in network["shape"] or name == "mystery"}
    save_loudness_model(path, network=network | changes | {"shape": network["shape"] | shape})
    return path


@pytest.mark.parametrize(
    "change",
    [
        {"hidden": 0},
        {"hidden": 10**9},
        {"hidden": True},
        {"hidden": 2},  # more numbers than the file has
        {"channels": 64, "kernel_mels": 2, "stride_mels": 1, "kernel_frames": 200},  # more work than a step may be
        {"layers": 1.0},
        {"mel_bins": 80},
        {"input_std": 0.0},
        {"stride_frames": 50},
        {"stride_frames": 4},  # not what the card says
        {"mystery": 1},
        {"weight_bits": 9},
        {"weight_bits": 8},
        {"scale": 0.0},
        {"scale": "1"},
        {"offset": 1e9},
        {"family": "transformer"},
        {"family": None},
        {"more": 1},
    ],
)
def test_networks_beyond_the_bounds_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = changed_network(tmp_path, **change)
    with pytest.raises(ModelError, match="is no usable model") as error:
        KeywordModel.load(path, "plain")
    one_sentence(error)


def test_tensors_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "loud" / "odd.safetensors"
    save_loudness_model(path)
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    good = load(content)["f"]
    bad: list[dict[str, Any]] = [
        {"f": good.astype(np.float64)},
        {"f": good[:-1]},
        {"f": good[None]},
        {"f": good, "g": good},
        {"g": good},
        {"f": np.where(good == 0, np.float32(np.nan), good)},
        {"f": np.where(good == 0, np.float32(np.inf), good)},
        {"f": np.full_like(good, 1e30)},
    ]
    for tensors in bad:
        path.write_bytes(save(tensors, metadata=header))
        with pytest.raises(ModelError, match="is no usable model"):
            KeywordModel.load(path, "plain")
    path.write_bytes(save({"f": good}, metadata=header | {"code": "import os"}))
    with pytest.raises(ModelError, match="is no usable model"):
        KeywordModel.load(path, "plain")


def test_one_bad_file_hides_no_other(tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "loud"
    folder.mkdir()
    shutil.copy(tiny_models / "loud" / "teacher.safetensors", folder / "good.safetensors")
    (folder / "junk.safetensors").write_text("junk")
    (folder / "a+b.safetensors").write_text("a pair's name")
    (folder / "folder.safetensors").mkdir()
    (folder / "stray.txt").write_text("passed over")
    assert [entry.name for entry in find_models(tmp_path)] == ["loud/good"]
    assert len(broken_models(tmp_path)) == 3 and all("\n" not in sentence for sentence in broken_models(tmp_path))

    def read(path: Path) -> ModelCard:
        if path.name == "junk.safetensors":
            raise ZeroDivisionError("a fault that nobody thought of")
        return read_card(path)

    monkeypatch.setattr("kws_app.engine.catalogue.read_card", read)
    assert [entry.name for entry in find_models(tmp_path)] == ["loud/good"]
    assert any("nobody thought of" in sentence for sentence in broken_models(tmp_path))


def test_long_text_of_a_card_is_cut_where_it_is_shown() -> None:
    assert shown("x" * 1000, "") == "x" * 299 + "…" and shown(["x"], "not stated") == "not stated"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_model_is_both_kinds_with_one_card(name: str) -> None:
    entry = find_model(name, MODELS_DIR)
    assert entry.path.suffix == ".safetensors" and entry.card.format == 2
    assert entry.card.figures, "a model that ships states what was measured of it"
    program = read_card(entry.path.with_suffix(".pt"))
    ours, theirs = (json.loads(card.to_json()) for card in (entry.card, program))
    for card in (ours, theirs):
        card.pop("network")
        card.pop("format")
    assert ours == theirs
    listed = json.loads((MODELS_DIR / "index.json").read_text())["models"]
    assert set(listed) == set(SHIPPED)


def test_a_shape_states_its_parameters() -> None:
    assert SHAPE.parameters == SETTINGS.packed_bytes / 4
    for card in (find_model(name, MODELS_DIR).card for name in SHIPPED):
        if card.network["family"] == "expert":
            assert card.parameters == ExpertSettings.from_card(card.network).parameters
            continue
        assert card.parameters == sum(int(np.prod(shape)) for shape in _shape(card).parameter_shapes.values())


def _shape(card: ModelCard) -> Any:
    from kws_app.engine.crnn_file import CrnnSettings

    settings = CrnnSettings.from_card(card.network)
    assert settings.packed_bytes == card.weight_bytes
    return settings.shape
