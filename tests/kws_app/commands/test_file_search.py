"""The files for names, folders and patterns."""

import os
from pathlib import Path

import pytest

from kws_app.commands.file_search import find_files


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for name in ("b/two.MP3", "b/one.wav", "a.flac", "b/c/three.ogg", "b/notes.txt", ".hidden/x.wav", "b/._one.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


def found(*names: str) -> tuple[list[str], list[str]]:
    said: list[str] = []
    return list(find_files(names, said.append)), said


def test_a_folder_stands_for_the_audio_files_below_it_in_order(archive: Path):
    expected = [str(archive / name) for name in ("a.flac", "b/one.wav", "b/two.MP3", "b/c/three.ogg")]
    assert found(str(archive)) == (expected, [])


def test_a_pattern_stands_for_what_matches(archive: Path):
    assert found(str(archive / "**" / "*.wav"))[0] == [str(archive / "b/one.wav")]
    assert found(str(archive / "b*"))[0] == [
        str(archive / f"b/{name}") for name in ("one.wav", "two.MP3", "c/three.ogg")
    ]
    everything = found(str(archive / "b" / "**"))[0]
    assert len(everything) == len(set(everything)) and str(archive / "b/c/three.ogg") in everything


def test_single_names_are_left_to_the_reader_and_keep_their_order(archive: Path):
    assert found("-", "none.wav", str(archive / "b/notes.txt"), "-")[0] == [
        "-",
        "none.wav",
        str(archive / "b/notes.txt"),
        "-",
    ]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(archive: Path):
    odd = archive / "what[1]?.wav"
    odd.touch()
    assert found(str(odd)) == ([str(odd)], [])


def test_what_stands_for_nothing_is_said(archive: Path):
    assert found(str(archive / "empty")) == ([], [f"There is no audio file in the folder {archive / 'empty'}."])
    assert found(str(archive / "*.aiff")) == ([], [f"No file matches {archive / '*.aiff'}."])


def test_a_circle_of_links_is_not_followed(archive: Path):
    os.symlink(archive, archive / "b" / "again")
    assert len(found(str(archive))[0]) == 4
