"""The networks of a word that ships, in a toy configuration: made, cut anywhere, and resumed to the same files."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from kws_app.engine.catalogue import find_models
from kws_app.engine.keyword_model import KeywordModel
from tests.support.toy_speech import KEYWORD, RUN, TINY_CRNN
from training.__main__ import main
from training.config import CrnnConfig
from training.export.artifact import load_numbers
from training.network.crnn import Crnn
from training.own_word import material
from training.own_word.heads import HeadConfig
from training.own_word.make import OwnWordConfig
from training.progress import SILENT, Progress, StageStoppedError
from training.ready_word import expert as expert_stage
from training.ready_word.make import ReadyWord, best_mixture, make_ready_word
from training.ready_word.ready_config import QUICK

FEW = replace(QUICK, recorded_sequences=24, kept_copies=1, rows=16)
ASKED = ReadyWord(KEYWORD, voices=False, config=FEW)
STAGES = ("clips of the word", "lessons of recordings", "speech_streams/talk", "training teacher", "training tiny")


@pytest.fixture(autouse=True)
def _little_speech(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few passages, and one thread as in the command: another number of threads rounds sums in another way."""
    monkeypatch.setattr(material, "PASSAGES", 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def made(asked: ReadyWord, data: Path, work: Path, models: Path, progress: Progress = SILENT) -> dict[str, Path]:
    return {path.stem: path for path in make_ready_word(asked, data, work, models, progress)}


def with_expert(expert: Path, folder: Path) -> Path:
    shutil.copytree(expert, folder)
    return folder


def stopped_in(stage: str) -> Progress:
    """It is stopped soon after a stage has begun."""
    seen: list[str] = []
    return Progress(tell=lambda what, *_: seen.append(what), is_cancelled=lambda: stage in seen)


def same(ours: Path, theirs: Path) -> None:
    for name, values in load_file(ours).items():
        np.testing.assert_array_equal(values, load_file(theirs)[name], err_msg=f"{ours.name} {name}")


@pytest.mark.long
def test_cut_at_every_stage_and_resumed_they_are_the_same(toy_data: Path, expert: Path, tmp_path: Path) -> None:
    told: list[str] = []
    whole_models, cut_models = with_expert(expert, tmp_path / "a"), with_expert(expert, tmp_path / "b")
    tell = Progress(tell=lambda what, *_: told.append(what))
    whole = made(ASKED, toy_data, tmp_path / "whole", whole_models, tell)
    assert set(whole) == {"teacher", "student", "quantized", "tiny", "micro"} and set(STAGES) <= set(told)
    for stage in STAGES:
        seen: list[str] = []
        stopped = Progress(
            tell=lambda what, *_, seen=seen: seen.append(what), is_cancelled=lambda s=stage, n=seen: s in n
        )
        with pytest.raises(StageStoppedError):
            made(ASKED, toy_data, tmp_path / "cut", cut_models, stopped)
        assert [entry.card.role for entry in find_models(cut_models)] == ["expert"]  # nothing half installed
    for role, path in made(ASKED, toy_data, tmp_path / "cut", cut_models).items():
        same(path, whole[role])


@pytest.mark.long
def test_a_network_that_ships_goes_on_learning(toy_data: Path, expert: Path, tmp_path: Path) -> None:
    models, work = with_expert(expert, tmp_path / "models"), tmp_path / "work"
    asked = replace(ASKED, roles=("teacher",))
    first = made(asked, toy_data, work, models)["teacher"]
    before, _ = load_numbers(first)
    still = replace(FEW, rate=1e-9)  # it learns nothing, so it stays what it starts from
    again = made(replace(asked, start=models, config=still), toy_data, work, models)["teacher"]
    after, _ = load_numbers(again)
    for ours, theirs in zip(after.parameters(), before.parameters(), strict=True):
        np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-5)
    card = KeywordModel.load(again).card
    assert card.training["data"]["keyword"] == card.keyword == KEYWORD
    assert "14 recordings of the word" in card.data["description"]


@pytest.mark.long
def test_the_expert_is_made_from_training_and_validation_recordings_alone(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = OwnWordConfig(
        sequences=40, recording_copies=2, background_s=18, heads=1, head=HeadConfig(hidden=16, steps=20)
    )
    asked = replace(ASKED, roles=("micro",), expert=small)
    given: list[str] = []
    own_word = expert_stage.own_word

    def noted(own, *rest):  # type: ignore[no-untyped-def]
        given.extend(path.name for folder in own.recordings for path in folder.iterdir())
        return own_word(own, *rest)

    monkeypatch.setattr(expert_stage, "own_word", noted)
    made(asked, toy_data, tmp_path / "work", tmp_path / "models")
    listed = (toy_data / "speech_commands" / "testing_list.txt").read_text().split()
    tested = {name.split("/")[1] for name in listed if name.startswith(KEYWORD)}
    assert len(given) == 26 and tested and not any(name.endswith(tuple(tested)) for name in given)
    assert {entry.card.role for entry in find_models(tmp_path / "models")} == {"expert", "micro"}


def test_too_few_recordings_are_one_sentence(
    toy_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["ready-word", KEYWORD, "--data", str(toy_archive), "--work", str(tmp_path), "--models", str(tmp_path)]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "'rise' has 8 recordings for training" in error and error.count("\n") == 1


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="A role is one of teacher, student, tiny, micro, got huge"):
        ReadyWord(KEYWORD, roles=("huge",))


class Liking:
    """A source that likes networks whose first weight is near a number."""

    def __init__(self, wish: float) -> None:
        self.wish = wish

    def validate(self, crnn: Crnn, shape: CrnnConfig) -> SimpleNamespace:
        return SimpleNamespace(score=abs(float(next(crnn.parameters()).detach().flatten()[0]) - self.wish))


@pytest.mark.parametrize(("wish", "share"), [(2.0, 0.0), (1.25, 0.4), (-3.0, 0.8)])
def test_the_mixture_that_is_best_on_validation_is_kept(wish: float, share: float) -> None:
    start, taught = Crnn(TINY_CRNN), Crnn(TINY_CRNN)
    with torch.no_grad():
        for old, new in zip(start.parameters(), taught.parameters(), strict=True):
            old.fill_(0.0)
            new.fill_(2.0)
    mixed = best_mixture(start, taught, Liking(wish), RUN)  # type: ignore[arg-type]
    for weights in mixed.parameters():
        np.testing.assert_allclose(weights.detach(), 2.0 * (1 - share), rtol=1e-6)
    assert all((weights == 2.0).all() for weights in taught.parameters())
