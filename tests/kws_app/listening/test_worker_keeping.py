"""What a worker saves: clips, the end of each detection, missed words, hours."""

from collections import deque

import numpy as np
import pytest
import soundfile
from PyQt6.QtCore import QTimer

from kws_app.audio.file_source import FileSource
from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.tuning import Tuning
from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.entries import History, add_up, model_setup
from kws_app.listening.session import SoundChunk
from tests.support.listener import Listener, Waiting, play, tune, use
from tests.support.loudness import bursts


def log_history(listener: Listener) -> History:
    """What the log adds up to once all is written."""
    assert listener.worker.shut_down()
    said, bad_lines = listener.log.read()
    assert bad_lines == 0
    return add_up(said)


def test_a_detection_keeps_its_clip_and_how_it_went(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    sound = bursts(3.0, duration_s=5.0)
    play(listener, qtbot, write_wav(sound))
    (entry,) = log_history(listener).entries.values()
    assert entry.peak is not None and entry.peak >= entry.record.score
    assert entry.above_s == pytest.approx(0.3, abs=0.1)
    assert entry.record.decision == DecisionConfig(0.5)
    at = listener.marks[0].sample
    clip, rate = soundfile.read(listener.log.path.parent / "clips" / entry.record.clip, dtype="float32")
    assert rate == 16_000
    np.testing.assert_allclose(clip, sound[at - 32_000 : at + 8_000], atol=1e-4)


def test_a_detection_that_is_not_over_when_listening_stops_ends_with_it(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    source = FileSource(write_wav(bursts(0.1, duration_s=20.0, burst_s=19.0)))  # paced
    heard: deque[SoundChunk] = deque(maxlen=1000)
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.listen_to(source, heard)
    qtbot.waitUntil(lambda: heard[-1].first_sample > 16_000)
    with qtbot.waitSignal(
        listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.STOPPED
    ):
        listener.worker.stop_listening()
    (entry,) = log_history(listener).entries.values()
    assert entry.peak is not None and entry.peak > 0.9 and entry.above_s > 0.5


def test_what_was_missed_is_kept_with_what_the_model_made_of_it(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    tune(listener, {"loud/teacher": Tuning(threshold=0.999999)})
    play(listener, qtbot, write_wav(bursts(3.0, duration_s=4.0)))
    listener.worker.save_missed()
    (entry,) = log_history(listener).entries.values()
    assert listener.marks == [] and entry.record.missed and 0.9 < entry.record.score < 0.999999
    info = soundfile.info(str(listener.log.path.parent / "clips" / entry.record.clip))
    assert info.frames == 3 * 16_000


def test_after_the_end_a_missed_word_and_the_rate_are_about_what_is_set_now(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    tune(listener, {"loud/teacher": Tuning(threshold=0.999999)})  # nothing is heard
    play(listener, qtbot, write_wav(bursts(0.5, duration_s=1.0)))
    tune(listener, {"loud/teacher": Tuning(threshold=0.8)})
    listener.worker.save_missed()
    qtbot.waitUntil(lambda: listener.worker.recorder.setups["loud"][1].threshold == 0.8)
    use(listener, qtbot, "loud/student")
    assert listener.worker.recorder.setups["loud"][0] == "loud/student"
    *_, missed = log_history(listener).entries.values()
    assert missed.record.missed and missed.record.decision is not None and missed.record.decision.threshold == 0.8


def test_a_threshold_that_is_dragged_does_not_keep_it_from_listening(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    ended = {"check_params_cb": lambda _, state: state.phase is Phase.ENDED}
    dragged = QTimer()
    dragged.timeout.connect(lambda: tune(listener, {"loud/teacher": Tuning(threshold=0.8)}))
    dragged.start(1)
    with qtbot.waitSignal(listener.worker.source_changed, **ended):
        listener.worker.listen_to(FileSource(write_wav(bursts(0.1, duration_s=0.5)), paced=False), deque(maxlen=9))
    dragged.stop()
    assert len(listener.marks) == 1


def test_what_was_heard_is_not_kept_as_missed(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    play(listener, qtbot, write_wav(bursts(0.5, duration_s=1.0)))
    with qtbot.waitSignal(listener.worker.failed) as failed:
        listener.worker.save_missed()
    assert "A word was heard" in failed.args[0]
    assert len(log_history(listener).entries) == len(listener.marks) == 1


def test_nothing_can_be_missed_before_anything_was_heard(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    with qtbot.waitSignal(listener.worker.failed) as failed:
        listener.worker.save_missed()
    assert "nothing is saved" in failed.args[0]


class Ready(Waiting):
    """A microphone that hears what the test writes."""

    def __init__(self) -> None:
        self.feed = Feed(16_000)

    def start(self) -> None:
        self.state = SourceState(Phase.LISTENING)


def test_a_microphone_hears_silence_while_the_program_plays(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    listener.worker._own_sounds.begin(0.0)  # it sounds since the machine was started
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert len(listener.marks) == 1  # a file hears no loudspeaker
    source = Ready()
    listener.worker.listen_to(source, plot_data := deque(maxlen=1000))
    source.feed.ring.write(bursts(0.3, duration_s=2.0))
    qtbot.waitUntil(lambda: sum(len(chunk.samples) for chunk in plot_data) == 32_000)
    assert len(listener.marks) == 1 and not any(chunk.samples.any() for chunk in plot_data)
    listener.worker._own_sounds.end(0.0)
    with qtbot.waitSignal(listener.worker.detected):
        source.feed.ring.write(bursts(0.3, duration_s=2.0))


def test_the_hours_of_a_microphone_are_in_the_log(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    source = Ready()
    listener.worker.listen_to(source, deque(maxlen=10))
    setup = model_setup("loud/teacher", DecisionConfig(0.5))
    for _ in range(3):
        source.feed.ring.write(np.zeros(16_000, np.float32))
    qtbot.waitUntil(lambda: listener.worker.recorder.listened.seconds.get(setup, 0.0) >= 2.99)
    assert log_history(listener).heard_s == {setup: 3.0}
