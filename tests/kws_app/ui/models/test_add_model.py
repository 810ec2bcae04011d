"""A model brought by the user: its card is shown, its answers are checked, and it listens from its own folder."""

import shutil
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QFileDialog, QLabel

from kws_app.engine.catalogue import ModelFolders
from kws_app.errors import ModelError
from kws_app.listening.active_models import ActiveModels
from kws_app.ui.models.add_model import WARNING, CardDialog
from kws_app.ui.window import MainWindow
from tests.support.loudness import save_loudness_model
from tests.support.window_bench import Bench, drop
from tests.support.words import names, threshold


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A model for another word, as it may have been downloaded."""
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", threshold=0.7, data={"licence": "<b>CC0</b>"})
    return Path(shutil.move(tmp_path / "boom" / "teacher.safetensors", tmp_path / "some download.safetensors"))


def card_dialog(window: MainWindow) -> CardDialog:
    (dialog,) = window.findChildren(CardDialog)
    return dialog


def test_a_dropped_model_shows_its_card_and_is_added(bench: Bench, brought: Path):
    window = bench.open()
    drop(window, brought)
    dialog = card_dialog(window)
    assert not dialog.isModal()
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert "boom" in texts and "<b>CC0</b>" in texts and WARNING in texts
    dialog.add.click()
    bench.qtbot.waitUntil(lambda: names(window) == ["loud/teacher", "boom/teacher"])
    assert (bench.folder / "models" / "boom" / "teacher.safetensors").is_file()
    assert window.words.selected == "boom" and threshold(window) == 0.7
    window.close()
    again = bench.open()
    assert names(again) == ["loud/teacher", "boom/teacher"]
    assert list(again.parts.words.rows) == ["loud", "boom"]


def test_one_in_place_of_one_that_listens_is_heard_from_then_on(bench: Bench, brought: Path, tmp_path: Path):
    window = bench.open()
    for own in (0.7, 0.2):
        save_loudness_model(tmp_path / "boom" / "teacher.safetensors", threshold=own)
        window.adding.propose(tmp_path / "boom" / "teacher.safetensors")
        card_dialog(window).accept()
        bench.qtbot.waitUntil(
            lambda own=own: [model.recommended for model in window.words.models] == [0.5, own],
        )
        assert threshold(window) == own
        bench.qtbot.waitUntil(lambda: not window.findChildren(CardDialog))


def test_one_in_place_of_another_waits_for_a_use_that_comes_about(tmp_path: Path):
    active = ActiveModels(ModelFolders([tmp_path]))
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", threshold=0.7)
    active.use(["boom/teacher"])
    old = active.detectors["boom/teacher"]
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", threshold=0.2)
    active.forget("boom/teacher")
    assert active.use(["boom/none", "boom/teacher"]).keys() == {"boom/none"}  # the first is refused: all stays
    assert active.detectors["boom/teacher"] is old
    active.use(["boom/teacher"])
    new = active.detectors["boom/teacher"]
    assert new is not old and new.decision.config.threshold == 0.2
    active.use(["boom/teacher"])
    assert active.detectors["boom/teacher"] is new


def test_one_that_is_declined_is_not_added(bench: Bench, brought: Path):
    window = bench.open()
    window.adding.propose(brought)
    card_dialog(window).reject()
    assert not (bench.folder / "models").exists()


def test_one_that_answers_wrongly_is_refused_in_a_sentence(bench: Bench, tmp_path: Path):
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", golden={"posterior": [0.5], "hidden": [0.5]})
    window = bench.open()
    window.adding.propose(tmp_path / "boom" / "teacher.safetensors")
    card_dialog(window).add.click()
    bench.qtbot.waitUntil(lambda: "does not give the scores" in window.parts.banner.text)
    assert not list(bench.folder.glob("models/*/*.safetensors"))


def test_a_file_that_is_no_model_is_refused_at_once(bench: Bench, tmp_path: Path):
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    window = bench.open()
    drop(window, tmp_path / "x.safetensors")
    assert "is no usable model" in window.parts.banner.text
    assert window.findChildren(CardDialog) == []


def test_one_with_the_name_of_a_shipped_model_is_refused_at_once(bench: Bench, tiny_models: Path):
    window = bench.open()
    window.adding.propose(tiny_models / "loud" / "teacher.safetensors")
    assert "the program already has a model loud/teacher" in window.parts.banner.text
    assert window.findChildren(CardDialog) == []


def test_the_menu_asks_for_a_file_and_blocks_nothing(bench: Bench, brought: Path):
    window = bench.open()
    action = next(a for a in window.parts.controls.menu.actions() if a.text() == "Add a model…")
    action.trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None and not dialog.isModal()
    dialog.fileSelected.emit(str(brought))
    dialog.close()
    card_dialog(window).reject()


def test_the_name_of_a_shipped_model_cannot_be_taken(tiny_models: Path, tmp_path: Path):
    own = tmp_path / "own"
    folders = ModelFolders([tiny_models, own])
    with pytest.raises(ModelError, match="the program already has a model loud/teacher"):
        folders.add(tiny_models / "loud" / "teacher.safetensors")
    assert not own.exists()


@pytest.mark.parametrize("keyword", ["../x", "a/b", ".hidden", "x" * 60])
def test_a_keyword_that_leads_elsewhere_is_refused(tmp_path: Path, keyword: str):
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", keyword=keyword)
    with pytest.raises(ModelError, match="keyword and role must be short words"):
        ModelFolders([tmp_path / "own"]).add(tmp_path / "boom" / "teacher.safetensors")


def test_both_folders_are_searched_and_the_first_has_precedence(tiny_models: Path, tmp_path: Path):
    for name in ("loud/teacher", "boom/teacher"):
        save_loudness_model(tmp_path / f"{name}.safetensors", threshold=0.2)
    folders = ModelFolders([tiny_models, tmp_path])
    names = [entry.name for entry in folders.find_all()[0]]
    assert names == ["boom/teacher", "loud/broken", "loud/student", "loud/teacher"]
    assert folders.find("loud/teacher").card.threshold == 0.5
    assert folders.find("boom/teacher").path == tmp_path / "boom" / "teacher.safetensors"
    with pytest.raises(ModelError, match="models are: boom/teacher, loud/broken"):
        folders.find("loud/none")
