"""The first steps: each step ends when the user does it; they block nothing, can be skipped, and do not come back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from kws_app.settings import Settings, SettingsFile
from kws_app.ui.first_run import ACTIONS, MICROPHONE, SAY, WORD
from kws_app.ui.window import MainWindow
from tests.support.loudness import bursts, save_loudness_model
from tests.support.window_bench import TWO, Bench
from tests.support.words import names


@pytest.fixture
def window(bench: Bench) -> MainWindow:
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    return bench.open()


def speak(bench: Bench, *at_s: float, amplitude: float = 0.2) -> None:
    bench.sources[-1].feed.ring.write(bursts(*at_s, duration_s=2.0, amplitude=amplitude))


def test_the_steps_pass_by_doing_them(bench: Bench, window: MainWindow):
    steps = window.first_run
    assert steps.isVisible() and steps.step == WORD and steps.own.isVisible()
    assert list(steps.words) == ["loud"] and steps.words["loud"].isVisible()
    steps.words["loud"].click()
    assert steps.step == MICROPHONE and steps.next.text() == "Start" and not steps.words["loud"].isVisible()
    bench.qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert window.parts.controls.start.isChecked() and "Speak" in steps.text
    bench.qtbot.waitUntil(lambda: window._worker.health is not None)
    speak(bench)  # silence moves no meter
    bench.qtbot.waitUntil(lambda: window.parts.plots.history.end > 0)
    assert steps.step == MICROPHONE
    hiss = np.random.default_rng(0).normal(0, 0.01, 32_000).astype(np.float32)
    hiss[:] = np.where(np.arange(32_000) % 16_000 < 100, hiss, 0)  # clicks: sound, but not the word
    bench.sources[-1].feed.ring.write(hiss)
    bench.qtbot.waitUntil(lambda: steps.step == SAY)
    assert "Say “loud”" in steps.text
    speak(bench, 0.5)
    bench.qtbot.waitUntil(lambda: steps.step == ACTIONS)
    assert "Now choose what happens after “loud”" in steps.text
    bench.qtbot.mouseClick(steps.next, Qt.MouseButton.LeftButton)
    assert not steps.isVisible() and window.parts.controls.start.isChecked()
    window.close()
    assert not bench.open().first_run.isVisible()


def test_another_word_is_chosen_in_place_of_the_first(bench: Bench, tmp_path: Path):
    save_loudness_model(bench.folder / "models" / "boom" / "teacher.safetensors", threshold=0.7)
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    window = bench.open()
    steps = window.first_run
    assert list(steps.words) == ["loud", "boom"]
    steps.words["boom"].click()
    bench.qtbot.waitUntil(lambda: names(window) == ["boom/teacher"])
    assert steps.step == MICROPHONE and window.words.selected == "boom"
    assert window.words.words["boom"].on and not window.words.words["loud"].on


def test_a_word_of_ones_own_is_offered_at_once(bench: Bench, window: MainWindow):
    window.first_run.own.click()
    assert window.own_word.wizard is not None and window.own_word.wizard.isVisible()
    assert window.first_run.step == MICROPHONE


def test_they_go_on_by_key_and_end_in_choosing_what_happens(bench: Bench, window: MainWindow):
    steps = window.first_run
    for expected in (MICROPHONE, MICROPHONE, SAY, ACTIONS):  # the second press starts the listening
        QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
        bench.qtbot.waitUntil(lambda expected=expected: steps.step == expected and not steps.next.isDown())
    assert steps.text.startswith("4 of 4: choose what happens") and steps.choose.isVisible()
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
    assert again.first_run.isVisible() and again.first_run.step == WORD


def test_without_a_microphone_a_file_is_offered_until_one_is_there(bench: Bench):
    bench.microphones = []
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    window = bench.open()
    steps = window.first_run
    steps.next.click()
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
    bench.qtbot.waitUntil(lambda: window.first_run.step == ACTIONS)  # heard in a file


def test_who_comes_with_a_file_or_listens_at_once_is_not_led(bench: Bench, write_wav: Callable[..., Path]):
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    assert not bench.open(listen=True).first_run.isVisible()
