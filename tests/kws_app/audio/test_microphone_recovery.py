"""A microphone that is unplugged, stalls or is late: with a made-up PortAudio, then with a real sound server."""

import signal
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import _lock as portaudio_lock
from kws_app.audio.portaudio import list_microphones
from kws_app.audio.source import Phase
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S, Stopwatch, until


def test_a_stream_that_ends_is_opened_again_by_name_with_the_gap_stated(portaudio, microphone):
    made_up = portaudio([("other", 0, 1, (16_000,)), ("mic", 0, 1, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.feed is not None)
    for _ in range(100):
        made_up.streams[0].call_back(np.zeros((320, 1), dtype=np.float32))
    first = source.feed
    made_up.devices = [("mic", 0, 1, (16_000,))]  # now under another index
    made_up.streams[0].settings["finished_callback"]()
    until(lambda: source.feed is not first)
    assert made_up.streams[0].closed
    assert made_up.restarts == 1
    assert made_up.streams[1].settings["device"] == 0
    assert first.begins_s == 0
    assert 2.0 < source.feed.begins_s < 2.0 + PATIENCE_S


def test_a_stream_that_is_over_keeps_no_ring_and_may_still_call_back(portaudio, microphone):
    """Rings of megabytes piled up with every new stream: sounddevice's streams live until a rare collection."""
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.feed is not None)
    first = weakref.ref(source.feed)
    made_up.streams[0].settings["finished_callback"]()
    until(lambda: first() is None)
    made_up.streams[0].call_back(np.ones((320, 1), dtype=np.float32), overflow=True)
    assert source.feed.ring.written == source.overruns == 0


def test_the_gap_includes_the_time_that_the_device_takes_to_start(portaudio, microphone, monkeypatch):
    now_s = 1000.0
    monkeypatch.setattr("kws_app.audio.portaudio._open_streams", 0)
    made_up = portaudio([("mic", 0, 1, (16_000,))])

    def start_slowly() -> None:
        nonlocal now_s
        now_s += 2.0

    made_up.on_start = start_slowly
    source = microphone("mic")
    with monkeypatch.context() as patch:
        patch.setattr("kws_app.audio.microphone.time", SimpleNamespace(monotonic=lambda: now_s))
        source._open(rescan=False)
        assert source.feed.begins_s == 0
        now_s += 1.0
        for _ in range(50):  # the second that has passed
            made_up.streams[0].call_back(np.zeros((320, 1), dtype=np.float32))
        now_s += 0.5
        source._open(rescan=False)
        assert source.feed.begins_s == pytest.approx(1.0 + 0.5 + 2.0)
        now_s += 3.0  # in which this one gave nothing
        source._open(rescan=False)
        assert source.feed.begins_s == pytest.approx(3.5 + 3.0 + 2.0)
        now_s += 2.7  # as a suspended microphone does, until it gives again
        for _ in range(2):
            made_up.streams[2].call_back(np.zeros((320, 1), dtype=np.float32))
            now_s += 0.02
        assert source.feed.begins_s == pytest.approx(8.5 + 2.7 - 0.02)


def test_a_microphone_that_was_plugged_in_since_is_opened_at_once(portaudio, microphone, monkeypatch):
    monkeypatch.setattr("kws_app.audio.portaudio._open_streams", 0)
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    monkeypatch.setattr(made_up, "_initialize", lambda: made_up.devices.append(("new", 0, 1, (16_000,))))
    source = microphone("new")
    source._open(rescan=False)
    assert made_up.streams[0].settings["device"] == 1


class StopsWhenCleared(threading.Event):
    """Lets `stop` come at the worst moment: when the thread has looked, and before it clears what would wake it."""

    source: MicrophoneSource

    def clear(self) -> None:
        if not self.source._stop.is_set():
            threading.Thread(target=self.source.stop).start()
            until(lambda: self.source._stop.is_set() and self.is_set())
        super().clear()


def test_a_stop_just_before_the_thread_would_sleep_is_not_missed(portaudio, microphone):
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone()
    source._wake = StopsWhenCleared()
    source._wake.source = source
    source.start()
    source._thread.join(PATIENCE_S)
    assert not source._thread.is_alive()
    assert all(stream.closed for stream in made_up.streams)


@pytest.mark.parametrize("asked", [True, False])
def test_opening_again_on_request_is_not_called_a_loss(portaudio, microphone, monkeypatch, asked: bool):
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone("mic")
    said: list[str] = []
    monkeypatch.setattr(
        MicrophoneSource,
        "state",
        property(
            lambda self: self._said, lambda self, state: (setattr(self, "_said", state), said.append(state.message))
        ),
        raising=False,
    )
    source.start()
    until(lambda: source.feed is not None)
    until(lambda: not source._wake.is_set())
    (source.reopen if asked else made_up.streams[0].settings["finished_callback"])()
    until(lambda: len(made_up.streams) == 2)
    assert any("was disconnected" in message for message in said) is not asked
    source.stop()


def test_a_microphone_that_is_not_there_is_waited_for(portaudio, microphone, monkeypatch):
    monkeypatch.setattr("kws_app.audio.microphone.RETRY_S", 0.05)
    made_up = portaudio([("other", 0, 1, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.state.phase is Phase.WAITING)
    assert "'mic' is not connected" in source.state.message
    made_up.devices = [*made_up.devices, ("mic", 0, 1, (16_000,))]
    until(lambda: source.feed is not None)


def test_a_stream_that_falls_silent_is_opened_again(portaudio, microphone, monkeypatch):
    monkeypatch.setattr("kws_app.audio.microphone.SILENT_S", 0.05)
    monkeypatch.setattr("kws_app.audio.microphone.WATCH_S", 0.02)
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    made_up.streams[0].call_back(np.zeros((320, 1), dtype=np.float32))
    until(lambda: len(made_up.streams) == 2)
    assert made_up.streams[0].closed


def test_a_stream_that_does_not_close_holds_up_nobody(portaudio, microphone, monkeypatch):
    monkeypatch.setattr("kws_app.audio.microphone.CLOSE_S", 0.1)
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    hung = made_up.streams[0]
    until(lambda: not portaudio_lock.locked())
    release = False

    def hang() -> None:
        until(lambda: release)

    hung.abort = hang  # type: ignore[method-assign]
    stopwatch = Stopwatch()
    source.stop()
    assert stopwatch.seconds < 1.0
    assert portaudio_lock.locked()
    release = True
    until(lambda: not portaudio_lock.locked())


def test_a_real_microphone_is_heard_and_found_again(virtual_microphone, microphone, write_wav, monkeypatch):
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    assert next(m.name for m in list_microphones(rescan=True)) == ""
    source = microphone()
    source.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    player = virtual_microphone.play(write_wav(bursts(0.1, duration_s=0.5)))
    heard = 0.0

    def loudest() -> float:
        nonlocal heard
        samples = source.feed.reader.read(16_000).samples
        heard = max(heard, float(np.abs(samples).max(initial=0.0)))
        return heard

    until(lambda: loudest() > 0.1)
    player.wait()

    first = source.feed
    virtual_microphone.process.terminate()
    virtual_microphone.process.wait()
    until(lambda: source.state.phase is Phase.WAITING)
    virtual_microphone.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    assert source.feed is not first
    assert source.overruns == 0
    source.stop()
    assert source.state.phase is Phase.STOPPED


def test_a_frozen_sound_server_is_waited_for_and_holds_up_nobody(virtual_microphone, microphone, monkeypatch):
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    list_microphones(rescan=True)
    source = microphone()
    source.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    virtual_microphone.process.send_signal(signal.SIGSTOP)
    until(lambda: source.state.phase is Phase.WAITING)
    stopwatch = Stopwatch()
    source.stop()
    assert stopwatch.seconds < 1.5
    virtual_microphone.process.send_signal(signal.SIGCONT)
    until(lambda: not portaudio_lock.locked())
    again = microphone()
    again.start()
    until(lambda: again.state.phase is Phase.LISTENING)
