import functools
import operator
import os
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.config import DataConfig
from training.corpus import synthetic_speech
from training.corpus.recordings import SPLITS, read_clips, read_recordings

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.mark.parametrize("keyword", [*synthetic_speech.NEAR_WORDS, "mirror"])
def test_no_sentence_says_the_keyword(keyword: str) -> None:
    rng = np.random.default_rng(0)
    sentences = [synthetic_speech.sentence(rng, keyword) for _ in range(2000)]
    assert not [text for text in sentences if keyword in text.lower().replace(" ", "")]
    assert len(set(sentences)) > 1000


def test_a_voice_is_in_one_set_and_every_set_has_some() -> None:
    by_split = [synthetic_speech.voices_of(split) for split in SPLITS]
    assert sorted(functools.reduce(operator.iadd, by_split, [])) == sorted(synthetic_speech.VOICES)
    assert all(by_split)


@needs_espeak
def test_stored_passages_are_made_once(tmp_path: Path) -> None:
    paths = synthetic_speech.stored_passages(tmp_path, "testing", "happy", 30 / 3600)
    assert 2 <= len(paths) <= 4
    times = [path.stat().st_mtime_ns for path in paths]
    assert synthetic_speech.stored_passages(tmp_path, "testing", "happy", 30 / 3600) == paths
    assert [path.stat().st_mtime_ns for path in paths] == times


def test_two_processes_may_make_the_same_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, sound, write = tmp_path / "0.wav", np.zeros(100, np.float32), synthetic_speech.soundfile.write

    def be_overtaken(*arguments: Any, **options: Any) -> None:
        write(*arguments, **options)
        monkeypatch.setattr(synthetic_speech.soundfile, "write", write)
        monkeypatch.setattr(os, "getpid", lambda: 1)  # the other process runs from here to its end
        synthetic_speech.write_sound(path, sound)

    monkeypatch.setattr(synthetic_speech.soundfile, "write", be_overtaken)
    synthetic_speech.write_sound(path, sound)
    assert list(tmp_path.iterdir()) == [path]


@needs_espeak
def test_passages_are_the_same_for_a_seed_and_keep_to_the_voices_of_their_set() -> None:
    first, again = (list(islice(synthetic_speech.passages("validation", "happy", seed=3), 2)) for _ in range(2))
    for (voice, sound), (same_voice, same_sound) in zip(first, again, strict=True):
        assert voice == same_voice and voice in synthetic_speech.voices_of("validation")
        assert np.array_equal(sound, same_sound)
        assert sound.dtype == np.float32 and 5 * SAMPLE_RATE < len(sound) < 60 * SAMPLE_RATE
        assert 0.01 < np.abs(sound).max() <= 1.2


@needs_espeak
def test_written_speech_is_split_by_voice_and_goes_on_where_it_was_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        synthetic_speech, "VOICES", ["m1", "m3", "f1"]
    )  # a voice of the test, training and validation set each
    folder = synthetic_speech.write_speech(tmp_path, hours=0.03, keyword="happy")
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(written) == 6
    cut = folder / "m1-0.wav"
    cut.unlink()
    synthetic_speech.write_speech(tmp_path, hours=0.03, keyword="happy")
    assert {p for p in folder.iterdir() if written[p] != p.stat().st_mtime_ns} <= {cut}
    data = DataConfig(speech=(synthetic_speech.SPEECH_FOLDER,))
    found = {r.path.name: r.split for r in read_recordings(tmp_path, data.speech, data)}
    assert found == {
        f"{voice}-{take}.wav": split
        for voice, split in (("m1", "testing"), ("m3", "training"), ("f1", "validation"))
        for take in (0, 1)
    }


@needs_espeak
def test_written_words_are_clips_for_training_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic_speech, "VOICES", ["m1", "m3"])
    monkeypatch.setattr(synthetic_speech, "COMMON_WORDS", ["yes"])
    clips = read_clips(synthetic_speech.write_words(tmp_path, "happy"))
    assert {clip.split for clip in clips} == {"training"}
    assert {clip.speaker for clip in clips} == {"m3"}
    assert {clip.word for clip in clips} == {"happy", "yes", *synthetic_speech.NEAR_WORDS["happy"]}
    assert sum(clip.word == "happy" for clip in clips) == synthetic_speech.TAKES


def test_without_espeak_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OSError, match="install espeak-ng"):
        synthetic_speech.say("hello", "m1", np.random.default_rng(0))
