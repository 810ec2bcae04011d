"""Takes: faults are found, good takes are trimmed, and another word is refused."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio.source import Feed
from kws_app.errors import AudioError
from kws_app.own_word.takes import MARGIN_S, Fault, Take, TakeRecorder, check, read_take, save_takes, speech_span
from tests.support.made_up_word import OTHER, RATE_HZ, WORD, Audio, said, voice


def test_a_good_take_is_trimmed_to_the_word():
    take = check(said(voice(*WORD)), [])
    assert take.fault is None
    assert take.length_s == pytest.approx(0.5 + 2 * MARGIN_S, abs=0.06)


@pytest.mark.parametrize(
    ("recording", "fault"),
    [
        (said(np.zeros(8000, dtype=np.float32)), Fault.SILENT),
        (np.zeros(0, dtype=np.float32), Fault.SILENT),
        (said(voice(*WORD, level=0.006), room=1e-5), Fault.QUIET),
        (said(np.clip(voice(*WORD, level=3.0), -1, 1)), Fault.CLIPPED),
        (said(voice(*WORD), before_s=0.0), Fault.CUT_OFF),
        (said(voice(*WORD), after_s=0.0), Fault.CUT_OFF),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else "",
)
def test_what_is_wrong_with_a_take_is_found(recording: Audio, fault: Fault):
    assert check(recording, []).fault is fault


def test_another_word_is_not_like_the_others_and_the_same_word_is():
    takes: list[Take] = []
    for seed in range(3):
        takes.append(check(said(voice(*WORD, length_s=0.45 + 0.05 * seed, seed=seed)), takes))
    assert all(take.good for take in takes)
    assert check(said(voice(*WORD, length_s=0.65, seed=9)), takes).good
    assert check(said(voice(*OTHER, length_s=0.5, seed=9)), takes).fault is Fault.UNLIKE


def test_every_fault_says_what_to_do():
    assert len({fault.sentence for fault in Fault}) == len(Fault)


def test_the_recorder_ends_when_the_word_is_over_at_any_rate():
    recording = said(voice(*WORD), after_s=1.5)
    feed = Feed(48_000)
    recorder = TakeRecorder(feed)
    for block in np.array_split(np.repeat(recording, 3), 50):
        if recorder.over:
            break
        feed.ring.write(block)
        recorder.look()
    assert recorder.over and not recorder.lost
    assert 0.5 + 0.5 + 0.6 <= recorder.seconds < 0.5 + 0.5 + 0.6 + 0.25
    assert check(recorder.samples, []).good


def test_the_recorder_tells_that_samples_were_lost():
    feed = Feed(16_000)
    recorder = TakeRecorder(feed)
    feed.ring.write(np.zeros(feed.ring.capacity + 1, dtype=np.float32))
    recorder.look()
    assert recorder.lost


def test_good_takes_are_kept_and_replace_those_before(tmp_path: Path):
    good = check(said(voice(*WORD)), [])
    bad = Take(np.zeros(100, dtype=np.float32), Fault.SILENT)
    folder = tmp_path / "takes"
    assert len(save_takes([good, bad, good, good], folder)) == 3
    (path,) = save_takes([bad, good], folder)
    assert list(folder.iterdir()) == [path]
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == RATE_HZ and np.allclose(samples, good.samples, atol=1e-4)
    assert speech_span(samples) is not None


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AudioError, match="cannot be saved"):
        save_takes([check(said(voice(*WORD)), [])], tmp_path / "file" / "takes")


def test_a_recording_of_the_users_own_is_checked_and_a_broken_file_is_one_sentence(tmp_path: Path):
    soundfile.write(tmp_path / "mine.wav", voice(*WORD), RATE_HZ)  # trimmed to the very word
    assert read_take(tmp_path / "mine.wav", []).good
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    with pytest.raises(AudioError):
        read_take(tmp_path / "broken.wav", [])
