"""Recordings of a public source arrive as 16 kHz mono, without held-back files. A run that was cut goes on."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.corpus.fetch_public import DOWNLOADS, fetch_source
from training.corpus.held_back import held_back_names
from training.corpus.public_sources import source_named
from training.progress import Progress, StageStoppedError

RATE = 48_000


def wav(seconds: float = 0.5, channels: int = 2) -> bytes:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(RATE * seconds)) / RATE)
    file = io.BytesIO()
    soundfile.write(file, np.stack([tone] + [0 * tone] * (channels - 1), axis=1), RATE, format="WAV")
    return file.getvalue()


def put(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def learners(tmp_path: Path) -> Path:
    held = sorted(held_back_names()["learner"])[0][3:]
    return put(
        tmp_path / "source",
        {
            "WAVE/SPEAKER0003/000030012.WAV": wav(),
            "WAVE/SPEAKER0003/000030013.WAV": wav(),
            "WAVE/SPEAKER0003/000030014.WAV": b"no sound",
            f"WAVE/SPEAKER{held}/0{held}0001.WAV": wav(),
            "train/text": b"000030012 I AM HAPPY\n000030099 NOT HERE\n",
        },
    )


def test_recordings_and_texts_are_written(learners: Path, tmp_path: Path) -> None:
    brought = fetch_source(source_named("english-learners"), tmp_path, learners)
    assert (brought.written, brought.there, brought.unreadable, brought.held_back) == (2, 0, 1, 1)
    assert brought.seconds == pytest.approx(1.0)
    folder = tmp_path / "more_talk" / "english_learners"
    assert sorted(path.name for path in folder.iterdir()) == ["spk0003-000030012.flac", "spk0003-000030013.flac"]
    sound, rate = soundfile.read(str(folder / "spk0003-000030012.flac"))
    assert rate == 16_000 and sound.shape == (8000,)
    assert np.abs(sound).max() == pytest.approx(0.15, abs=0.02)  # the mean of both channels
    table = (tmp_path / "more_talk" / "transcripts.tsv").read_text()
    assert table == "english_learners/spk0003-000030012\tI AM HAPPY\n"


def test_a_cut_run_goes_on(learners: Path, tmp_path: Path) -> None:
    source = source_named("english-learners")

    def stop(what: str, done: int, total: int, note: str) -> None:
        if done == 1:
            raise StageStoppedError(what)

    with pytest.raises(StageStoppedError):
        fetch_source(source, tmp_path, learners, Progress(tell=stop))
    first = tmp_path / source.folder / "spk0003-000030012.flac"
    before = first.stat().st_mtime_ns
    brought = fetch_source(source, tmp_path, learners)
    assert (brought.written, brought.there) == (1, 1)
    assert first.stat().st_mtime_ns == before
    assert not list(tmp_path.rglob("*.part"))


def test_recordings_in_the_packed_parts_are_not_brought_again(learners: Path, tmp_path: Path) -> None:
    put(tmp_path, {"more_speech/english_learners/spk0003-000030012.wav": b""})
    assert fetch_source(source_named("english-learners"), tmp_path, learners).written == 1


def test_only_recordings_that_a_licence_names_are_brought(tmp_path: Path) -> None:
    place = put(
        tmp_path / "source",
        {
            "wake-words/en/computer/computer-en-1.wav": wav(),
            "wake-words/en/computer/tng-computer-1.wav": wav(),
            "wake-words/en/athena/athena-en-1.wav": wav(),
            "not-wake-words/noises/bg_noise-20201215-jarbas/a.wav": wav(),
            "not-wake-words/noises/noises-x/b.wav": wav(),
            "licenses/license-1.txt": b"Files:\ncomputer/en/computer-en-1.wav\nathena-en-1.wav\n",
            "licenses/license-2.txt": b"not-wake-words/noises/bg_noise-20201215-jarbas.tar.gz\n",
        },
    )
    words = fetch_source(source_named("community-wake-words"), tmp_path, place)
    assert (words.written, words.held_back) == (1, 1)
    assert (tmp_path / "more_wake_words" / "computer" / "en-computer-en-1.flac").is_file()
    assert fetch_source(source_named("community-noises"), tmp_path, place).written == 1
    assert [path.name for path in (tmp_path / "more_noise" / "community").iterdir()] == [
        "bg_noise-20201215-jarbas-a.flac"
    ]


def test_a_room_keeps_one_channel_and_its_full_level(tmp_path: Path) -> None:
    place = put(tmp_path / "source", {"IR/Voxengo/samples/hall.wav": wav()})
    fetch_source(source_named("rooms-voxengo"), tmp_path, place)
    sound, _ = soundfile.read(str(tmp_path / "more_rooms" / "voxengo" / "hall.flac"))
    assert np.abs(sound).max() == pytest.approx(1.0, abs=0.01)


def test_a_place_without_its_recordings_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no recording of 'kerstin'"):
        fetch_source(source_named("kerstin"), tmp_path, tmp_path / "empty")


def test_a_source_that_cannot_be_cloned_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "none")  # a test uses no network
    with pytest.raises(OSError, match=r"could not be downloaded .* --place"):
        fetch_source(replace(source_named("kerstin"), size_mb=1), tmp_path)
    assert not (tmp_path / DOWNLOADS / "rhasspy+dataset-voice-kerstin").exists()
