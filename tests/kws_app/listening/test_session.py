"""Session: one clock from any source through any break, and the same detections as the detector alone."""

from pathlib import Path

import numpy as np
import pytest

from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.detector import Detector
from kws_app.engine.backends import Posteriors, State
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.listening.own_sounds import LINGERS_S, OwnSounds
from kws_app.listening.session import Session, SoundChunk
from tests.support.loudness import bursts


class HandFedSource:
    """A source whose feed the test writes itself."""

    name = "hand"
    path: Path | None = None

    length_s = None

    def __init__(self, rate_hz: int = SAMPLE_RATE) -> None:
        self.feed: Feed | None = Feed(rate_hz, latency_s=0.01)
        self.state = SourceState(Phase.LISTENING)
        self.overruns = 0

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.fixture
def detector(tiny_models: Path) -> Detector:
    model = KeywordModel.load(tiny_models / "loud" / "teacher.safetensors")
    return Detector(model, DecisionConfig(threshold=0.5))


def feed_all(source: HandFedSource, session: Session, samples: np.ndarray, piece: int) -> list[SoundChunk]:
    heard: list[SoundChunk] = []
    for first in range(0, len(samples), piece):
        source.feed.ring.write(samples[first : first + piece])
        heard += session.drain()
    return heard


def times_s(heard: list[SoundChunk], model: str = "teacher") -> list[float]:
    return [d.time_s for block in heard for scored in block.scored if scored.model == model for d in scored.detections]


@pytest.mark.parametrize("piece", [320, 777, 16_000])
def test_a_session_scores_like_its_detector_alone(detector: Detector, piece: int):
    samples = bursts(0.7, 3.0, duration_s=5.0)
    expected = [d.time_s for d in detector.process(samples).detections]
    source = HandFedSource()
    heard = feed_all(source, Session(source, {"teacher": detector}), samples, piece)
    assert len(expected) == 2
    assert times_s(heard) == expected
    np.testing.assert_array_equal(np.concatenate([block.samples for block in heard]), samples)


def test_another_rate_is_resampled_and_keeps_the_time(detector: Detector):
    source = HandFedSource(48_000)
    samples = np.repeat(bursts(0.7, 3.0, duration_s=5.0), 3)  # crude, but the bursts stay where they are
    heard = feed_all(source, Session(source, {"teacher": detector}), samples, 960)
    # a burst is found within the two steps that cover its beginning
    assert times_s(heard) == pytest.approx([0.78, 3.08], abs=0.16)


def test_lost_samples_reset_the_detector_and_are_counted(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    quiet = bursts(duration_s=1.0)
    list(feed_all(source, session, quiet, 320))
    ring = source.feed.ring
    ring.write(np.zeros(ring.capacity + 5000, dtype=np.float32))
    heard = list(session.drain())
    assert session.lost_samples == 5000
    assert heard[0].first_sample == len(quiet) + 5000
    assert heard[0].scored[0].step_ends[0] == heard[0].first_sample + detector.model.card.first_step_samples


def test_a_new_feed_moves_the_clock_by_what_was_missed(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    source.feed = Feed(48_000, begins_s=3.0)
    heard = feed_all(source, session, np.zeros(48_000, dtype=np.float32), 960)
    assert heard[0].first_sample == 3 * SAMPLE_RATE
    assert session.lost_samples == 2 * SAMPLE_RATE
    assert session.health.rate_hz == 48_000


def test_what_was_not_read_before_a_break_is_heard_after_it(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    source.feed.ring.write(bursts(1.0, duration_s=3.0))
    source.feed = Feed(SAMPLE_RATE, begins_s=4.5)
    source.feed.ring.write(bursts(duration_s=1.0))
    heard = list(session.drain())
    assert times_s(heard) == pytest.approx([2.08], abs=0.16)
    assert sum(len(block.samples) for block in heard) == 4 * SAMPLE_RATE
    assert session.clock == round(5.5 * SAMPLE_RATE)
    assert session.lost_samples == SAMPLE_RATE // 2


def test_a_new_feed_is_entered_with_its_first_sample(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    source.feed = Feed(SAMPLE_RATE, begins_s=3.0)
    assert list(session.drain()) == []
    source.feed.begins_s = 5.0  # a microphone that is silent at first says so with its first sample
    heard = feed_all(source, session, bursts(duration_s=1.0), 320)
    assert heard[0].first_sample == 5 * SAMPLE_RATE
    assert session.lost_samples == 4 * SAMPLE_RATE


def test_feeds_that_were_never_read_count_as_lost(detector: Detector):
    source = HandFedSource()
    source.feed = Feed(SAMPLE_RATE, begins_s=7.0)  # there were others while the model loaded
    session = Session(source, {"teacher": detector})
    heard = feed_all(source, session, bursts(duration_s=1.0), 16_000)
    assert heard[0].first_sample == session.lost_samples == 7 * SAMPLE_RATE


def test_an_overrun_resets_the_detector(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    source.overruns = 1
    heard = feed_all(source, session, bursts(duration_s=1.0), 16_000)
    assert heard[0].scored[0].step_ends[0] == SAMPLE_RATE + detector.model.card.first_step_samples
    assert session.health.overruns == 1


@pytest.fixture
def student(tiny_models: Path) -> Detector:
    return Detector(KeywordModel.load(tiny_models / "loud" / "student.safetensors"), DecisionConfig(threshold=0.9))


def test_another_detector_goes_on_at_the_same_time(detector: Detector, student: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    session.use({"student": student})
    heard = feed_all(source, session, bursts(0.5, duration_s=1.0), 320)
    assert times_s(heard, "student") == pytest.approx([1.58], abs=0.16)
    assert times_s(heard) == []


@pytest.mark.parametrize("piece", [320, 777, 16_000])
def test_two_detectors_in_a_session_score_like_each_alone(detector: Detector, student: Detector, piece: int):
    samples = bursts(0.7, 3.0, duration_s=5.0)
    alone = {"teacher": detector.process(samples), "student": student.process(samples)}
    source = HandFedSource()
    heard = feed_all(source, Session(source, {"teacher": detector, "student": student}), samples, piece)
    for name, expected in alone.items():
        assert times_s(heard, name) == [d.time_s for d in expected.detections]
        scores = np.concatenate([scored.scores for block in heard for scored in block.scored if scored.model == name])
        np.testing.assert_allclose(scores, expected.scores, atol=1e-6)  # sums in another order


def test_a_new_detector_starts_afresh_and_the_other_keeps_its_state(detector: Detector, student: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    feed_all(source, session, bursts(duration_s=1.0), 320)
    step_end = detector.next_step_end
    session.use({"teacher": detector, "student": student})
    assert detector.next_step_end == step_end
    assert student.next_step_end - SAMPLE_RATE == pytest.approx(student.model.card.first_step_samples, abs=1600)
    heard = feed_all(source, session, bursts(0.5, duration_s=1.0), 320)
    assert times_s(heard) == pytest.approx(times_s(heard, "student"), abs=0.16)
    assert len(times_s(heard)) == 1


def test_a_detector_that_fails_is_left_out_and_the_other_goes_on(
    detector: Detector, student: Detector, monkeypatch: pytest.MonkeyPatch
):
    source = HandFedSource()
    session = Session(source, {"teacher": detector, "student": student})

    def fail(*_: object) -> None:
        raise RuntimeError("boom\nwith a long trace")

    monkeypatch.setattr(detector, "process_frames", fail)
    heard = feed_all(source, session, bursts(0.5, duration_s=1.0), 1280)
    assert session.failures == {"teacher": "RuntimeError: boom"}
    assert list(session.detectors) == ["student"]
    assert times_s(heard) == [] and len(times_s(heard, "student")) == 1
    assert list(session.health.step_ms) == ["student"]


@pytest.mark.parametrize("rate_hz", [SAMPLE_RATE, 3 * SAMPLE_RATE])
def test_what_the_program_plays_is_silence_and_all_else_is_heard(detector: Detector, rate_hz: int):
    source, own_sounds, now_s = HandFedSource(rate_hz), OwnSounds(), 100.0
    session = Session(source, {"teacher": detector}, own_sounds, clock=lambda: now_s)
    sound = np.repeat(bursts(0.5, 2.0, 4.0, duration_s=6.0), rate_hz // SAMPLE_RATE)
    heard: list[SoundChunk] = []
    for i in range(60):  # a tenth of a second each: the program plays from 1.8 s to 2.5 s
        now_s = 100.1 + i / 10
        if i == 18:
            own_sounds.begin(now_s - 0.1)
        if i == 25:
            own_sounds.end(now_s - 0.1)
        heard += feed_all(source, session, sound[i * rate_hz // 10 : (i + 1) * rate_hz // 10], rate_hz // 10)
    assert times_s(heard) == pytest.approx([0.58, 4.08], abs=0.16)
    samples = np.concatenate([chunk.samples for chunk in heard])
    silent = np.abs(samples) < 1e-8  # the quiet before and after has 1e-5
    until = round((2.5 + LINGERS_S) * SAMPLE_RATE)
    assert silent[round(1.81 * SAMPLE_RATE) : until - 200].all()
    assert not silent[until + 200 : until + 1600].all()


def test_a_file_hears_no_loudspeaker(detector: Detector):
    source, own_sounds = HandFedSource(), OwnSounds()
    source.path = Path("talk.wav")
    own_sounds.begin(0.0)
    heard = feed_all(source, Session(source, {"teacher": detector}, own_sounds), bursts(0.5, duration_s=1.0), 1600)
    assert len(times_s(heard)) == 1


@pytest.mark.parametrize("answer", [np.nan, np.inf, 1.5, -0.1])
def test_one_that_answers_with_no_score_is_left_out_and_the_other_hears_on(
    detector: Detector, student: Detector, monkeypatch: pytest.MonkeyPatch, answer: float
):
    source = HandFedSource()
    session = Session(source, {"teacher": detector, "student": student})
    step = detector.model.network.step

    def spoilt(log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        posteriors, state = step(log_mel, state)
        return np.full_like(posteriors, answer), state

    monkeypatch.setattr(detector.model.network, "step", spoilt)
    heard = feed_all(source, session, bursts(0.5, duration_s=1.0), 1280)
    assert session.failures == {"teacher": "ModelError: it returned a score outside 0..1"}
    assert times_s(heard) == [] and len(times_s(heard, "student")) == 1


def test_health_measures_lag_and_step_time(detector: Detector):
    source = HandFedSource()
    session = Session(source, {"teacher": detector})
    assert session.health.lag_ms == 0.0
    feed_all(source, session, bursts(duration_s=2.0), 320)
    # a step is decided within the block of 20 ms that completes it, plus the source's own 10 ms
    assert 10.0 <= session.health.lag_ms <= 30.0
    assert session.health.step_ms["teacher"] > 0
    assert session.health.lag_ms <= session.health.lag_95th_ms <= 35.0


@pytest.mark.parametrize("rate_hz", [SAMPLE_RATE, 3 * SAMPLE_RATE])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_nan_and_infinite_samples_do_not_spoil_the_state(detector: Detector, value: float, rate_hz: int):
    source = HandFedSource(rate_hz)
    session = Session(source, {"teacher": detector})
    bad = np.zeros(rate_hz, dtype=np.float32)
    bad[1000:1010] = value
    heard = feed_all(source, session, bad, 320)
    assert all(np.isfinite(block.samples).all() for block in heard)
    assert all(np.isfinite(block.log_mel).all() for block in heard if block.log_mel is not None)
    word = np.repeat(bursts(0.5, duration_s=1.0), rate_hz // SAMPLE_RATE)
    assert 1.5 < times_s(feed_all(source, session, word, 320))[-1] < 1.75
