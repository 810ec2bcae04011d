"""The choice of the source: microphones that are plugged in and out, and files."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QFileDialog

from kws_app.audio.file_source import FileSource
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import Microphone
from kws_app.audio.source import Phase
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S
from tests.support.window_bench import TWO, Bench, drop, listening


def test_without_a_microphone_it_opens_and_offers_a_file(bench: Bench):
    bench.microphones = []
    window = bench.open()
    bench.qtbot.waitUntil(lambda: "No microphone" in window.parts.banner.text)
    assert window.parts.banner.action.isVisible()
    bench.microphones = TWO
    QTest.keyClick(window, Qt.Key.Key_F5)
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "Press Space and say “loud”")
    assert bench.searches[-1] is True


def test_microphones_are_chosen_by_name_also_while_listening(bench: Bench):
    window = bench.open()
    picker = window.parts.controls.source
    assert [picker.itemText(i) for i in range(2)] == ["Default microphone (USB mic)", "USB mic"]
    window.listening.start()
    picker.activated.emit(1)
    bench.qtbot.waitUntil(lambda: len(bench.sources) == 2 and listening(window))
    assert bench.sources[1].name == "USB mic"
    assert bench.sources[0].state.phase is Phase.STOPPED


def test_a_file_is_opened_by_a_dialog_that_blocks_nothing(bench: Bench, write_wav: Callable[..., Path]):
    path = write_wav(bursts(0.3, duration_s=1.0))
    window = bench.open()
    QTest.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(QFileDialog)
    assert dialog is not None and not dialog.isModal()
    window.sources.ask_for_file()
    assert len(window.findChildren(QFileDialog)) == 1
    dialog.fileSelected.emit(str(path))
    dialog.close()
    assert window.sources._file_dialog is None
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    bench.qtbot.waitUntil(lambda: window.sources.choice.path is None)  # a file is a visit
    assert window.parts.controls.source.findText(path.name) >= 0


def test_opening_the_list_looks_for_devices(bench: Bench):
    window = bench.open()
    before = len(bench.searches)
    window.parts.controls.source.showPopup()
    bench.qtbot.waitUntil(lambda: len(bench.searches) > before)
    window.parts.controls.source.hidePopup()


def test_the_list_follows_what_is_plugged_in_but_not_while_something_is_heard(bench: Bench):
    window = bench.open()
    picker = window.parts.controls.source
    window.activateWindow()
    bench.qtbot.waitUntil(window.isActiveWindow)
    bench.microphones = [*TWO, Microphone("Headset", "Headset (ALSA)")]
    window.sources._follow_timer.setInterval(10)
    bench.qtbot.waitUntil(lambda: picker.findText("Headset (ALSA)") >= 0)
    assert bench.searches[-1] is True
    for source in (MicrophoneSource(), FileSource(Path("talk.wav"))):  # the one would be cut off, the other needs none
        window.sources.listening_to(source)
        window._devices.finish(PATIENCE_S)  # a search that was under way
        before = len(bench.searches)
        bench.qtbot.wait(100)
        assert len(bench.searches) == before


def test_a_dropped_file_is_played_and_remembered(bench: Bench, write_wav: Callable[..., Path]):
    paths = [write_wav(bursts(0.3, duration_s=1.0), f"{name}.wav") for name in ("one", "two")]
    window = bench.open()
    for path in paths:
        drop(window, path)
        bench.qtbot.waitUntil(lambda: window.listening.source is None)
    assert len(bench.sources) == 2
    window.close()
    again = bench.open()
    picker = again.parts.controls.source
    texts = [picker.itemText(i) for i in range(picker.count())]
    assert texts[-3:] == ["two.wav", "one.wav", "Open a file…"]
    picker.activated.emit(picker.findText("one.wav"))
    assert again.parts.banner.text == "Press Space to play one.wav"


def test_a_file_is_played_in_real_time_or_as_fast_as_it_goes(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(0.3, duration_s=1.0)))
    toggle = window.parts.controls.real_time
    assert toggle.isVisible() and toggle.isChecked()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    toggle.click()
    window.listening.start()
    assert bench.in_real_time == [True, False]
    assert window.store.settings.files_in_real_time is False
    window.parts.controls.source.activated.emit(0)  # a microphone
    assert not toggle.isVisible()
