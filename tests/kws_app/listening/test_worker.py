"""The worker: a real thread, real signals, a real (loudness) model."""

from collections import deque

import pytest

from kws_app.audio.file_source import FileSource
from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.tuning import Tuning
from kws_app.listening.session import SoundChunk
from tests.support.listener import Listener, Waiting, play, tune, use
from tests.support.loudness import bursts, save_loudness_model
from tests.support.waiting import Stopwatch


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
    assert sum(len(chunk.samples) for chunk in plot_data) == 4.3 * 16_000  # with the silence after it
    assert listener.phases[-1] is Phase.ENDED
    assert listener.worker.health is None


def test_what_is_said_while_the_model_loads_is_heard(listener, qtbot, write_wav):
    plot_data: deque[SoundChunk] = deque(maxlen=1000)
    source = FileSource(write_wav(bursts(0.3, duration_s=1.0)), paced=False)
    listener.worker.listen_to(source, plot_data)
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.use_models(["loud/teacher"])


def test_a_file_plays_only_once_there_is_a_model(listener, qtbot, write_wav):
    source = FileSource(write_wav(bursts(0.1, duration_s=1.0)))
    opening = {"check_params_cb": lambda _, state: state.phase is Phase.OPENING}
    with qtbot.waitSignal(listener.worker.source_changed, **opening):
        listener.worker.listen_to(source, deque(maxlen=10))
    assert source.state.phase is Phase.STOPPED and source.feed is not None and source.feed.ring.written == 0
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.use_models(["loud/teacher"])
    assert source.feed.ring.written < 16_000  # heard as it plays, not made up for


def test_a_microphone_is_open_while_the_model_loads_but_listened_to_only_then(listener, qtbot):
    source = Waiting()
    listener.worker.listen_to(source, deque(maxlen=10))
    qtbot.waitUntil(lambda: Phase.WAITING in listener.phases)
    source.feed = Feed(16_000)
    source.feed.ring.write(bursts(0.1, duration_s=0.5))
    source.state = SourceState(Phase.LISTENING)
    qtbot.waitUntil(lambda: listener.phases[-1] is not Phase.WAITING)
    assert listener.phases[-1] is Phase.OPENING
    with qtbot.waitSignal(listener.worker.detected):  # what was said meanwhile
        listener.worker.use_models(["loud/teacher"])
    qtbot.waitUntil(lambda: listener.phases[-1] is Phase.LISTENING)


def test_the_card_gives_the_threshold_unless_another_is_set(listener, qtbot):
    def thresholds() -> list[float]:
        return [detector.decision.config.threshold for detector in listener.worker._active.detectors.values()]

    assert [model.recommended for model in use(listener, qtbot, "loud/student", "loud/teacher")] == [0.9, 0.5]
    assert thresholds() == [0.9, 0.5]
    tune(listener, {"loud/student": Tuning(threshold=0.3)})
    use(listener, qtbot, "loud/teacher", "loud/student")
    assert thresholds() == [0.5, 0.3]


def test_a_threshold_counts_at_once(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    path = write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004))  # a posterior near one half
    tune(listener, {"loud/teacher": Tuning(threshold=0.95)})
    play(listener, qtbot, path)
    assert listener.marks == []
    tune(listener, {"loud/teacher": Tuning(threshold=0.1)})
    play(listener, qtbot, path)
    assert len(listener.marks) == 1
    tune(listener, {**listener.worker.wanted.tunings, "loud/student": Tuning(threshold=0.95)})  # does not listen
    play(listener, qtbot, path)
    assert len(listener.marks) == 2


def test_the_first_of_two_models_of_a_keyword_counts_and_both_are_drawn(listener, qtbot, write_wav):
    models = use(listener, qtbot, "loud/student", "loud/teacher")
    assert [(model.name, model.main) for model in models] == [("loud/student", True), ("loud/teacher", False)]
    plot_data = play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert [mark.record.model for mark in listener.marks] == ["loud/student"]
    assert len(listener.log.last()) == 1
    detections = [scored.model for chunk in plot_data for scored in chunk.scored for _ in scored.detections]
    assert sorted(detections) == ["loud/student", "loud/teacher"]


def test_two_keywords_both_count(qtbot, write_wav, tmp_path):
    for name in ("loud", "noise"):
        save_loudness_model(tmp_path / "models" / name / "teacher.safetensors")
    listener = Listener(tmp_path / "models", tmp_path / "data")
    listener.worker.start()
    models = use(listener, qtbot, "loud/teacher", "noise/teacher")
    assert all(model.main for model in models)
    play(listener, qtbot, write_wav(bursts(0.7, duration_s=2.0)))
    assert sorted(mark.record.keyword for mark in listener.marks) == ["loud", "noise"]
    assert listener.worker.shut_down()


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


def test_a_new_model_has_its_own_threshold_from_its_first_step(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    tune(listener, {"loud/teacher": Tuning(threshold=0.1), "loud/student": Tuning(threshold=0.95)})
    use(listener, qtbot, "loud/student")
    play(listener, qtbot, write_wav(bursts(0.3, duration_s=1.0, amplitude=0.004)))
    assert listener.marks == []


def test_health_is_empty_while_the_worker_waits_for_a_microphone(listener, qtbot):
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


def test_stop_and_shut_down_are_quick_in_the_middle_of_a_file(listener, qtbot, write_wav):
    use(listener, qtbot, "loud/teacher")
    source = FileSource(write_wav(bursts(0.3, duration_s=20.0)))
    with qtbot.waitSignal(listener.worker.detected):
        listener.worker.listen_to(source, deque(maxlen=10))
    with qtbot.waitSignal(
        listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.STOPPED
    ):
        listener.worker.stop_listening()
    stopwatch = Stopwatch()
    assert listener.worker.shut_down()
    assert stopwatch.seconds < 0.5
