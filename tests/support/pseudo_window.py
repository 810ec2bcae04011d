"""The window and its dialogs in a made-up language, in every state that a user meets: no text stays English.

test_made_up_language.py runs it in a separate process, because constants hold their texts from the start.
"""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog, QPushButton, QWidget

from kws_app.actions.choices import CommandChoice, KeywordActions, WebhookChoice
from kws_app.audio.source import Phase
from kws_app.engine.catalogue import ModelFolders
from kws_app.history.export import export_clips, export_labels
from kws_app.history.log import DetectionLog
from kws_app.paths import MODELS_DIR
from kws_app.settings import Settings, SettingsFile
from kws_app.translation import language
from kws_app.ui.models.add_model import CardDialog
from kws_app.ui.window import MainWindow
from tests.support.heard_rows import fill
from tests.support.loudness import bursts, save_loudness_model
from tests.support.mouse import move_mouse
from tests.support.pseudo import cut, plain
from tests.support.window_bench import TWO, Bench, drop, listening

SHIPPED = sorted({entry.card.keyword for entry in ModelFolders([MODELS_DIR]).find_all()[0]})
DATA = "|".join(
    [
        r"/\S+",  # paths
        r"\([^()]*(Error|Errno)[^()]*\)|\(Expecting property .*\(char 1\)\)",  # messages of the system or a library
        rf"\b(loud|boom|{'|'.join(SHIPPED)})(/\w+)?\b",  # words and models
        r"\b(expert|teacher|student|quantized|tiny|micro|broken|Default microphone|USB mic|mic|CC0)\b",
        r"\b(sound\.wav|download\.safetensors|settings\.broken\.json)\b",
        r"\*\.\w+",
        r"\b(Ctrl|Alt|Space|Return|Left|Right|Up|Down|PgUp|PgDown|End|Esc|Del)\b|\+[A-Z]\b|^[A-Z]$|\bF\d+\b",  # keys
        r"(?<=\d )(Hz|kHz|dB|ms|s|h|kB)\b|^ s$|^kHz\s*$|\d{4}-\d\d-\d\dT",
        r"\{(keyword|model|score|time|wall_time|source)\}",
        r"http://homeassistant\.local:8123/api/webhook/",
    ]
)


@pytest.fixture(autouse=True)
def _in_the_language() -> None:
    assert language() == "xx"


def held(bench: Bench, root: QWidget, condition: Callable[[], object]) -> None:
    """Wait for a state, and check that no text is English."""
    bench.qtbot.waitUntil(lambda: bool(condition()))
    assert not plain(root, DATA)


def check_room(bench: Bench, window: QWidget) -> None:
    """Check that no text is cut off, though the texts are a third longer than in English."""

    def fits() -> None:
        assert cut(window) == []

    bench.qtbot.waitUntil(fits)  # the layout takes a moment


def settle(bench: Bench, **settings: object) -> None:
    SettingsFile(bench.folder).save(Settings(**{"model": "loud/teacher", "first_run_done": True, **settings}))


def test_what_is_not_translated_is_found(bench: Bench):
    window = bench.open()
    assert not plain(window, DATA)
    button = QPushButton("Forgotten", window)
    button.setToolTip("Likewise")
    window.parts.detections.horizontalHeaderItem(0).setToolTip("And here")
    assert {found.split(": ")[1] for found in plain(window, DATA)} == {"Forgotten", "Likewise", "And here"}


def test_idle_and_menus(bench: Bench):
    fill(bench, 3)
    window = bench.open(ready=False)
    assert not plain(window, DATA)
    held(bench, window, lambda: window.words.model is not None and window.parts.detections.rowCount() == 3)
    window.parts.controls.menu.aboutToShow.emit()
    window.word_list.show_chooser()
    window.desktop.show_shortcuts()
    window.desktop.show_about()
    assert not plain(window, DATA)


def test_first_steps(bench: Bench):
    settle(bench, first_run_done=False)
    window = bench.open()
    window.resize(900, 560)
    steps = window.first_run
    assert steps.isVisible() and not plain(window, DATA)
    check_room(bench, window)
    for number in (1, 1, 2, 3):  # the second press starts the listening
        steps.next.click()
        held(bench, window, lambda number=number: steps.step == number)
        check_room(bench, window)


def test_a_file_is_heard_labelled_deleted(bench: Bench, write_wav: Callable[..., Path]):
    settle(bench, also=["loud/student"])
    too_quiet = bursts(2.0, duration_s=4.0, amplitude=0.003)  # the user will label it as the word
    window = bench.open(input=write_wav(np.concatenate([bursts(1.0, 3.0, duration_s=4.0), too_quiet])), listen=True)
    window.resize(900, 560)
    held(bench, window, lambda: window.parts.banner.flashing)
    held(bench, window, lambda: window.listening.state.phase is Phase.ENDED)
    panel = window.parts.history
    held(bench, window, lambda: panel.table.rowCount() == 2)
    window.parts.words.advanced_button.click()
    check_room(bench, window)
    panel.table.selectAll()
    for key in (Qt.Key.Key_R, Qt.Key.Key_F, Qt.Key.Key_Delete):
        QTest.keyClick(panel.table, key)
        assert not plain(window, DATA)
    check_room(bench, window)
    panel.undo.click()
    panel.missed.click()
    held(bench, window, lambda: panel.table.rowCount() == 3)
    window.parts.time_bar.pause.click()
    held(bench, window, lambda: window.parts.legend.isVisible())
    check_room(bench, window)


def test_models_that_ship_compared(bench: Bench):
    """The models that ship have measured figures; the models of other tests have none."""
    settle(bench, model="happy/teacher", also=["happy/student", "happy/tiny"])
    window = bench.open(models=MODELS_DIR, listen=True)
    window.resize(900, 560)
    held(bench, window, lambda: "16000" in window.status.text() and len(window.words.models) == 3)
    bench.sources[-1].feed.ring.write(bursts(0.5, duration_s=3.0))
    held(bench, window, lambda: window.parts.legend.isVisible() and " ms" in window.parts.legend.text())
    check_room(bench, window)
    window.parts.words.advanced_button.click()
    window.parts.words.advanced.decision.smoothing.setValue(3)
    held(bench, window, lambda: window.words.thresholds.tuning_of("happy/teacher").smoothing_steps == 3)
    check_room(bench, window)


def test_values_under_the_mouse(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=4.0)), listen=True)
    held(bench, window, lambda: window.listening.state.phase is Phase.ENDED)
    plots = window.parts.plots
    for plot in (plots._waveform, plots._log_mel, plots._probability):
        at = plots.mapFromScene(plot.getViewBox().sceneBoundingRect().center())
        move_mouse(plots.viewport(), at)
        held(bench, window, lambda: plots.readout.text())


def test_a_microphone_the_tray_and_a_pause(bench: Bench):
    window = bench.open(listen=True)
    window.resize(900, 560)
    held(bench, window, lambda: listening(window) and "16000" in window.status.text())
    check_room(bench, window)
    window.desktop.tray.rest.trigger()
    held(bench, window, lambda: window.desktop.pause.until)
    window.parts.controls.source.choose(type(window.sources.choice)("mic"))
    window.parts.history.missed.click()
    held(bench, window, lambda: "⟧" in window.parts.banner.text)


def test_what_is_missing_is_said(bench: Bench, tmp_path: Path):
    bench.microphones = []
    window = bench.open()
    window.resize(900, 560)
    held(bench, window, lambda: window.sources.trouble and window.parts.banner.action.isVisible())
    check_room(bench, window)
    bench.microphones = TWO
    without = bench.open(models=tmp_path / "none", ready=False)
    held(bench, without, lambda: without.words.trouble)
    window.sources.open_file(tmp_path / "sound.wav")
    held(bench, window, lambda: "sound.wav" in window.parts.banner.text)


def test_damage_is_said(bench: Bench):
    (bench.folder / "settings.json").write_text("{")
    window = bench.open(ready=False)
    assert "settings.broken.json" in window.parts.banner.text and not plain(window, DATA)
    window.close()
    DetectionLog(bench.folder).path.mkdir()
    settle(bench)
    window = bench.open()
    held(bench, window, lambda: "detections.jsonl" in window.parts.banner.text)


def test_models_that_cannot_be_used(bench: Bench, tmp_path: Path):
    settle(bench, model="loud/nowhere")
    save_loudness_model(tmp_path / "models" / "loud" / "teacher.safetensors")
    for name in ("a", "b", "c"):
        (tmp_path / "models" / "loud" / f"{name}.safetensors").write_bytes(b"nothing")
    window = bench.open(models=tmp_path / "models")
    said = DATA.replace("|broken|", "|broken|nowhere|").replace(r"/\S+", r"\S*/\S+|File is not a zip file")
    bench.qtbot.waitUntil(lambda: "nowhere" in window.parts.banner.text)
    assert not plain(window, said)


@pytest.fixture
def actions(bench: Bench) -> Iterator[tuple[MainWindow, QWidget]]:
    chosen = KeywordActions(True, True, CommandChoice(True, ("/nowhere",)), WebhookChoice(True, "http://127.0.0.1:1/"))
    settle(bench, actions={"loud": chosen.to_dict()})
    window = bench.open()
    window.desktop.actions.show_dialog()
    dialog = window.desktop.actions.dialog
    assert dialog is not None
    return window, dialog


def test_what_a_word_sets_off(bench: Bench, actions: tuple[MainWindow, QWidget]):
    _window, dialog = actions
    said = DATA + r"|http://127\.0\.0\.1:1/|127\.0\.0\.1"
    assert not plain(dialog, said)
    check_room(bench, dialog)
    for part in dialog.parts.values():
        part.try_it.click()
        bench.qtbot.waitUntil(part.try_it.isEnabled)
        assert not plain(dialog, said)
    said += r"|Port could not be cast to integer value as|\b(port|http|ftp|[abxy])\b"
    for url in ("", "ftp://x", "http://x y", "http://a@b/", "http://a:port/"):
        dialog.webhook.url.setText(url)
        dialog.webhook.url.textEdited.emit(url)
        dialog.webhook.url.editingFinished.emit()
        assert not plain(dialog, said)
    dialog.command.line.setText("true " * 200)
    dialog.command.line.textEdited.emit("")
    assert "⟧" in dialog.command.outcome.text() and not plain(dialog, f"{said}|true")


@pytest.mark.parametrize(
    "command", ["exit 3", "echo 7; exit 3", "kill -9 $$", "sleep 60", "sleep 60 &"], ids=lambda command: command[:4]
)
def test_what_a_command_comes_to(bench: Bench, actions: tuple[MainWindow, QWidget], command: str):
    _, dialog = actions
    dialog.command.line.setText(shlex.join(["sh", "-c", command]))
    dialog.command.limit.setValue(0.5)
    dialog.command.try_it.click()
    bench.qtbot.waitUntil(dialog.command.try_it.isEnabled)
    assert "⟧" in dialog.command.outcome.text()
    assert not plain(dialog.command.outcome, DATA + r"|“sh”")


def test_starting_and_closing(bench: Bench):
    window = bench.open()
    window.desktop.show_start_dialog()
    dialog = window.desktop.start_dialog
    assert dialog is not None and not plain(dialog, DATA)
    check_room(bench, dialog)


def test_a_model_is_added(bench: Bench, tmp_path: Path):
    save_loudness_model(tmp_path / "boom" / "teacher.safetensors", data={"licence": "CC0"})
    window = bench.open()
    brought = (tmp_path / "boom" / "teacher.safetensors").rename(tmp_path / "download.safetensors")
    drop(window, brought)
    (dialog,) = window.findChildren(CardDialog)
    assert not plain(dialog, DATA)
    check_room(bench, dialog)
    dialog.close()
    window.adding.propose(tmp_path / "nowhere.safetensors")
    held(bench, window, lambda: "⟧" in window.parts.banner.text)


def test_files_are_asked_for(bench: Bench):
    fill(bench, 1)
    window = bench.open()
    panel = window.parts.history
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1)
    panel.table.selectRow(0)
    bench.qtbot.waitUntil(panel.export_clip.isEnabled)
    asks = [panel.export_clip.trigger, panel.export_clips.trigger, panel.export_labels.trigger]
    for ask in (*asks, window.sources.ask_for_file, window.adding.ask_for_file):
        ask()
        shown = [dialog for dialog in window.findChildren(QFileDialog) if dialog.isVisible()]
        for dialog in shown:
            assert not plain(dialog, DATA + r"|^(FLAC|WAV|All Files) \(")  # Qt's own words for all files
            dialog.close()


def test_exports_are_told_of(bench: Bench, tmp_path: Path):
    fill(bench, 2)
    window = bench.open()
    panel = window.parts.history
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 2)
    store = window._worker.disk
    entries = window.history._kept()
    for export in (export_labels, export_clips):
        before = panel.message.text()
        store.do(lambda clips, export=export: export(clips, entries, tmp_path / "out"), "⟦⟧")
        held(bench, window, lambda before=before: panel.message.text() != before)
    panel.table.selectAll()
    QTest.keyClick(panel.table, "R")
    entries = window.history._kept()
    before = panel.message.text()
    store.do(lambda clips: export_labels(clips, entries, tmp_path / "out"), "⟦⟧")
    held(bench, window, lambda: panel.message.text() != before)


def test_the_log_stays_as_programs_read_it(bench: Bench):
    ids = fill(bench, 1)
    window = bench.open()
    panel = window.parts.history
    bench.qtbot.waitUntil(lambda: panel.table.rowCount() == 1)
    panel.table.selectRow(0)
    QTest.keyClick(panel.table, "F")
    window.close()
    last = json.loads(DetectionLog(bench.folder).path.read_text(encoding="utf-8").splitlines()[-1])
    assert (last["event"], last["id"], last["label"]) == ("label", ids[0], "false alarm")
