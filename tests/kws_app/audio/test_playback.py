"""Playing clips: into a made-up PortAudio, into a real sound server, and from the window while it listens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from kws_app.audio import playback, portaudio
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.playback import play
from kws_app.audio.portaudio import list_microphones
from kws_app.audio.source import Phase
from kws_app.errors import AudioError
from kws_app.history.entries import RIGHT, add_up
from kws_app.history.log import DetectionLog
from kws_app.ui.history.clip_cell import OUTLINE_ROLE
from kws_app.ui.history.detection_list import CLIP
from tests.soak.sound_server import SoundServer
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S, Stopwatch
from tests.support.window_bench import Bench

TONE = (0.3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)


class MadeUpOutput:
    """Stands in for the sounddevice module: one output, or none, that opens at some rates and channels only."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rates: tuple[int, ...] = (16_000,), channels: tuple[int, ...] = (1, 2), index: int = 0) -> None:
        self.default = SimpleNamespace(device=[-1, index])
        self.rates, self.channels = rates, channels
        self.pieces: list[np.ndarray] = []
        self.opened: tuple[int, int] | None = None
        self.finished = self.closed = self.restarted = False
        self.failing = False

    def query_devices(self, index: int) -> dict[str, Any]:
        return {"name": "speaker", "max_output_channels": max(self.channels), "default_samplerate": self.rates[0]}

    def check_output_settings(self, index: int, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate not in self.rates or channels not in self.channels:
            raise self.PortAudioError("Invalid sample rate")

    def OutputStream(self, rate_hz: int, channels: int, **settings: Any) -> "MadeUpOutput":  # noqa: N802 - sounddevice's
        self.opened = (rate_hz, channels)
        return self

    def start(self) -> None: ...

    def write(self, piece: np.ndarray) -> None:
        if self.failing:
            raise self.PortAudioError("Device unavailable")
        self.pieces.append(piece)

    def stop(self) -> None:
        self.finished = True

    def close(self, ignore_errors: bool = False) -> None:
        self.closed = True

    def _terminate(self) -> None:
        self.restarted = True

    def _initialize(self) -> None: ...


def playing_into(made_up: MadeUpOutput, monkeypatch: pytest.MonkeyPatch) -> MadeUpOutput:
    @contextmanager
    def made_up_portaudio(patience_s: float = 0.0) -> Iterator[MadeUpOutput]:
        yield made_up

    monkeypatch.setattr(playback, "portaudio", made_up_portaudio)
    monkeypatch.setattr(portaudio, "_open_streams", 0)  # whatever other tests left open
    return made_up


def test_all_samples_are_played_in_order(monkeypatch: pytest.MonkeyPatch):
    output = playing_into(MadeUpOutput(), monkeypatch)
    play(TONE, threading.Event())
    np.testing.assert_array_equal(np.concatenate(output.pieces)[:, 0], TONE)
    assert output.opened == (16_000, 1) and output.finished and output.closed
    assert not portaudio.has_open_stream()


def test_an_output_of_another_rate_and_two_channels_is_suited(monkeypatch: pytest.MonkeyPatch):
    output = playing_into(MadeUpOutput((48_000,), (2,)), monkeypatch)
    play(TONE, threading.Event())
    sound = np.concatenate(output.pieces)
    assert sound.shape == (48_000, 2) and np.array_equal(sound[:, 0], sound[:, 1])
    assert np.abs(sound[4_800:-4_800]).max() == pytest.approx(0.3, abs=0.005)  # the ends ring


def test_stopping_plays_no_further(monkeypatch: pytest.MonkeyPatch):
    output = playing_into(MadeUpOutput(), monkeypatch)
    stop = threading.Event()
    output.write = lambda piece: (output.pieces.append(piece), stop.set())  # type: ignore[assignment]
    play(TONE, stop)
    assert len(output.pieces) == 1 and not output.finished and output.closed


def test_no_output_is_looked_for_again_and_then_said(monkeypatch: pytest.MonkeyPatch):
    output = playing_into(MadeUpOutput(index=-1), monkeypatch)
    with pytest.raises(AudioError, match="No loudspeaker"):
        play(TONE, threading.Event())
    assert output.restarted and output.opened is None


def test_an_output_that_suits_nothing_or_fails_is_said(monkeypatch: pytest.MonkeyPatch):
    playing_into(MadeUpOutput(rates=(8_000,), channels=(6,)), monkeypatch)
    with pytest.raises(AudioError, match="'speaker' cannot be opened"):
        play(TONE, threading.Event())
    output = playing_into(MadeUpOutput(), monkeypatch)
    output.failing = True
    with pytest.raises(AudioError, match=r"could not be played .Device unavailable"):
        play(TONE, threading.Event())
    assert output.closed and not portaudio.has_open_stream()


@pytest.fixture
def sound_server(virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch) -> SoundServer:
    """A microphone that hears what is played on the default output."""
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(portaudio, "_open_streams", 0)
    list_microphones(rescan=True)
    return virtual_microphone


def record(server: SoundServer, seconds: float, during: Any) -> np.ndarray:
    """What the microphone hears while `during` runs and until `seconds` are over."""
    recorder = server.record(16_000)
    assert recorder.stdout is not None
    pieces = [recorder.stdout.read(4 * 160)]  # it records from now on
    during()
    while sum(map(len, pieces)) < 4 * 16_000 * seconds:
        pieces.append(recorder.stdout.read(4 * 1600))
    recorder.terminate()
    recorder.wait()
    recorder.stdout.close()
    return np.frombuffer(b"".join(pieces), dtype=np.float32)


def test_a_real_sound_server_plays_the_whole_clip(sound_server: SoundServer):
    heard = record(sound_server, 2.5, lambda: play(TONE, threading.Event()))
    loud = np.abs(heard) > 0.1
    assert 0.9 < loud.sum() / (np.abs(TONE) > 0.1).sum() < 1.1


def test_a_real_sound_server_stops_at_once(sound_server: SoundServer):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    stopwatch = Stopwatch()
    play(np.tile(TONE, 20), stop)
    assert stopwatch.seconds < 5.0


@pytest.mark.long
def test_a_word_is_kept_played_and_labelled(
    bench: Bench, sound_server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """End to end: spoken into a real microphone, its clip played on the loudspeaker, heard there, and called right."""
    bench.open_source = lambda choice, *_: MicrophoneSource(choice.microphone)  # type: ignore[method-assign]
    window = bench.open(listen=True)
    bench.qtbot.waitUntil(lambda: window.listening.state.phase is Phase.LISTENING)
    table = window.parts.detections
    soundfile.write(str(tmp_path / "word.wav"), bursts(2.5, duration_s=4.0), 16_000)
    speaker = sound_server.play(tmp_path / "word.wav")

    def outline() -> object:
        item = table.item(0, CLIP)
        return None if item is None else item.data(OUTLINE_ROLE)

    bench.qtbot.waitUntil(lambda: bool(outline()))
    assert speaker.wait(timeout=PATIENCE_S) == 0

    recorder = sound_server.record(16_000)
    item, viewport = table.item(0, CLIP), table.viewport()
    assert item is not None and viewport is not None and recorder.stdout is not None
    heard = recorder.stdout.read(4 * 160)  # it records from now on
    bench.qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=table.visualItemRect(item).center())
    player = window.history._player
    bench.qtbot.waitUntil(lambda: player.playing is not None)
    bench.qtbot.waitUntil(lambda: player.playing is None)
    bench.qtbot.waitUntil(lambda: not window._worker._own_sounds.sounding)
    # what it has heard by now comes with a delay of its own
    while (loud := (np.abs(np.frombuffer(heard, dtype=np.float32)) > 0.1).sum()) <= 1000 and len(heard) < 4 * 160_000:
        heard += recorder.stdout.read(4 * 1600)
    recorder.terminate()
    recorder.wait()
    recorder.stdout.close()
    assert loud > 1000  # the burst of the clip came out of the loudspeaker
    assert table.rowCount() == 1  # and was no detection, though the microphone heard it

    table.setFocus()
    QTest.keyClick(table, "R")
    window.close()
    (entry,) = add_up(DetectionLog(bench.folder).read()[0]).entries.values()
    assert entry.label == RIGHT and entry.peak is not None and entry.above_s is not None
    clip, rate = soundfile.read(bench.folder / "clips" / str(entry.record.clip))
    assert rate == 16_000 and 2.3 < len(clip) / rate <= 2.5 and np.abs(clip).max() > 0.1
