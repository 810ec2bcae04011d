"""The first steps: they pass by doing them, block nothing, can be skipped, and do not come back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from kws_app.settings import Settings, SettingsFile
from kws_app.ui.window import MainWindow
from tests.support.loudness import bursts
from tests.support.window_bench import TWO, Bench


@pytest.fixture
def window(bench: Bench) -> MainWindow:
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    return bench.open()


def speak(bench: Bench, *at_s: float, amplitude: float = 0.2) -> None:
    bench.sources[-1].feed.ring.write(bursts(*at_s, duration_s=2.0, amplitude=amplitude))


def test_the_three_steps_pass_by_doing_them(bench: Bench, window: MainWindow):
    steps = window.first_run
    assert steps.isVisible() and steps.step == 0 and steps.next.text() == "Start"
    bench.qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert window.parts.controls.start.isChecked() and "Speak" in steps.text
    bench.qtbot.waitUntil(lambda: window._worker.health is not None)
    speak(bench)  # silence moves no meter
    bench.qtbot.waitUntil(lambda: window.parts.plots.history.end > 0)
    assert steps.step == 0
    hiss = np.random.default_rng(0).normal(0, 0.01, 32_000).astype(np.float32)
    hiss[:] = np.where(np.arange(32_000) % 16_000 < 100, hiss, 0)  # clicks: sound, but not the word
    bench.sources[-1].feed.ring.write(hiss)
    bench.qtbot.waitUntil(lambda: steps.step == 1)
    assert "Say “loud”" in steps.text
    speak(bench, 0.5)
    bench.qtbot.waitUntil(lambda: steps.step == 2)
    assert "Now choose what happens after “loud”" in steps.text
    bench.qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert not steps.isVisible() and window.parts.controls.start.isChecked()
    window.close()
    assert not bench.open().first_run.isVisible()


def test_they_go_on_by_key_and_end_in_choosing_what_happens(bench: Bench, window: MainWindow):
    steps = window.first_run
    for expected in (0, 1, 2):  # the first press starts the listening
        QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
        bench.qtbot.waitUntil(lambda expected=expected: steps.step == expected and not steps.next.isDown())
    assert steps.text.startswith("3 of 3: choose what happens") and steps.choose.isVisible()
    steps.choose.click()
    dialog = window.desktop.actions.dialog
    assert dialog is not None and dialog.isVisible()
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    bench.qtbot.waitUntil(lambda: not steps.isVisible())


def test_they_can_be_skipped_by_key_for_good_and_called_again(bench: Bench, window: MainWindow):
    QTest.keyClick(window, Qt.Key.Key_S, Qt.KeyboardModifier.AltModifier)
    bench.qtbot.waitUntil(lambda: not window.first_run.isVisible())  # the button is seen to go down first
    window.close()
    again = bench.open()
    assert not again.first_run.isVisible()
    next(action for action in again.parts.controls.menu.actions() if action.text() == "First steps").trigger()
    assert again.first_run.isVisible() and again.first_run.step == 0


def test_without_a_microphone_a_file_is_offered_until_one_is_there(bench: Bench):
    bench.microphones = []
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    window = bench.open()
    steps = window.first_run
    bench.qtbot.waitUntil(lambda: "No microphone was found: plug one in" in steps.text)
    steps.next.click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None and window.listening.source is None
    dialog.close()
    bench.microphones = TWO
    window.sources.look_for_microphones()
    bench.qtbot.waitUntil(lambda: steps.next.text() == "Start")
    assert "Choose a microphone in the list" in steps.text


def test_everything_else_works_beside_them(bench: Bench, window: MainWindow, write_wav: Callable[..., Path]):
    window.sources.open_file(write_wav(bursts(0.3, duration_s=1.0)))
    bench.qtbot.waitUntil(lambda: window.first_run.step == 2)  # heard in a file


def test_who_comes_with_a_file_or_listens_at_once_is_not_led(bench: Bench, write_wav: Callable[..., Path]):
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    assert not bench.open(listen=True).first_run.isVisible()
