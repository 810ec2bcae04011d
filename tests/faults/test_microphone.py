"""A real sound server, on which the microphone disappears in every possible way and comes back."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import list_microphones
from kws_app.audio.source import Phase
from kws_app.detection.detector import Detector
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.errors import AudioError
from kws_app.listening.session import Session
from tests.soak.faults import NOTICED_S, RESUMED_S, sound_faults
from tests.soak.sound_server import SoundServer
from tests.support.loudness import bursts
from tests.support.waiting import Stopwatch, until

SLACK = 2.0  # times the promised seconds, on the stopwatch
LASTS_S = 1.6  # seconds that a fault goes on after it is noticed


class Ear:
    """A microphone, and a session that listens to it."""

    def __init__(self, model: KeywordModel) -> None:
        self.source = MicrophoneSource()
        self.session = Session(self.source, {"loud": Detector(model, DecisionConfig(threshold=0.5))})
        self.detections_s: list[float] = []

    @property
    def listening(self) -> bool:
        return self.source.state.phase is Phase.LISTENING

    def drain(self) -> None:
        for heard in self.session.drain():
            self.detections_s += [found.time_s for scored in heard.scored for found in scored.detections]


@pytest.fixture
def ear(tiny_models: Path, virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    list_microphones(rescan=True)
    ear = Ear(KeywordModel.load(tiny_models / "loud" / "teacher.safetensors"))
    ear.source.start()
    until(lambda: ear.listening)
    yield ear
    ear.source.stop()


@pytest.mark.long
def test_it_survives_whatever_happens_to_the_microphone(ear: Ear, virtual_microphone: SoundServer, write_wav):
    word = write_wav(bursts(0.1, duration_s=0.6))
    for fault in sound_faults(virtual_microphone):
        before, feed = len(ear.detections_s), ear.source.feed
        lost = ear.session.lost_samples
        fault.begin()
        stopwatch = Stopwatch()
        if fault.silences:
            until(lambda: not ear.listening)
            assert stopwatch.seconds < SLACK * NOTICED_S, fault.name
        time.sleep(LASTS_S)
        fault.end()
        stopwatch.lap()
        until(lambda: ear.listening)
        assert stopwatch.seconds < SLACK * RESUMED_S, fault.name
        ear.drain()
        assert len(ear.detections_s) == before, f"{fault.name}: a phantom"
        if fault.silences:
            assert ear.source.feed is not feed, f"{fault.name}: the model goes on from a state before the gap"
            until(lambda: ear.drain() or ear.session.lost_samples > lost + 0.5 * SAMPLE_RATE)  # noqa: B023
        while len(ear.detections_s) == before:  # a word right after the fault may be lost
            virtual_microphone.play(word).wait()
            ear.drain()
    assert "Default microphone" in ear.source.name


def test_a_microphone_that_arrives_late_is_found(
    ear: Ear, virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch
):
    ear.source.stop()
    virtual_microphone.kill()
    source = MicrophoneSource()
    source.start()
    until(lambda: source.state.phase is Phase.WAITING)
    with pytest.raises(AudioError):
        list_microphones(rescan=True)
    virtual_microphone.start()
    until(lambda: source.state.phase is Phase.LISTENING)
    source.stop()


def test_a_stream_that_the_server_moves_to_another_microphone_hears_that_one(
    ear: Ear, virtual_microphone: SoundServer, write_wav
):
    word = write_wav(bursts(0.1, duration_s=0.6))
    virtual_microphone.add_microphone("desk", "second_speaker")
    streams = virtual_microphone.pactl("list", "short", "source-outputs").stdout.decode().splitlines()
    (stream,) = [line.split()[0] for line in streams if "protocol-native" in line]
    for source, speaker in (("desk", "second_speaker"), ("vmic", "vspk")):
        ear.drain()
        before = len(ear.detections_s)
        assert virtual_microphone.pactl("move-source-output", stream, source).returncode == 0
        while len(ear.detections_s) == before:  # a word that is said during the move may be lost
            virtual_microphone.play(word, speaker).wait()
            ear.drain()
    assert ear.source.state.phase is Phase.LISTENING
