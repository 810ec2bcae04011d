"""Microphones: the list of them, the format they are opened in, and the callback, with a made-up PortAudio."""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kws_app.audio.downmix import Downmix
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import Microphone, list_microphones
from kws_app.audio.portaudio import _lock as portaudio_lock
from kws_app.audio.ring import SampleRing
from kws_app.audio.source import Feed, Phase
from kws_app.errors import AudioError
from tests.support.made_up_portaudio import MadeUpPortAudio
from tests.support.waiting import until


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


def test_two_channels_are_opened_where_there_are_two_and_the_stronger_is_heard_where_they_cancel(portaudio, microphone):
    made_up = portaudio([("mic", 0, 2, (16_000,))])
    source = microphone("mic")
    source.start()
    until(lambda: source.feed is not None)
    assert made_up.streams[0].settings["channels"] == 2
    sound = np.random.default_rng(0).normal(0, 0.1, 3200).astype(np.float32)
    for piece in np.split(np.stack([0.9 * sound, -sound], axis=1), 10):
        made_up.streams[0].call_back(piece)
    np.testing.assert_array_equal(source.feed.reader.read(4000).samples, -sound)
    until(lambda: source.state.message)
    assert source.state.message == "The channels of mic cancel each other: only the strongest channel is heard."
    made_up.streams[0].settings["finished_callback"]()
    until(lambda: len(made_up.streams) == 2 and source.feed.ring.written == 0)
    made_up.streams[1].call_back(np.stack([sound, -sound], axis=1))
    until(lambda: source.state.phase is Phase.LISTENING)
    assert source.state.message == ""


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
    with portaudio_lock:  # whoever holds it
        callback(np.full((4, 1), 0.5, dtype=np.float32), 4, None, SimpleNamespace(input_overflow=False))
        callback(np.full((4, 1), 0.5, dtype=np.float32), 4, None, SimpleNamespace(input_overflow=True))
    assert [len(samples) for samples in ring.written] == [4, 4]
    assert source.overruns == 1 and source.state.phase is Phase.STOPPED
    forbidden = ("log", "emit", "acquire", "lock", "print", "torch", "Qt", "wait", "sleep", "open", "state")
    for code in (callback.__code__, SampleRing.write.__code__, Downmix.process.__code__, Downmix._weigh.__code__):
        names = [*code.co_names, *code.co_freevars, *code.co_varnames]
        assert not [name for name in names for word in forbidden if word in name], names
