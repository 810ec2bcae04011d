"""The tray's menu, the pause, and what closing means. Offscreen there is no tray: its menu works all the same."""

import threading
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QSystemTrayIcon

from kws_app.audio.source import Phase
from kws_app.listening.worker import Worker
from kws_app.ui.desktop.pause import PAUSE_MIN
from kws_app.ui.desktop.start_dialog import StartDialog
from kws_app.ui.desktop.tray import NO_TRAY, Tray
from kws_app.ui.window import MainWindow
from tests.support.exec_line import read_exec
from tests.support.window_bench import Bench, listening


def start(bench: Bench) -> MainWindow:
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    return window


def texts(tray: Tray) -> list[str]:
    return [action.text() for action in tray.menu.actions() if not action.isSeparator()]


def test_it_says_how_things_stand(bench: Bench):
    window = bench.open()
    tray = window.desktop.tray
    quiet = tray.icon.icon().pixmap(32).toImage()
    rest = "Stop listening for 10 minutes"
    assert texts(tray) == ["Not listening", "Show the window", "Start listening", rest, "Quit"]
    assert not tray.rest.isEnabled() and tray.icon.toolTip() == "Wake word: Not listening"
    tray.start.trigger()
    bench.qtbot.waitUntil(lambda: listening(window))
    assert texts(tray)[0] == "Listening" and tray.start.text() == "Stop listening" and tray.rest.isEnabled()
    assert tray.icon.icon().pixmap(32).toImage() != quiet
    tray.start.trigger()
    assert window.listening.state.phase is Phase.STOPPED and texts(tray)[0] == "Not listening"


def test_while_the_model_loads_it_does_not_claim_to_listen(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    held, use_models = threading.Event(), Worker._use_models
    monkeypatch.setattr(Worker, "_use_models", lambda worker, names: (held.wait(), use_models(worker, names)))
    window = bench.open(ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.OPENING and bool(window.words.cards))
    assert texts(window.desktop.tray)[0] == "Loading the model"
    assert window.parts.banner.text == "Loading the model…"
    held.set()
    bench.qtbot.waitUntil(lambda: texts(window.desktop.tray)[0] == "Listening")


def test_a_pause_ends_by_itself(bench: Bench):
    window = start(bench)
    pause, tray = window.desktop.pause, window.desktop.tray
    tray.rest.trigger()
    assert window.listening.source is None and pause.until
    assert window.parts.banner.text == f"Not listening until {pause.until}. Space listens again now."
    assert texts(tray)[0] == f"Not listening until {pause.until}" and tray.rest.text() == "Listen again now"
    assert pause._timer.interval() == PAUSE_MIN * 60_000 and pause._timer.isActive()
    pause._timer.setInterval(1)  # ten minutes have passed
    bench.qtbot.waitUntil(lambda: listening(window))
    assert not pause.until and not pause._timer.isActive() and tray.rest.text() == "Stop listening for 10 minutes"


def test_without_a_model_it_offers_nothing(bench: Bench, tmp_path: Path):
    window = bench.open(models=tmp_path / "none", ready=False)
    tray = window.desktop.tray
    bench.qtbot.waitUntil(lambda: not tray.start.isEnabled())
    assert texts(tray)[0] == "Not listening: there is no usable model"
    assert tray.start.text() == "Start listening" and not tray.rest.isEnabled()


def test_the_last_model_fails_and_another_is_chosen(bench: Bench):
    window = start(bench)
    tray = window.desktop.tray
    window.desktop.pause.begin()
    window.words.use_network("loud", "loud/broken")  # what listened until now goes on
    bench.qtbot.waitUntil(lambda: "damaged" in window.parts.banner.text)
    assert tray.start.isEnabled() and tray.rest.isEnabled()
    window.words._left([])  # as when it fails in the midst
    assert not tray.start.isEnabled() and not tray.rest.isEnabled()
    window.desktop.pause._timer.setInterval(1)  # ten minutes have passed
    bench.qtbot.waitUntil(lambda: not window.desktop.pause.until)
    assert window.listening.source is None
    window.words.use_network("loud", "loud/teacher")
    bench.qtbot.waitUntil(tray.start.isEnabled)
    assert texts(tray)[0] == "Not listening"


@pytest.mark.parametrize("by", ["tray", "space"])
def test_a_pause_can_be_cut_short(bench: Bench, by: str):
    window = start(bench)
    window.desktop.pause.begin()
    if by == "tray":
        window.desktop.tray.rest.trigger()
    else:
        QTest.keyClick(window, Qt.Key.Key_Space)
    bench.qtbot.waitUntil(lambda: listening(window))
    assert not window.desktop.pause.until and not window.desktop.pause._timer.isActive()
    window.listening.stop()
    assert not window.desktop.pause.until


def test_there_is_no_pause_of_nothing(bench: Bench):
    window = bench.open()
    window.desktop.pause.begin()
    assert not window.desktop.pause.until and not window.desktop.pause._timer.isActive()


def test_a_click_hides_the_window_and_brings_it_back(bench: Bench):
    window = bench.open()
    for shown in (False, True):
        window.desktop.tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
        assert window.isVisible() is shown
    window.desktop.tray.icon.activated.emit(QSystemTrayIcon.ActivationReason.Context)
    assert window.isVisible()


def test_closing_quits_where_nothing_would_be_left_to_see(bench: Bench):
    window = bench.open()
    window.store.remember(keep_in_tray=True)
    with bench.qtbot.waitSignal(window.closed):
        window.close()


def test_with_a_tray_closing_hides_and_quit_quits(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tray, "available", True)  # as on a desktop
    window = start(bench)
    window.store.remember(keep_in_tray=True)
    window.close()
    assert not window.isVisible() and listening(window)
    with bench.qtbot.waitSignal(window.closed):
        window.desktop.tray.menu.actions()[-1].trigger()
    bench.qtbot.waitUntil(lambda: not window._worker._thread.is_alive())


@pytest.mark.parametrize(("has_tray", "visible", "minimised"), [(True, False, False), (False, True, True)])
def test_starting_minimised(bench: Bench, monkeypatch: pytest.MonkeyPatch, has_tray, visible, minimised):
    monkeypatch.setattr(Tray, "available", has_tray)
    window = bench.open()
    window.hide()
    window.start_up(minimised=True)
    assert (window.isVisible(), window.isMinimized()) == (visible, minimised)
    window.hide()
    window.store.remember(start_minimised=True)
    window.start_up()
    assert window.isVisible() is visible
    window.store.remember(start_minimised=False)
    window.showNormal()
    window.start_up()
    assert window.isVisible() and not window.isMinimized()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def start_dialog(window: MainWindow) -> StartDialog:
    window.desktop.show_start_dialog()
    assert window.desktop.start_dialog is not None
    return window.desktop.start_dialog


def test_the_options_say_what_they_write_where(bench: Bench, home: Path):
    window = bench.open()
    dialog = start_dialog(window)
    assert not dialog.isModal()
    assert not dialog.keep.isEnabled() and dialog.keep.toolTip() == NO_TRAY
    assert str(bench.folder / "settings.json") in dialog.minimised.toolTip()
    dialog.minimised.click()
    assert window.store.settings.start_minimised
    file = home / "config" / "autostart" / "kws-app.desktop"
    assert str(file) in dialog.login.toolTip()
    dialog.login.click()
    assert read_exec(file.read_text())[-4:] == ["--minimised", "--listen", "--data-dir", str(bench.folder)]
    dialog.login.click()
    assert not file.exists()


def test_a_login_file_removed_by_others_shows(bench: Bench, home: Path):
    window = bench.open()
    dialog = start_dialog(window)
    dialog.login.click()
    (home / "config" / "autostart" / "kws-app.desktop").unlink()
    dialog.close()
    assert not start_dialog(window).login.isChecked()


def test_a_login_file_that_cannot_be_written_is_said(bench: Bench, home: Path):
    (home / "config").write_text("in the way")
    window = bench.open()
    dialog = start_dialog(window)
    dialog.login.click()
    assert not dialog.login.isChecked()
    assert "Starting at login could not be changed" in window.parts.banner.text


def test_with_a_tray_the_window_may_be_kept_there(bench: Bench, home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Tray, "available", True)
    window = bench.open()
    dialog = start_dialog(window)
    dialog.keep.click()
    assert dialog.keep.isEnabled() and window.store.settings.keep_in_tray
