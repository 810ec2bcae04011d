"""The window with a failing sound server, and with a stalled thread: it stays quick, says so, and goes on."""

import threading
import time

import pytest
from PyQt6.QtCore import QTimer

from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import list_microphones
from kws_app.audio.source import Phase, SourceState
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.window import MainWindow
from tests.soak.faults import STALL_S, sound_faults
from tests.soak.sound_server import SoundServer
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S, Stopwatch
from tests.support.window_bench import Bench, listening

LASTS_MS = 4000
ARRIVES_MS = 2000


class Pulse:
    """Beats in the window's thread, and measures the longest time between two beats on a stopwatch."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._stopwatch = Stopwatch()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(20)

    def _beat(self) -> None:
        self.longest_s = max(self.longest_s, self._stopwatch.lap())


@pytest.fixture
def window(bench: Bench, virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """A window that listens to the virtual microphone."""
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    list_microphones(rescan=True)
    monkeypatch.setattr(bench, "open_source", lambda choice, _: MicrophoneSource(choice.microphone))
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    return window


def hears_a_word(bench: Bench, window: MainWindow, microphone: SoundServer, write_wav) -> bool:
    """Whether a spoken word adds a row. The word is said again if it was lost on a busy machine."""
    before = window.parts.detections.rowCount()
    word = write_wav(bursts(0.1, duration_s=0.6))
    player = microphone.play(word)

    def heard() -> bool:
        nonlocal player
        if player.poll() is not None and window.parts.detections.rowCount() == before:
            bench.qtbot.wait(ARRIVES_MS)
            player = microphone.play(word)
        return window.parts.detections.rowCount() > before

    bench.qtbot.waitUntil(heard)
    player.wait()
    return window.parts.detections.rowCount() == before + 1


@pytest.mark.parametrize("name", ["microphone unplugged", "sound server frozen", "microphone suspended"])
@pytest.mark.long
def test_it_is_not_held_up_by_a_microphone_that_fails(
    bench: Bench, window: MainWindow, virtual_microphone: SoundServer, write_wav, name: str
):
    (fault,) = (each for each in sound_faults(virtual_microphone) if each.name == name)
    fault.begin()
    pulse = Pulse()
    bench.qtbot.waitUntil(lambda: not listening(window))
    bench.qtbot.waitUntil(lambda: "Listening for" not in window.parts.banner.text)
    bench.qtbot.wait(LASTS_MS)
    assert window.parts.controls.start.isChecked() and window.parts.detections.rowCount() == 0
    assert pulse.longest_s < LASTS_MS / 2000, "the window waited for the sound system"
    fault.end()
    bench.qtbot.waitUntil(lambda: listening(window))
    bench.qtbot.waitUntil(lambda: "Listening for" in window.parts.banner.text)
    assert hears_a_word(bench, window, virtual_microphone, write_wav)


@pytest.mark.long
def test_a_window_that_stalls_loses_nothing_and_shows_what_came_meanwhile(
    bench: Bench, window: MainWindow, virtual_microphone: SoundServer, write_wav
):
    assert hears_a_word(bench, window, virtual_microphone, write_wav)
    before = window.parts.detections.rowCount()
    player = virtual_microphone.play(write_wav(bursts(1.0, duration_s=2.0)))
    time.sleep(STALL_S)  # this stalls the window's thread
    assert player.wait(PATIENCE_S) == 0
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() > before)
    health = window._worker.health
    assert health is not None and health.lost_samples == 0


def stall(bench: Bench, window: MainWindow) -> threading.Event:
    """Let the worker do nothing until the event is set. Before that it reads all samples so far."""
    bench.qtbot.waitUntil(lambda: bench.sources[0].feed.reader.available == 0)
    go_on = threading.Event()
    window._worker._commands.put(lambda: go_on.wait(PATIENCE_S))
    bench.qtbot.waitUntil(window._worker._commands.empty)
    return go_on


def test_a_worker_that_stalls_shows_its_lag_and_catches_up(bench: Bench):
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: listening(window))
    source = bench.sources[0]
    source.feed.ring.write(bursts(duration_s=1.0))
    bench.qtbot.waitUntil(lambda: "delay " in window.status.text() and "delay –" not in window.status.text())
    go_on = stall(bench, window)
    source.feed.ring.write(bursts(3.0, duration_s=STALL_S))
    bench.qtbot.waitUntil(lambda: f"delay {1000 * STALL_S:.0f} ms" in window.status.text())
    go_on.set()
    bench.qtbot.waitUntil(lambda: window.parts.detections.rowCount() == 1)
    go_on = stall(bench, window)
    source.feed.ring.write(bursts(duration_s=35.0))  # more samples than the ring holds
    go_on.set()
    bench.qtbot.waitUntil(lambda: "lost 5.0 s" in window.status.text())
    assert source.feed.ring.capacity == 30 * SAMPLE_RATE
    source.state = SourceState(Phase.STOPPED)
