"""The program's own sounds: spans of time by hand, and a real loudspeaker that a real microphone hears."""

import math
import sys
import threading
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio import portaudio
from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.playback import play
from kws_app.audio.portaudio import list_microphones
from kws_app.audio.source import Phase
from kws_app.listening.own_sounds import KEPT_SPANS, LINGERS_S, OwnSounds
from kws_app.listening.session import SoundChunk
from tests.soak.sound_server import SoundServer
from tests.support.listener import Listener, use
from tests.support.loudness import bursts

TONE = (0.3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)


def test_a_sound_that_plays_has_no_end_yet():
    sounds = OwnSounds()
    assert sounds.in_samples(5.0, 1000, 100) == []
    sounds.begin(4.0)
    ((first, end),) = sounds.in_samples(5.0, 1000, 100)
    assert first == 900 and end > 1000  # heard a second ago, 100 samples


def test_a_sound_is_heard_for_a_while_after_its_end():
    sounds = OwnSounds()
    sounds.begin(4.0)
    sounds.end(6.0)
    assert sounds.in_samples(10.0, 1000, 100) == [(400, 600 + round(LINGERS_S * 100))]


def test_sounds_that_overlap_are_one_span_and_others_are_not():
    sounds = OwnSounds()
    sounds.begin(1.0)
    sounds.begin(2.0)
    sounds.end(3.0)
    assert sounds.sounding == 1
    sounds.end(4.0)
    sounds.begin(8.0)
    sounds.end(9.0)
    tail = round(LINGERS_S * 100)
    assert sounds.in_samples(10.0, 1000, 100) == [(100, 400 + tail), (800, 900 + tail)]


def test_only_so_many_spans_are_kept():
    sounds = OwnSounds()
    for i in range(3 * KEPT_SPANS):
        sounds.begin(float(i))
        sounds.end(i + 0.1)
    assert len(sounds.in_samples(math.pi, 0, 100)) == KEPT_SPANS


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a PulseAudio of the test's own")
@pytest.mark.long
def test_a_sound_that_a_detection_sets_off_is_in_no_clip_and_no_score(
    listener: Listener, qtbot, virtual_microphone: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(portaudio, "_open_streams", 0)
    list_microphones(rescan=True)
    use(listener, qtbot, "loud/teacher")
    heard: deque[SoundChunk] = deque()
    played = threading.Event()

    def answer() -> None:
        with listener.worker.playing():
            play(TONE, threading.Event())
        played.set()

    listener.worker.detected.connect(lambda mark: threading.Thread(target=answer).start())
    source = MicrophoneSource("")
    hears = {"check_params_cb": lambda _, state: state.phase is Phase.LISTENING}
    with qtbot.waitSignal(listener.worker.source_changed, **hears):
        listener.worker.listen_to(source, heard)
    soundfile.write(str(tmp_path / "word.wav"), bursts(0.5, duration_s=5.0), 16_000)
    speaker = virtual_microphone.play(tmp_path / "word.wav")
    qtbot.waitUntil(played.is_set)
    assert speaker.wait() == 0
    assert len(listener.marks) == 1  # the tone is as loud as the word
    at = listener.marks[0].sample
    samples = np.concatenate([chunk.samples for chunk in heard])
    after = samples[at - heard[0].first_sample + 6400 :]  # the burst itself may last until then
    assert len(after) > 3 * 16_000 and np.abs(after).max() < 0.01
    assert listener.worker.shut_down()
    (path,) = (listener.log.path.parent / "clips").iterdir()
    clip = soundfile.read(path, dtype="float32")[0]
    assert np.abs(clip[:-8000]).max() > 0.1 and np.abs(clip[-1600:]).max() < 0.01
