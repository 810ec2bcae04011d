"""Listening: start, stop, what is heard and said of it, with a real worker and a loudness model."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt

from kws_app.audio.source import Phase, SourceState
from kws_app.history.log import DetectionLog
from kws_app.ui.widgets.banner import FLASH_MS
from kws_app.ui.widgets.control_bar import START_HINT
from tests.support.loudness import bursts
from tests.support.window_bench import Bench, listening


def test_start_and_stop(bench: Bench):
    window = bench.open()
    start = window.parts.controls.start
    bench.qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: listening(window))
    assert start.text() == "Stop listening"
    assert window.parts.banner.text == "Listening for “loud”"
    bench.qtbot.mouseClick(start, Qt.MouseButton.LeftButton)
    bench.qtbot.waitUntil(lambda: bench.sources[0].state.phase is Phase.STOPPED)
    assert start.text() == "Start listening"


def test_a_file_is_heard_listed_marked_logged_and_shown_in_large(bench: Bench, write_wav: Callable[..., Path]):
    path = write_wav(bursts(0.7, 3.0, duration_s=4.0))
    window = bench.open(input=path, listen=True)
    content = window.parts
    bench.qtbot.waitUntil(lambda: content.detections.rowCount() == 2)
    assert content.banner.flashing and content.banner.text == "loud"
    cells = [content.detections.item(0, column).text() for column in range(3)]
    assert cells[1:] == ["loud", "teacher"]
    assert "\n0:03." in content.detections.item(0, 0).toolTip()
    bench.qtbot.waitUntil(lambda: len(DetectionLog(bench.folder).last()) == 2)  # shown first, then written
    assert len(content.plots._marks) == 2
    bench.qtbot.waitUntil(lambda: not content.controls.start.isChecked())
    bench.qtbot.waitUntil(lambda: not content.banner.flashing, timeout=2 * FLASH_MS)
    assert content.banner.text == "The file has ended; “loud” was heard 2 times in it."
    assert content.plots.history.end == 4.3 * 16_000  # with the silence after it
    bench.qtbot.waitUntil(lambda: "rate –" in window.status.text())


def test_without_models_it_says_so_and_does_not_start(bench: Bench, tmp_path: Path):
    window = bench.open(models=tmp_path / "none", ready=False, listen=True)
    bench.qtbot.waitUntil(lambda: "No model was found" in window.parts.banner.text)
    bench.qtbot.waitUntil(lambda: not window.parts.controls.start.isChecked())
    start = window.parts.controls.start
    assert not start.isEnabled() and "No model was found" in start.toolTip()
    window.listening.start()  # as the tray does
    assert not start.isChecked() and window.listening.source is None


def test_another_model_than_the_one_that_failed_can_be_started(bench: Bench):
    window = bench.open(model="loud/broken", ready=False)
    start = window.parts.controls.start
    bench.qtbot.waitUntil(lambda: not start.isEnabled())
    window.models.choose(["loud/teacher"])
    bench.qtbot.waitUntil(start.isEnabled)
    assert start.toolTip() == START_HINT


def test_a_device_that_is_waited_for_is_shown_and_its_return_too(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    source = bench.sources[0]
    source.state = SourceState(Phase.WAITING, "USB mic went away.")
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "USB mic went away.")
    assert window.parts.controls.start.isChecked()
    source.state = SourceState(Phase.LISTENING)
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "Listening for “loud”")


def test_the_status_line_is_in_plain_numbers(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: "rate 16000 Hz" in window.status.text())
    assert "lost 0" in window.status.text()
    window.listening.stop()
    bench.qtbot.waitUntil(lambda: "rate –" in window.status.text())


def test_how_a_device_was_opened_is_said(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    bench.sources[0].state = SourceState(Phase.LISTENING, "USB mic does not offer 16000 Hz.")
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "USB mic does not offer 16000 Hz.")
