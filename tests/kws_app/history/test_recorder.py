"""The recorder: the content of a clip, sample by sample, and the hours that count."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from kws_app.audio.ring import Samples
from kws_app.detection.decision import Detection, DetectionEnd
from kws_app.engine.decision_config import DecisionConfig
from kws_app.errors import LabelError
from kws_app.history.facts import DetectionRecord, Ended, Fact, HoursHeard
from kws_app.history.recorder import SAVE_HOURS_S, STALE_S, TELL_S, RecentSound, Recorder

RATE = 16_000
SETTING = ("loud/teacher", DecisionConfig(0.5))
RAMP = np.arange(60 * RATE, dtype=np.float32)  # each sample says where it is


@dataclass
class Kept:
    """Stands where the disk thread does: notes what it is given."""

    facts: list[DetectionRecord | Fact] = field(default_factory=list)
    clips: dict[str, Samples] = field(default_factory=dict)
    labelled: list[str] = field(default_factory=list)

    def note(self, fact: DetectionRecord | Fact) -> None:
        self.facts.append(fact)

    def keep_clip(self, id: str, samples: Samples, labelled: bool = False) -> None:
        self.clips[id] = samples
        if labelled:
            self.labelled.append(id)


class FakeSource:
    """A source that is only asked who it is."""

    def __init__(self, path: Path | None = None) -> None:
        self.name, self.path, self.length_s = "USB mic", path, None


@pytest.fixture
def kept() -> Iterator[Kept]:
    return Kept()


@pytest.fixture
def recorder(kept: Kept) -> Recorder:
    recorder = Recorder(kept)  # type: ignore[arg-type]
    recorder.begin(FakeSource())  # type: ignore[arg-type]
    return recorder


def hear(recorder: Recorder, first_s: float, last_s: float, piece: int = 1280) -> None:
    end = round(last_s * RATE)
    for first in range(round(first_s * RATE), end, piece):
        recorder.hear(RAMP[first : min(first + piece, end)], first, {"loud": SETTING})


def detect(recorder: Recorder, at_s: float) -> DetectionRecord:
    return recorder.add("loud", SETTING, Detection(round(at_s * RATE), 0.9))


@pytest.mark.parametrize("piece", [320, 1280, 16_000])
def test_a_clip_is_two_seconds_before_to_half_a_second_after(recorder: Recorder, kept: Kept, piece: int):
    hear(recorder, 0, 10, piece)
    record = detect(recorder, 9.5)
    assert record.id and record.clip == f"{record.id}.flac" and record.decision == SETTING[1]
    hear(recorder, 10, 10 + piece / RATE, piece)
    np.testing.assert_array_equal(kept.clips[record.id], RAMP[round(7.5 * RATE) : 10 * RATE])


def test_a_clip_waits_for_the_sound_after_the_detection(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 5)
    record = detect(recorder, 5.0)
    hear(recorder, 5, 5.4)
    assert kept.clips == {}
    hear(recorder, 5.4, 5.6)
    np.testing.assert_array_equal(kept.clips[record.id], RAMP[3 * RATE : round(5.5 * RATE)])


def test_at_the_beginning_and_at_the_end_a_clip_is_shorter(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 1)
    record = detect(recorder, 0.9)
    recorder.finish()
    np.testing.assert_array_equal(kept.clips[record.id], RAMP[:RATE])


def test_what_was_lost_is_silence_in_the_clip(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 20)
    hear(recorder, 20.5, 22)
    record = detect(recorder, 21.5)
    recorder.finish()
    expected = RAMP[round(19.5 * RATE) : 22 * RATE].copy()
    expected[RATE // 2 : RATE] = 0.0
    np.testing.assert_array_equal(kept.clips[record.id], expected)


def test_another_source_is_no_part_of_the_clip(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 3)
    before = detect(recorder, 3.0)
    recorder.begin(FakeSource())  # type: ignore[arg-type]
    assert len(kept.clips[before.id]) == 2 * RATE
    hear(recorder, 0, 1)
    record = detect(recorder, 0.5)
    recorder.finish()
    assert len(kept.clips[record.id]) == RATE


def test_no_clips_are_cut_when_they_are_switched_off(recorder: Recorder, kept: Kept):
    recorder.keep_clips = False
    hear(recorder, 0, 3)
    assert detect(recorder, 2.0).clip is None
    hear(recorder, 3, 6)
    recorder.finish()
    assert kept.clips == {}


def test_the_end_of_a_detection_is_noted_under_its_id(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 3)
    record = detect(recorder, 2.0)
    recorder.end("loud/student", DetectionEnd(Detection(2 * RATE, 0.9), 0.95, 5120))
    recorder.end("loud/teacher", DetectionEnd(Detection(RATE, 0.9), 0.95, 5120))
    assert kept.facts == []
    recorder.end("loud/teacher", DetectionEnd(Detection(2 * RATE, 0.9), 0.987654, 5120))
    assert kept.facts == [Ended(record.id, 0.9877, 0.32)]


def test_a_missed_word_is_the_last_three_seconds_and_the_highest_score_in_them(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 10)
    ends = [round(at * RATE) for at in (6.5, 7.5, 9.0)]
    recorder.note_scores("loud/teacher", ends, [0.99, 0.3, 0.2])
    recorder.note_scores("loud/student", ends, [0.8, 0.8, 0.8])
    record = recorder.missed({"loud": SETTING})
    assert record.missed and record.time_s == 10.0
    assert (record.score, record.keyword, record.microphone, record.file) == (0.3, "loud", "USB mic", None)
    np.testing.assert_array_equal(kept.clips[record.id], RAMP[7 * RATE : 10 * RATE])
    assert kept.facts == [record] and kept.labelled == [record.id]


def test_the_keyword_with_the_highest_score_was_missed(recorder: Recorder):
    hear(recorder, 0, 5)
    recorder.note_scores("loud/teacher", [4 * RATE], [0.2])
    recorder.note_scores("happy/teacher", [4 * RATE], [0.4])
    record = recorder.missed({"loud": SETTING, "happy": ("happy/teacher", DecisionConfig())})
    assert (record.keyword, record.model) == ("happy", "happy/teacher")


def test_without_sound_no_word_can_be_missed(recorder: Recorder, kept: Kept):
    with pytest.raises(LabelError, match="No sound was heard"):
        recorder.missed({"loud": SETTING})
    assert kept.facts == []


@pytest.mark.parametrize("level_db", [-180.0, -80.0])
def test_nothing_is_missed_in_silence(recorder: Recorder, kept: Kept, level_db: float):
    noise = np.random.default_rng(0).normal(0, 10 ** (level_db / 20), 5 * RATE).astype(np.float32)
    recorder.hear(noise, 0, {"loud": SETTING})
    with pytest.raises(LabelError, match="were silent"):
        recorder.missed({"loud": SETTING})
    assert kept.facts == [] and kept.clips == {}


def test_a_quiet_word_can_be_missed(recorder: Recorder):
    sound = np.random.default_rng(0).normal(0, 1e-4, 5 * RATE).astype(np.float32)
    sound[3 * RATE : 4 * RATE] += np.sin(np.arange(RATE), dtype=np.float32) * 0.002  # -57 dB
    recorder.hear(sound, 0, {"loud": SETTING})
    assert recorder.missed({"loud": SETTING}).missed


def test_nothing_is_missed_right_after_a_detection(recorder: Recorder, kept: Kept):
    hear(recorder, 0, 5)
    record = detect(recorder, 4.0)
    hear(recorder, 5, 6.9)
    with pytest.raises(LabelError, match=r"A word was heard 2\.9 s ago"):
        recorder.missed({"loud": SETTING})
    assert kept.facts == [] and list(kept.clips) == [record.id]
    hear(recorder, 6.9, 7.1)
    assert recorder.missed({"loud": SETTING}).time_s == 7.1
    recorder.begin(FakeSource())  # type: ignore[arg-type]
    hear(recorder, 0, 4)
    assert recorder.missed({"loud": SETTING}).missed  # that detection was in another sound


def test_what_was_heard_long_ago_is_not_kept_as_missed(kept: Kept):
    now_s = 100.0
    recorder = Recorder(kept, clock=lambda: now_s)  # type: ignore[arg-type]
    recorder.begin(FakeSource())  # type: ignore[arg-type]
    hear(recorder, 0, 5)
    recorder.finish()
    now_s += STALE_S + 1
    with pytest.raises(LabelError, match="No sound was heard"):
        recorder.missed({"loud": SETTING})
    assert kept.clips == {}
    now_s -= 2
    assert recorder.missed({"loud": SETTING}).missed


def test_hours_of_a_microphone_count_by_setup_and_are_saved_now_and_then(recorder: Recorder, kept: Kept):
    other = ("loud/teacher", DecisionConfig(0.7))
    dragged = ("loud/teacher", DecisionConfig(0.6))
    second = np.zeros(RATE, np.float32)
    recorder.hear(second[:800], 0, {"loud": dragged})
    for i in range(1, round(SAVE_HOURS_S) + 2):
        recorder.hear(second, i * RATE, {"loud": SETTING if i <= 400 else other})
    saved = [(fact.decision, fact.heard_s) for fact in kept.facts if isinstance(fact, HoursHeard)]
    assert saved == [(SETTING[1], 400.0), (other[1], pytest.approx(SAVE_HOURS_S - 400, abs=1.1))]
    recorder.hear(second, 10_000 * RATE, {"loud": other})
    recorder.hear(second, 10_001 * RATE, {"loud": other})
    recorder.finish()
    assert sum(fact.heard_s for fact in kept.facts if isinstance(fact, HoursHeard)) == pytest.approx(
        sum(recorder.listened.seconds.values()), abs=0.2
    )
    recorder.finish()
    assert len(kept.facts) == 3


def test_the_hours_of_a_file_do_not_count(recorder: Recorder, kept: Kept):
    recorder.begin(FakeSource(Path("talk.wav")))  # type: ignore[arg-type]
    hear(recorder, 0, 5)
    recorder.finish()
    assert kept.facts == [] and not recorder.listened.is_live
    assert recorder.listened.seconds == {SETTING: pytest.approx(5.0)}
    recorder.begin(FakeSource(Path("talk.wav")))  # type: ignore[arg-type]
    assert recorder.listened.seconds == {}


def test_what_was_told_of_the_hours_does_not_change_any_more(recorder: Recorder):
    recorder.begin(FakeSource())  # type: ignore[arg-type]
    hear(recorder, 0, 2)
    told = recorder.listened
    before = dict(told.seconds)
    assert told.is_live and list(told.setups.values()) == [SETTING]
    assert before == {SETTING: pytest.approx(2.0, abs=TELL_S)}
    hear(recorder, 2, 4)
    assert told.seconds == before
    assert recorder.listened.seconds == {SETTING: pytest.approx(4.0, abs=TELL_S)}


def test_the_recent_sound_is_bounded_and_knows_what_it_lost():
    recent = RecentSound(seconds=2.0)
    recent.add(RAMP[: 5 * RATE], 0)
    np.testing.assert_array_equal(recent.cut(0, 10 * RATE), RAMP[3 * RATE : 5 * RATE])
    recent.add(RAMP[50 * RATE : 51 * RATE], 50 * RATE)
    expected = np.concatenate([np.zeros(RATE, np.float32), RAMP[50 * RATE : 51 * RATE]])
    np.testing.assert_array_equal(recent.cut(0, 51 * RATE), expected)
    assert len(recent.cut(60 * RATE, 61 * RATE)) == 0
