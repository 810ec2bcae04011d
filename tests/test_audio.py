"""Microphones: list, format and recovery, first with a made-up PortAudio, then with a real sound server."""

import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from loudness import bursts
from waiting import PATIENCE_S, until

from kws_app import audio
from kws_app.audio import Microphone, MicrophoneSource, list_microphones
from kws_app.errors import AudioError
from kws_app.ring import SampleRing
from kws_app.source import Feed, Phase


class MadeUpStream:
    """What the test makes PortAudio do: it calls back only when told."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.latency = 0.04
        self.closed = False

    def start(self) -> None:
        self.settings["on_start"]()

    def abort(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def call_back(self, samples: np.ndarray, overflow: bool = False) -> None:
        status = SimpleNamespace(input_overflow=overflow)
        self.settings["callback"](samples, len(samples), None, status)


class MadeUpPortAudio:
    """Stands in for the sounddevice module. `devices`: (name, host API, input channels, rates that it opens at)."""

    class PortAudioError(Exception):
        pass

    def __init__(self, devices: list[tuple[str, int, int, tuple[int, ...]]], default: int = 0) -> None:
        self.devices = devices
        self.default = SimpleNamespace(device=[default, -1])
        self.streams: list[MadeUpStream] = []
        self.restarts = 0
        self.on_start: Callable[[], None] = lambda: None

    def query_hostapis(self) -> list[dict[str, Any]]:
        apis = {device[1] for device in self.devices}
        return [
            {"name": f"API {api}", "devices": [i for i, device in enumerate(self.devices) if device[1] == api]}
            for api in sorted(apis)
        ]

    def query_devices(self, index: int) -> dict[str, Any]:
        name, _, channels, rates = self.devices[index]
        return {"name": name, "max_input_channels": channels, "default_samplerate": float(rates[0])}

    def check_input_settings(self, index: int, channels: int, dtype: str, samplerate: int) -> None:
        if samplerate not in self.devices[index][3] or channels > self.devices[index][2]:
            raise self.PortAudioError("Invalid sample rate")

    def InputStream(self, **settings: Any) -> MadeUpStream:  # noqa: N802 - sounddevice's name
        self.streams.append(MadeUpStream(on_start=self.on_start, **settings))
        return self.streams[-1]

    def _terminate(self) -> None: ...

    def _initialize(self) -> None:
        self.restarts += 1


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MadeUpPortAudio]:
    def install(*arguments: Any, **settings: Any) -> MadeUpPortAudio:
        made_up = MadeUpPortAudio(*arguments, **settings)
        monkeypatch.setitem(sys.modules, "sounddevice", made_up)
        return made_up

    return install


@pytest.fixture
def microphone() -> Iterator[Callable[..., MicrophoneSource]]:
    """Sources that are stopped in the end."""
    sources: list[MicrophoneSource] = []

    def make(name: str = "") -> MicrophoneSource:
        sources.append(MicrophoneSource(name))
        return sources[-1]

    yield make
    for source in sources:
        source.stop()


def test_each_microphone_is_listed_by_name_and_host_api_with_the_default_first(portaudio):
    long_name = "Microphone Array (Realtek High Definition)"
    portaudio(
        [
            (long_name[:31], 0, 2, (44_100,)),  # as MME cuts it
            ("Speakers", 0, 0, (44_100,)),
            (long_name, 1, 2, (48_000,)),
            ("USB mic", 1, 1, (48_000,)),
        ],
        default=2,
    )
    assert list_microphones() == [
        Microphone("", f"Default microphone ({long_name})"),
        Microphone(long_name, f"{long_name} (API 1)"),
        Microphone("USB mic", "USB mic (API 1)"),
        Microphone(f"{long_name[:31]} (API 0)", f"{long_name[:31]} (API 0)"),
    ]


@pytest.mark.parametrize("name", ["USB mic", "USB mic (API 1)"])
def test_one_is_found_again_when_another_host_api_is_the_default(portaudio, microphone, name: str):
    made_up = portaudio([("USB mic", 1, 1, (16_000,)), ("Array", 1, 1, (16_000,))], default=0)
    source = microphone(name)
    source.start()
    until(lambda: len(made_up.streams) == 1)
    assert made_up.streams[0].settings["device"] == 0


def test_no_microphone_is_one_sentence_that_offers_a_file(portaudio):
    portaudio([("Speakers", 0, 0, (44_100,))], default=-1)
    with pytest.raises(AudioError, match=r"No microphone was found.*open a file"):
        list_microphones()


def test_a_missing_library_is_one_sentence(monkeypatch: pytest.MonkeyPatch):
    class Missing:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(AudioError, match="libportaudio2"):
        list_microphones()


def test_it_is_opened_at_16_khz_where_that_is_offered(portaudio, microphone):
    made_up = portaudio([("mic", 0, 1, (48_000, 16_000))])
    source = microphone()
    source.start()
    until(lambda: len(made_up.streams) == 1)
    assert (made_up.streams[0].settings["samplerate"], made_up.streams[0].settings["channels"]) == (16_000, 1)


def test_else_at_its_own_rate_and_channels(portaudio, microphone):
    made_up = portaudio([("mic", 0, 2, (44_100,))])
    made_up.check_input_settings = lambda index, channels, dtype, samplerate: (  # type: ignore[method-assign]
        None if (channels, samplerate) == (2, 44_100) else made_up_refusal(made_up)
    )
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    assert source.feed.rate_hz == 44_100
    made_up.streams[0].call_back(np.array([[0.2, 0.4]] * 5, dtype=np.float32))
    np.testing.assert_allclose(source.feed.reader.read(10).samples, 0.3, rtol=1e-6)


def test_another_rate_is_said_once(portaudio, microphone):
    made_up = portaudio([("mic", 0, 24, (44_100,))])
    source = microphone("mic")
    source.start()
    until(lambda: len(made_up.streams) == 1 and source.feed is not None)
    made_up.streams[0].call_back(np.zeros((882, 1), dtype=np.float32))
    until(lambda: source.state.phase is Phase.LISTENING)
    assert source.state.message == "mic does not offer 16000 Hz: it is opened at 44100 Hz and converted."
    made_up.streams[0].settings["finished_callback"]()
    until(lambda: len(made_up.streams) == 2 and source.feed.ring.written == 0)
    made_up.streams[1].call_back(np.zeros((882, 1), dtype=np.float32))
    until(lambda: source.state.phase is Phase.LISTENING)
    assert source.state.message == ""


def test_a_device_of_many_channels_alone_is_opened_with_all(portaudio, microphone):
    made_up = portaudio([("array", 0, 6, (48_000,))])
    made_up.check_input_settings = lambda index, channels, dtype, samplerate: (  # type: ignore[method-assign]
        None if (channels, samplerate) == (6, 48_000) else made_up_refusal(made_up)
    )
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    made_up.streams[0].call_back(np.full((960, 6), 0.25, dtype=np.float32))
    np.testing.assert_allclose(source.feed.reader.read(10).samples, 0.25, rtol=1e-6)


def made_up_refusal(made_up: MadeUpPortAudio) -> None:
    raise made_up.PortAudioError("Invalid sample rate")


def test_the_callback_copies_and_counts_overruns(portaudio, microphone):
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.feed is not None)
    samples = np.arange(320, dtype=np.float32)[:, None] / 320
    made_up.streams[0].call_back(samples)
    made_up.streams[0].call_back(samples, overflow=True)
    samples[:] = 0  # PortAudio uses its buffer again
    assert source.feed.reader.read(1000).samples.max() > 0.9
    assert source.overruns == 1
    until(lambda: source.state.phase is Phase.LISTENING)


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
    monkeypatch.setattr(audio, "_open_streams", 0)
    made_up = portaudio([("mic", 0, 1, (16_000,))])

    def start_slowly() -> None:
        nonlocal now_s
        now_s += 2.0

    made_up.on_start = start_slowly
    source = microphone("mic")
    with monkeypatch.context() as patch:
        patch.setattr(audio, "time", SimpleNamespace(monotonic=lambda: now_s))
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


def test_a_microphone_that_was_plugged_in_since_is_opened_at_once(portaudio, microphone, monkeypatch):
    monkeypatch.setattr(audio, "_open_streams", 0)
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
    source._thread.join(2.0)
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
    assert any("went away" in message for message in said) is not asked
    source.stop()


class CountingRing:
    """Takes what the callback writes."""

    def __init__(self) -> None:
        self.written: list[np.ndarray] = []

    def write(self, samples: np.ndarray) -> None:
        self.written.append(samples.copy())


def test_the_callback_waits_for_nothing_and_tells_nobody():
    source, ring = MicrophoneSource("mic"), CountingRing()
    feed = Feed(16_000)
    feed.ring = ring
    callback = source._callback_into(feed)
    with audio._portaudio_lock:  # whoever holds it
        callback(np.full((4, 1), 0.5, dtype=np.float32), 4, None, SimpleNamespace(input_overflow=False))
        callback(np.full((4, 1), 0.5, dtype=np.float32), 4, None, SimpleNamespace(input_overflow=True))
    assert [len(samples) for samples in ring.written] == [4, 4]
    assert source.overruns == 1 and source.state.phase is Phase.STOPPED
    forbidden = ("log", "emit", "acquire", "lock", "print", "torch", "Qt", "wait", "sleep", "open", "state")
    for code in (callback.__code__, SampleRing.write.__code__):
        names = [*code.co_names, *code.co_freevars, *code.co_varnames]
        assert not [name for name in names for word in forbidden if word in name], names


def test_a_microphone_that_is_not_there_is_waited_for(portaudio, microphone, monkeypatch):
    monkeypatch.setattr(audio, "RETRY_S", 0.05)
    made_up = portaudio([("other", 0, 1, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.state.phase is Phase.WAITING)
    assert "'mic' is not there" in source.state.message
    made_up.devices = [*made_up.devices, ("mic", 0, 1, (16_000,))]
    until(lambda: source.feed is not None)


def test_a_stream_that_falls_silent_is_opened_again(portaudio, microphone, monkeypatch):
    monkeypatch.setattr(audio, "SILENT_S", 0.05)
    monkeypatch.setattr(audio, "WATCH_S", 0.02)
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    made_up.streams[0].call_back(np.zeros((320, 1), dtype=np.float32))
    until(lambda: len(made_up.streams) == 2)
    assert made_up.streams[0].closed


def test_a_stream_that_does_not_close_holds_up_nobody(portaudio, microphone, monkeypatch):
    monkeypatch.setattr(audio, "CLOSE_S", 0.1)
    made_up = portaudio([("mic", 0, 1, (16_000,))])
    source = microphone()
    source.start()
    until(lambda: source.feed is not None)
    hung = made_up.streams[0]
    until(lambda: not audio.is_stuck())
    release = False

    def hang() -> None:
        until(lambda: release)

    hung.abort = hang  # type: ignore[method-assign]
    begun = time.monotonic()
    source.stop()
    assert time.monotonic() - begun < 1.0
    assert audio.is_stuck()
    release = True
    until(lambda: not audio.is_stuck())


def test_a_real_microphone_is_heard_and_found_again(virtual_microphone, microphone, write_wav, monkeypatch):
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    assert [m.name for m in list_microphones(rescan=True)][0] == ""
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
    begun = time.monotonic()
    source.stop()
    assert time.monotonic() - begun < 1.5
    virtual_microphone.process.send_signal(signal.SIGCONT)
    until(lambda: not audio.is_stuck())
    again = microphone()
    again.start()
    until(lambda: again.state.phase is Phase.LISTENING)
