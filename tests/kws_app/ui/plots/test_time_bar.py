"""The strip above the plots: the picture stops while the listening goes on, and values can be read."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtTest import QTest

from kws_app.audio.source import Phase
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.window import MainWindow
from tests.support.loudness import bursts
from tests.support.mouse import move_mouse
from tests.support.window_bench import Bench


@pytest.fixture
def heard(bench: Bench, write_wav: Callable[..., Path]) -> MainWindow:
    """A window in which 25 s with a burst at 10 s were heard."""
    window = bench.open(input=write_wav(bursts(10.0, duration_s=25.0)), listen=True)
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.ENDED)
    return window


def test_the_button_stops_the_picture_and_not_the_listening(bench: Bench):
    window = bench.open(listen=True)
    bar, plots = window.parts.time_bar, window.parts.plots
    microphone = bench.sources[-1].feed.ring  # it hears what is written here, and nothing before that
    microphone.write(bursts(duration_s=12.0))
    bench.qtbot.waitUntil(lambda: plots.history.end > 11 * SAMPLE_RATE)
    QTest.keyClick(window, Qt.Key.Key_P)
    until = plots.view.until(plots.history)
    assert bar.pause.isChecked() and bar.pause.text() == "Back to now"
    microphone.write(bursts(duration_s=3.0))
    bench.qtbot.waitUntil(lambda: plots.history.end > until)
    assert plots.view.until(plots.history) == until
    bench.qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    assert plots.view.until(plots.history) > until and not bar.scroll_bar.isVisible()


def test_bar_and_keys_scroll_back(bench: Bench, heard: MainWindow):
    bar, plots = heard.parts.time_bar, heard.parts.plots
    bench.qtbot.mouseClick(bar.pause, Qt.MouseButton.LeftButton)
    assert bar.scroll_bar.isVisible() and bar.scroll_bar.minimum() == -153  # 25.3 s, of which 10 are shown
    bar.scroll_bar.setValue(-100)
    assert plots.view.back_s == pytest.approx(10.0)
    plots.setFocus()
    QTest.keyClick(plots, Qt.Key.Key_Left)
    assert plots.view.back_s == pytest.approx(15.0) and bar.scroll_bar.value() == -150
    QTest.keyClick(plots, Qt.Key.Key_Right)
    assert plots.view.back_s == pytest.approx(10.0)
    QTest.keyClick(plots, Qt.Key.Key_End)
    assert not plots.view.paused


def test_the_span_is_chosen_by_list_and_keys_and_remembered(bench: Bench, heard: MainWindow):
    bar, plots = heard.parts.time_bar, heard.parts.plots
    bar.span.setCurrentIndex(bar.span.findData(60))
    bar.span.activated.emit(bar.span.findData(60))
    assert plots._waveform.viewRange()[0] == [-60, 0]
    times_s, values = plots._wave_curve.points()
    assert times_s[0] == pytest.approx(-60, abs=0.2) and len(times_s) == 1000
    assert times_s[values.argmax()] == pytest.approx(-15.3, abs=0.4)
    QTest.keyClick(heard, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert plots.view.span_s == heard.store.settings.span_s == 30
    heard.close()
    assert bench.open().parts.time_bar.span.currentText() == "show 30 s"


def test_the_wheel_shows_less_and_more_time(bench: Bench, heard: MainWindow):
    bar, plots = heard.parts.time_bar, heard.parts.plots
    plots.zoomed.emit(-1)
    assert plots.view.span_s == bar.span.currentData() == heard.store.settings.span_s == 5
    for _ in range(20):
        plots.zoomed.emit(1)
    assert plots.view.span_s == 300


def test_the_mouse_reads_time_and_values(bench: Bench, heard: MainWindow):
    bar, plots = heard.parts.time_bar, heard.parts.plots
    bar.span.activated.emit(bar.span.findData(30))  # 30 s: the burst is in the picture
    scene = plots._probability.getViewBox().mapViewToScene(QPointF(-15.15, 0.5))
    at = plots.mapFromScene(scene)
    move_mouse(plots.viewport(), at)
    words = plots.readout.text()
    assert words.startswith("0:10.")  # where in the file
    assert "dB" in words and re.search(r"probability (0\.99|1\.00)", words)
    assert all(line.isVisible() for line in plots.pointer.lines)
    scene = plots._log_mel.getViewBox().mapViewToScene(QPointF(-1.0, 20.0))
    plots.pointer.position = scene
    plots._point()
    assert plots.readout.text().startswith("0:24.30") and "1.77 kHz" in plots.readout.text()
    plots.leaveEvent(QEvent(QEvent.Type.Leave))
    assert plots.readout.text() == "" and not plots.readout.isVisible()
