"""Start, stop and the sentences of the banner, with a real worker and a loudness model."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt

from kws_app.audio.source import Phase, SourceState
from kws_app.history.log import DetectionLog
from kws_app.ui.history.detection_list import DURATION, PEAK
from kws_app.ui.widgets.control_bar import START_HINT
from tests.support.heard_rows import fill
from tests.support.loudness import bursts
from tests.support.window_bench import Bench, drop, listening


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
    assert cells[0].startswith("0:03.") and cells[1] == "loud"  # where in the file
    assert "loud/teacher" in content.detections.item(0, 0).toolTip()
    bench.qtbot.waitUntil(lambda: len(DetectionLog(bench.folder).last()) == 2)  # shown first, then written
    assert [mark.word for mark in content.plots.shown.marks] == ["loud", "loud"]
    bench.qtbot.waitUntil(lambda: not content.controls.start.isChecked())
    bench.qtbot.waitUntil(lambda: not content.banner.flashing)
    assert content.banner.text == "The file has ended. “loud” was heard 2 times in it."
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
    window.words.use_network("loud", "loud/teacher")
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


def test_until_the_model_is_loaded_the_banner_says_so(bench: Bench):
    window = bench.open(ready=False)
    assert window.parts.banner.text == "Loading the model…"
    bench.qtbot.waitUntil(lambda: window.parts.banner.text == "Press Space and say “loud”")


def test_the_number_in_the_banner_is_the_peak_in_the_list(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)), listen=True, threshold=0.01)
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    peak = window.parts.detections.item(0, PEAK)
    bench.qtbot.waitUntil(lambda: window.parts.detections.item(0, DURATION).text() != "")
    assert float(peak.text()) > 0.9 and window.parts.banner.score_text == peak.text()


def test_the_peak_in_the_list_rises_while_the_word_is_being_said(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(1.0, duration_s=3.0)), listen=True)
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    id = window.parts.detections._ids[0]
    window.listening.peaked.emit(id, 0.42)
    assert window.parts.detections.item(0, PEAK).text() == "0.42"


def test_a_file_is_a_visit_after_which_the_microphone_listens_again(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    drop(window, write_wav(bursts(1.0, duration_s=3.0)))
    assert window.sources.choice.path is not None
    bench.qtbot.waitUntil(lambda: window.listening.source is bench.sources[-1] and bench.sources[-1].path is None)
    bench.qtbot.waitUntil(lambda: listening(window))
    assert [source.path is None for source in bench.sources] == [True, False, True]
    assert window.sources.choice.path is None and window.parts.controls.start.isChecked()
    bench.qtbot.waitUntil(lambda: not window.parts.banner.flashing)
    assert "“loud” was heard once in it. The microphone listens again." in window.parts.banner.text


def test_a_file_that_cannot_be_played_is_said_and_the_microphone_listens_again(bench: Bench, tmp_path: Path):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    (tmp_path / "no sound.wav").write_bytes(b"nothing")
    window.sources.open_file(tmp_path / "no sound.wav")
    bench.qtbot.waitUntil(lambda: len(bench.sources) == 3 and listening(window))
    assert "no sound.wav" in window.parts.banner.text and "listens again" in window.parts.banner.text


def test_a_file_that_is_stopped_or_came_while_nothing_listened_leaves_it_off(
    bench: Bench, write_wav: Callable[..., Path]
):
    window = bench.open()
    window.sources.open_file(write_wav(bursts(1.0, duration_s=3.0)))
    bench.qtbot.waitUntil(lambda: window.listening.source is None)
    assert window.sources.choice.path is None and not window.parts.controls.start.isChecked()
    window.listening.start()
    bench.qtbot.waitUntil(lambda: listening(window))
    window.sources.open_file(write_wav(bursts(1.0, duration_s=60.0)))
    window.parts.controls.start.click()
    assert window.listening.source is None and window.sources.choice.path is None


def test_a_click_on_a_row_shows_that_moment(bench: Bench, write_wav: Callable[..., Path]):
    window = bench.open(input=write_wav(bursts(2.0, 20.0, duration_s=40.0)), listen=True)
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    plots, table = window.parts.plots, window.parts.detections
    table.cellClicked.emit(1, 0)  # the first of both
    assert plots.view.paused
    until_s = plots.view.until(plots.history) / 16_000
    assert until_s - plots.view.span_s <= 2.0 < until_s
    window.listening.start()  # another source: what was heard before is kept
    table.cellClicked.emit(table.rowCount() - 1, 0)
    assert plots.view.paused and plots.shown is not plots.current


def test_a_moment_of_an_earlier_run_is_said_to_be_gone(bench: Bench):
    fill(bench, 1)
    window = bench.open()
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    window.parts.detections.cellClicked.emit(0, 0)
    assert window.parts.history.message.text() == "The plots no longer keep that moment."
