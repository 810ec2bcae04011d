"""A worker whose model, source or log fails: with a real thread and real signals."""

import threading
import zlib
from collections import deque

import pytest

from kws_app.audio.file_source import FileSource
from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.history.log import DetectionLog
from kws_app.listening.worker import Worker
from tests.support.listener import Waiting, play, use
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S


def failing(*_: object) -> None:
    raise RuntimeError("boom\nwith a long trace")


def test_a_model_that_fails_is_left_out_with_a_notice_and_the_others_go_on(listener, qtbot, write_wav, monkeypatch):
    use(listener, qtbot, "loud/teacher", "loud/student")
    monkeypatch.setattr(listener.worker._active.detectors["loud/teacher"], "process_frames", failing)
    with qtbot.waitSignal(listener.worker.models_left) as left:
        play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert [(model.name, model.main) for model in left.args[0]] == [("loud/student", True)]
    assert listener.troubles == [
        "The model loud/teacher stopped with an error (RuntimeError: boom): choose another model."
    ]
    assert [mark.record.model for mark in listener.marks] == ["loud/student"]


def test_when_the_only_model_fails_the_listening_stops(listener, qtbot, write_wav, monkeypatch):
    use(listener, qtbot, "loud/teacher")
    monkeypatch.setattr(listener.worker._active.detectors["loud/teacher"], "process_frames", failing)
    with qtbot.waitSignal(listener.worker.models_left) as left:
        listener.worker.listen_to(FileSource(write_wav(bursts(0.7, duration_s=2.0)), paced=False), deque(maxlen=9))
    assert left.args == [[]]
    assert listener.phases[-1] is Phase.STOPPED
    use(listener, qtbot, "loud/teacher")  # loaded anew
    play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert len(listener.marks) == 1


@pytest.mark.parametrize("name", ["loud/broken", "loud/none"])
def test_a_bad_model_is_refused_and_the_model_before_goes_on(listener, qtbot, write_wav, name):
    use(listener, qtbot, "loud/teacher")
    assert [model.name for model in use(listener, qtbot, name)] == ["loud/teacher"]
    assert len(listener.troubles) == 1
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/teacher"]


def test_good_models_are_used_beside_a_bad_model(listener, qtbot):
    assert [model.name for model in use(listener, qtbot, "loud/broken", "loud/teacher")] == ["loud/teacher"]
    assert [model.name for model in use(listener, qtbot, "loud/student", "loud/none")] == ["loud/student"]
    assert [model.name for model in use(listener, qtbot, "loud/none", "loud/teacher")] == ["loud/student"]


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


@pytest.mark.parametrize("kind", [Breaking, BreakingLater])
def test_an_unexpected_error_is_said_and_logged_and_the_worker_goes_on(listener, qtbot, write_wav, caplog, kind):
    use(listener, qtbot, "loud/teacher")
    with qtbot.waitSignal(listener.worker.failed) as failed:
        listener.worker.listen_to(kind(), deque(maxlen=1))
    assert listener.phases[-1] is Phase.STOPPED
    assert failed.args == ["Listening has stopped because of an unexpected error (KeyError: 'rate')."]
    assert "Traceback" in caplog.text
    assert listener.worker.health is None
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert len(listener.marks) == 1


def test_a_model_with_an_unexpected_error_is_refused_and_the_model_before_goes_on(
    listener, qtbot, write_wav, caplog, monkeypatch
):
    use(listener, qtbot, "loud/teacher")

    def fail(*_: object) -> None:
        raise zlib.error("invalid block type\nsecond line")

    monkeypatch.setattr("kws_app.listening.active_models.KeywordModel.load", fail)
    with qtbot.waitSignal(listener.worker.models_refused) as refused:
        listener.worker.use_models(["loud/student"])
    reason = "The model loud/student cannot be used (error: invalid block type): choose another model."
    assert refused.args == [{"loud/student": reason}]
    assert "Traceback" in caplog.text
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/teacher"]


def test_models_that_cannot_be_listed_are_said(qtbot, tmp_path, monkeypatch, caplog):
    def fail(*_: object) -> None:
        raise zlib.error("invalid block type")

    monkeypatch.setattr("kws_app.engine.catalogue._scan", fail)
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
    listener.worker._commands.put(lambda: go_on.wait(PATIENCE_S))
    qtbot.waitUntil(lambda: listener.worker._commands.empty())
    ring.write(bursts(2.0, duration_s=5.0))
    assert listener.worker.health.lag_ms >= 5000
    capacity = ring.capacity
    with qtbot.waitSignal(listener.worker.detected):
        go_on.set()
    qtbot.waitUntil(lambda: ring.written == source.feed.reader.position)
    assert listener.worker.health.lost_samples == 0
    go_on.clear()
    listener.worker._commands.put(lambda: go_on.wait(PATIENCE_S))
    qtbot.waitUntil(lambda: listener.worker._commands.empty())
    ring.write(bursts(29.0, duration_s=31.0))
    assert (ring.capacity, len(ring._buffer._rows)) == (capacity, capacity)
    go_on.set()
    qtbot.waitUntil(lambda: len(listener.marks) == 2)
    qtbot.waitUntil(lambda: listener.worker.health.lost_samples == 16_000)
    assert [mark.sample / 16_000 for mark in listener.marks] == pytest.approx([3.08, 35.08], abs=0.16)
