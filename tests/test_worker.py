"""The worker: a real thread, real signals, a real (loudness) model."""

import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from loudness import bursts, save_loudness_model
from pytestqt.qtbot import QtBot

from kws_app.decision import DecisionConfig
from kws_app.history import DetectionLog
from kws_app.lineup import ModelInUse, Tuning
from kws_app.past import Past, add_up, setting_of
from kws_app.session import Heard
from kws_app.source import Feed, FileSource, Phase, SourceState
from kws_app.worker import Mark, Worker


class Listener:
    """A worker and everything that it said."""

    def __init__(self, models: Path, folder: Path) -> None:
        self.log = DetectionLog(folder)
        self.worker = Worker(models, self.log)
        self.marks: list[Mark] = []
        self.phases: list[Phase] = []
        self.troubles: list[str] = []
        self.worker.detected.connect(self.marks.append)
        self.worker.source_changed.connect(lambda _, state: self.phases.append(state.phase))
        self.worker.failed.connect(self.troubles.append)
        self.worker.models_refused.connect(lambda refused: self.troubles.extend(refused.values()))


@pytest.fixture
def listener(tiny_models: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Listener]:
    listener = Listener(tiny_models, tmp_path / "data")
    with qtbot.waitSignal(listener.worker.models_found) as found:
        listener.worker.start()
    assert [entry.name for entry in found.args[0]] == ["loud/broken", "loud/student", "loud/teacher"]
    yield listener
    assert listener.worker.shut_down()


def use(listener: Listener, qtbot: QtBot, *names: str) -> list[ModelInUse]:
    """What listens then."""
    with qtbot.waitSignal(listener.worker.models_changed) as changed:
        listener.worker.use_models(names)
    return changed.args[0]


def play(listener: Listener, qtbot: QtBot, path: Path) -> deque[Heard]:
    plot_data: deque[Heard] = deque(maxlen=1000)
    source = FileSource(path, paced=False)
    with qtbot.waitSignal(listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.ENDED):
        listener.worker.listen_to(source, plot_data)
    return plot_data


def test_a_file_gives_its_detections_its_plot_data_and_its_end(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    path = write_wav(bursts(0.7, 3.0, duration_s=4.0))
    plot_data = play(listener, qtbot, path)
    assert [mark.record.time_s for mark in listener.marks] == pytest.approx([0.78, 3.08], abs=0.16)
    assert [mark.sample / 16_000 for mark in listener.marks] == pytest.approx(
        [mark.record.time_s for mark in listener.marks], abs=0.001
    )
    assert listener.log.last() == [mark.record for mark in listener.marks]
    assert listener.marks[0].record.file == str(path)
    assert listener.marks[0].record.keyword == "loud"
    assert sum(len(heard.samples) for heard in plot_data) == 4.3 * 16_000  # with the silence after it
    assert listener.phases[-1] is Phase.ENDED
    assert listener.worker.health is None


def test_what_is_said_while_the_model_loads_is_heard(listener, qtbot, write_wav):
    plot_data: deque[Heard] = deque(maxlen=1000)
    source = FileSource(write_wav(bursts(0.3, duration_s=1.0)), paced=False)
    listener.worker.listen_to(source, plot_data)
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.use_models(["loud/teacher"])


def test_the_card_gives_the_threshold_unless_another_is_set(listener, qtbot):
    def thresholds() -> list[float]:
        return [detector.decision.config.threshold for detector in listener.worker._lineup.detectors.values()]

    assert [model.recommended for model in use(listener, qtbot, "loud/student", "loud/teacher")] == [0.9, 0.5]
    assert thresholds() == [0.9, 0.5]
    listener.worker.tune({"loud/student": Tuning(threshold=0.3)})
    use(listener, qtbot, "loud/teacher", "loud/student")
    assert thresholds() == [0.5, 0.3]


def test_a_threshold_counts_at_once(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    path = write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004))  # a posterior near one half
    listener.worker.tune({"loud/teacher": Tuning(threshold=0.95)})
    play(listener, qtbot, path)
    assert listener.marks == []
    listener.worker.tune({"loud/teacher": Tuning(threshold=0.1)})
    play(listener, qtbot, path)
    assert len(listener.marks) == 1
    listener.worker.tune({**listener.worker._tunings, "loud/student": Tuning(threshold=0.95)})  # does not listen
    play(listener, qtbot, path)
    assert len(listener.marks) == 2


def test_of_two_models_of_a_keyword_the_first_alone_counts_and_both_are_drawn(listener, qtbot, write_wav):
    models = use(listener, qtbot, "loud/student", "loud/teacher")
    assert [(model.name, model.main) for model in models] == [("loud/student", True), ("loud/teacher", False)]
    plot_data = play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/student"]
    assert len(listener.log.last()) == 1
    detections = [scored.model for heard in plot_data for scored in heard.scored for _ in scored.detections]
    assert sorted(detections) == ["loud/student", "loud/teacher"]


def test_of_two_keywords_each_counts(qtbot, write_wav, tmp_path):
    for name in ("loud", "noise"):
        save_loudness_model(tmp_path / "models" / name / "teacher.pt")
    listener = Listener(tmp_path / "models", tmp_path / "data")
    listener.worker.start()
    models = use(listener, qtbot, "loud/teacher", "noise/teacher")
    assert all(model.main for model in models)
    play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert sorted(mark.record.keyword for mark in listener.marks) == ["loud", "noise"]
    assert listener.worker.shut_down()


def failing(*_: object) -> None:
    raise RuntimeError("boom\nwith a long trace")


def test_a_model_that_fails_is_left_out_with_a_notice_and_the_others_go_on(listener, qtbot, write_wav, monkeypatch):
    use(listener, qtbot, "loud/teacher", "loud/student")
    monkeypatch.setattr(listener.worker._lineup.detectors["loud/teacher"], "process_frames", failing)
    with qtbot.waitSignal(listener.worker.models_left) as left:
        play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert [(model.name, model.main) for model in left.args[0]] == [("loud/student", True)]
    assert listener.troubles == ["The model loud/teacher stopped with an error (RuntimeError: boom): choose another."]
    assert [mark.record.model for mark in listener.marks] == ["loud/student"]


def test_when_the_only_model_fails_the_listening_stops(listener, qtbot, write_wav, monkeypatch):
    use(listener, qtbot, "loud/teacher")
    monkeypatch.setattr(listener.worker._lineup.detectors["loud/teacher"], "process_frames", failing)
    with qtbot.waitSignal(listener.worker.models_left) as left:
        listener.worker.listen_to(FileSource(write_wav(bursts(0.7, duration_s=2.0)), paced=False), deque(maxlen=9))
    assert left.args == [[]]
    assert listener.phases[-1] is Phase.STOPPED
    use(listener, qtbot, "loud/teacher")  # loaded anew
    play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert len(listener.marks) == 1


@pytest.mark.parametrize("name", ["loud/broken", "loud/none"])
def test_a_bad_model_is_refused_and_the_one_before_goes_on(listener, qtbot, write_wav, name):
    use(listener, qtbot, "loud/teacher")
    assert [model.name for model in use(listener, qtbot, name)] == ["loud/teacher"]
    assert len(listener.troubles) == 1
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/teacher"]


def test_what_can_be_used_is_used_beside_a_bad_one(listener, qtbot):
    assert [model.name for model in use(listener, qtbot, "loud/broken", "loud/teacher")] == ["loud/teacher"]
    assert [model.name for model in use(listener, qtbot, "loud/student", "loud/none")] == ["loud/student"]
    assert [model.name for model in use(listener, qtbot, "loud/none", "loud/teacher")] == ["loud/student"]


def test_switching_models_goes_on_listening(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    source = FileSource(write_wav(bursts(0.1, 1.6, duration_s=2.5)))  # paced
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.listen_to(source, deque(maxlen=10))
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.use_models(["loud/student"])
    assert [mark.record.model for mark in listener.marks] == ["loud/teacher", "loud/student"]


def test_a_word_at_the_very_end_of_a_file_is_heard_and_lies_within_it(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    # the step that covers the burst ends at sample 29 040, when the file is over
    play(listener, qtbot, write_wav(bursts(1.735, duration_s=1.8, burst_s=0.065)))
    assert [mark.record.time_s for mark in listener.marks] == [1.8]


def test_another_threshold_than_the_window_set_for_the_model_before_holds_from_its_first_step(
    listener, qtbot, write_wav
):
    use(listener, qtbot, "loud/teacher")
    listener.worker.tune({"loud/teacher": Tuning(threshold=0.1), "loud/student": Tuning(threshold=0.95)})
    use(listener, qtbot, "loud/student")
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004)))
    assert listener.marks == []


class Waiting:
    """A microphone that is not there."""

    name, path, length_s, overruns = "USB mic", None, None, 0
    feed: Feed | None = None
    state = SourceState(Phase.STOPPED)

    def start(self) -> None:
        self.state = SourceState(Phase.WAITING, "USB mic is not there.")

    def stop(self) -> None:
        self.state = SourceState(Phase.STOPPED)


class Breaking(Waiting):
    """A source with a fault that nobody foresaw."""

    def start(self) -> None:
        raise KeyError("rate")


class BreakingLater(Waiting):
    """The same while it is listened to, and when it is stopped."""

    @property
    def feed(self) -> Feed | None:  # type: ignore[override]
        raise KeyError("rate")

    def stop(self) -> None:
        raise ZeroDivisionError


def test_there_are_no_numbers_while_a_microphone_is_waited_for(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    source = Waiting()
    is_waiting = {"check_params_cb": lambda _, state: state.phase is Phase.WAITING}
    with qtbot.waitSignal(listener.worker.source_changed, **is_waiting):
        listener.worker.listen_to(source, deque(maxlen=1))
    assert listener.worker.health is None
    source.feed = Feed(48_000)
    source.state = SourceState(Phase.LISTENING)
    qtbot.waitUntil(lambda: listener.worker.health is not None)
    source.state = SourceState(Phase.WAITING, "USB mic went away.")
    qtbot.waitUntil(lambda: listener.worker.health is None)


@pytest.mark.parametrize("kind", [Breaking, BreakingLater])
def test_an_error_that_nobody_foresaw_is_said_and_logged_and_the_worker_goes_on(
    listener, qtbot, write_wav, caplog, kind
):
    use(listener, qtbot, "loud/teacher")
    with qtbot.waitSignal(listener.worker.failed) as failed:
        listener.worker.listen_to(kind(), deque(maxlen=1))
    assert listener.phases[-1] is Phase.STOPPED
    assert failed.args == ["Listening has stopped: something unexpected went wrong (KeyError: 'rate')."]
    assert "Traceback" in caplog.text
    assert listener.worker.health is None
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert len(listener.marks) == 1


def test_a_model_that_fails_in_an_unforeseen_way_is_refused_and_the_one_before_goes_on(
    listener, qtbot, write_wav, caplog, monkeypatch
):
    use(listener, qtbot, "loud/teacher")

    def fail(*_: object) -> None:
        raise zlib.error("invalid block type\nsecond line")

    monkeypatch.setattr("kws_app.model_folders.find_model", fail)
    with qtbot.waitSignal(listener.worker.models_refused) as refused:
        listener.worker.use_models(["loud/student"])
    reason = "The model loud/student cannot be used (error: invalid block type): choose another."
    assert refused.args == [{"loud/student": reason}]
    assert "Traceback" in caplog.text
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/teacher"]


def test_models_that_cannot_be_listed_are_said(qtbot, tmp_path, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise zlib.error("invalid block type")

    monkeypatch.setattr("kws_app.model_folders.find_models", fail)
    worker = Worker(tmp_path, DetectionLog(tmp_path))
    with qtbot.waitSignal(worker.models_unknown) as refused:
        worker.start()
    assert "cannot be listed (error: invalid block type)" in refused.args[0]
    assert worker.shut_down()


def test_a_bad_file_is_reported(listener, qtbot, tmp_path):
    use(listener, qtbot, "loud/teacher")
    (tmp_path / "bad.wav").write_text("no audio")
    with qtbot.waitSignal(listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.FAILED):
        listener.worker.listen_to(FileSource(tmp_path / "bad.wav"), deque(maxlen=1))


def test_a_log_that_cannot_be_written_is_said_and_the_detection_still_shown(listener, qtbot, write_wav, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    use(listener, qtbot, "loud/teacher")
    with qtbot.waitSignal(listener.worker.failed):
        play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert len(listener.marks) == 1
    assert "could not be written" in listener.troubles[0]


def test_stop_and_shut_down_are_quick_in_the_middle_of_a_file(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    source = FileSource(write_wav(bursts(0.3, duration_s=20.0)))
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.listen_to(source, deque(maxlen=10))
    with qtbot.waitSignal(
        listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.STOPPED
    ):
        listener.worker.stop_listening()
    begun = time.monotonic()
    assert listener.worker.shut_down()
    assert time.monotonic() - begun < 0.5


def past(listener: Listener) -> Past:
    """What the log adds up to once all is written."""
    assert listener.worker.shut_down()
    said, bad_lines = listener.log.read()
    assert bad_lines == 0
    return add_up(said)


def test_a_detection_keeps_its_clip_and_how_it_went(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    sound = bursts(3.0, duration_s=5.0)
    play(listener, qtbot, write_wav(sound))
    (entry,) = past(listener).entries.values()
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
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.listen_to(source, deque(maxlen=1000))
    with qtbot.waitSignal(
        listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.STOPPED
    ):
        listener.worker.stop_listening()
    (entry,) = past(listener).entries.values()
    assert entry.peak is not None and entry.peak > 0.9 and entry.above_s >= 0.0


def test_what_was_missed_is_kept_with_what_the_model_made_of_it(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    listener.worker.tune({"loud/teacher": Tuning(threshold=0.999999)})
    play(listener, qtbot, write_wav(bursts(3.0, duration_s=4.0)))
    listener.worker.save_missed()
    (entry,) = past(listener).entries.values()
    assert listener.marks == [] and entry.record.missed and 0.9 < entry.record.score < 0.999999
    info = soundfile.info(str(listener.log.path.parent / "clips" / entry.record.clip))
    assert info.frames == 3 * 16_000


def test_nothing_can_be_missed_before_anything_was_heard(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    with qtbot.waitSignal(listener.worker.failed) as failed:
        listener.worker.save_missed()
    assert "nothing to keep" in failed.args[0]


class Ready(Waiting):
    """A microphone that hears what the test writes."""

    def __init__(self) -> None:
        self.feed = Feed(16_000)

    def start(self) -> None:
        self.state = SourceState(Phase.LISTENING)


def test_what_the_program_plays_itself_is_no_detection_of_a_microphone(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    listener.worker.deaf = True
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert len(listener.marks) == 1  # a file hears no loudspeaker
    source = Ready()
    listener.worker.listen_to(source, plot_data := deque(maxlen=1000))
    source.feed.ring.write(bursts(0.3, duration_s=2.0))
    qtbot.waitUntil(lambda: sum(len(heard.samples) for heard in plot_data) == 32_000)
    assert len(listener.marks) == 1
    listener.worker.deaf = False
    with qtbot.waitSignal(listener.worker.detected):
        source.feed.ring.write(bursts(0.3, duration_s=2.0))


def test_the_hours_of_a_microphone_are_in_the_log(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    source = Ready()
    listener.worker.listen_to(source, deque(maxlen=10))
    setting = setting_of("loud/teacher", DecisionConfig(0.5))
    for _ in range(3):
        source.feed.ring.write(np.zeros(16_000, np.float32))
    qtbot.waitUntil(lambda: listener.worker.recorder.live_s.get(setting, 0.0) >= 2.99)
    assert past(listener).heard_s == {setting: 3.0}


def test_a_worker_that_is_held_up_shows_its_lag_loses_only_what_the_ring_cannot_hold_and_catches_up(listener, qtbot):
    use(listener, qtbot, "loud/teacher")
    source = Waiting()
    source.feed = Feed(16_000)
    source.state = SourceState(Phase.LISTENING)
    source.start = lambda: None  # type: ignore[method-assign]
    ring = source.feed.ring
    listener.worker.listen_to(source, deque(maxlen=10))
    ring.write(bursts(duration_s=1.0))
    qtbot.waitUntil(lambda: listener.worker.health is not None and listener.worker.health.lag_ms > 0)
    go_on = threading.Event()
    listener.worker._commands.put(lambda: go_on.wait(20))
    qtbot.waitUntil(lambda: listener.worker._commands.empty())
    ring.write(bursts(2.0, duration_s=5.0))
    assert listener.worker.health.lag_ms >= 5000
    capacity = ring.capacity
    with qtbot.waitSignal(listener.worker.detected):
        go_on.set()
    qtbot.waitUntil(lambda: ring.written == source.feed.reader.position)
    assert listener.worker.health.lost_samples == 0
    go_on.clear()
    listener.worker._commands.put(lambda: go_on.wait(20))
    qtbot.waitUntil(lambda: listener.worker._commands.empty())
    ring.write(bursts(29.0, duration_s=31.0))
    assert (ring.capacity, len(ring._buffer)) == (capacity, capacity)
    go_on.set()
    qtbot.waitUntil(lambda: len(listener.marks) == 2)
    qtbot.waitUntil(lambda: listener.worker.health.lost_samples == 16_000)
    assert [mark.sample / 16_000 for mark in listener.marks] == pytest.approx([3.08, 35.08], abs=0.16)
