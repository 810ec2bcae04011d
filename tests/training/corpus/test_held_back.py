"""Held-back audio is recognised by its name, and other audio is not."""

import logging
import tarfile
from pathlib import Path

import pytest

from training.config import DataConfig
from training.corpus.fetch import unpack_parts
from training.corpus.held_back import held_back_names, is_held_back, refuse_held_back, without_held_back
from training.corpus.recordings import read_clips, read_recordings


def one(kind: str) -> str:
    return sorted(held_back_names()[kind])[0]


@pytest.mark.parametrize(
    "path",
    [
        "LibriSpeech/dev-clean/999999/1/999999-1-0001.flac",
        f"speech_streams/librispeech/{one('librispeech speaker')}-1234-0001.wav",
        f"happy/{one('speech commands speaker')}_nohash_3.wav",
        f"spoken_commands/{one('spoken command')}.wav",
        f"english_learners/{one('learner')}-000490012.wav",
        f"WAVE/SPEAKER{one('learner')[3:]}/000490012.WAV",
        "wake_words/jarvis/12.wav",
        "wake_words/view_glass/12.wav",
        "Picovoice/wake-word-benchmark/audio/view glass/12.flac",
        "OpenVoiceOS/ovos-ww-community-dataset/wake-words/en/athena/x.wav",
        "games/beneath-a-steel-sky/speech.wav",
        "dataset-voice-flemishguy/data/1.wav",
    ],
)
def test_held_back_audio_is_recognised(path: str) -> None:
    assert is_held_back(path)
    assert is_held_back(Path("/some/where") / path)
    with pytest.raises(ValueError, match="held back"):
        refuse_held_back(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "LibriSpeech/test-other/999999/1/999999-1-0001.flac",
        "happy/ffffffff_nohash_0.wav",
        "english_learners/spk0001-000010001.wav",
        "my recordings/jarvis/1.wav",  # a user's own word
        "audio/jarvis/1.wav",
        "wake_words/alexa/1.wav",
        "goddess/athena/1.wav",
        f"{one('librispeech speaker')}.wav",
        f"{one('librispeech speaker')}/clip.wav",
    ],
)
def test_other_audio_is_not(path: str) -> None:
    assert not is_held_back(path)
    refuse_held_back(path)


def test_a_folder_far_above_a_file_says_nothing() -> None:
    assert not is_held_back("/dev-clean/a/b/c/d/e/f/clip.wav")


def test_the_list_names_every_kind() -> None:
    assert {kind: len(names) for kind, names in held_back_names().items()} == {
        "anywhere": 2,
        "librispeech set": 1,
        "benchmark word": 3,
        "community word": 1,
        "librispeech speaker": 132,
        "learner": 31,
        "speech commands speaker": 134,
        "spoken command": 298,
    }


def test_the_readers_leave_out_held_back_audio(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = ["ffffffff_nohash_0.wav", "fffffffe_nohash_0.wav"]
    word = tmp_path / "speech_commands" / "happy"
    word.mkdir(parents=True)
    for name in [*kept, f"{one('speech commands speaker')}_nohash_0.wav"]:
        (word / name).touch()
    learners = tmp_path / "more_talk" / "english_learners"
    learners.mkdir(parents=True)
    for name in ("spk0001-000010001.flac", f"{one('learner')}-000490001.flac"):
        (learners / name).touch()
    with caplog.at_level(logging.WARNING):
        assert {clip.path.name for clip in read_clips(tmp_path / "speech_commands")} == set(kept)
        found = read_recordings(tmp_path, ("more_talk/*",), DataConfig())
    assert [(r.path.name, r.group) for r in found] == [("spk0001-000010001.flac", "english_learners/spk0001")]
    assert caplog.text.count("1 held-back audio file") == 2


def test_without_held_back_keeps_the_order() -> None:
    paths = [Path(f"{name}_nohash_0.wav") for name in ("b", one("speech commands speaker"), "a")]
    assert without_held_back(paths) == [paths[0], paths[2]]


def test_unpacking_leaves_out_held_back_audio(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tarfile.open(tmp_path / "wake_words.tar", "w") as tar:
        for name in ("alexa/1.wav", "jarvis/1.wav"):
            tar.addfile(tarfile.TarInfo(name))
    with caplog.at_level(logging.WARNING):
        (folder,) = unpack_parts(tmp_path, tmp_path / "data")
    assert [str(path.relative_to(folder)) for path in folder.rglob("*.wav")] == ["alexa/1.wav"]
    assert "1 held-back audio file" in caplog.text
