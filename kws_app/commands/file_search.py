"""Finds the audio files for the names on a command line: files, folders and patterns."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

STANDARD_INPUT = "-"
SUFFIXES = frozenset(".wav .flac .ogg .oga .opus .mp3 .mp2 .aiff .aif .aifc .au .snd .caf .w64 .rf64".split())
PATTERN_CHARACTERS = "*?["

Say = Callable[[str], None]


def find_files(names: Iterable[str], say: Say) -> Iterator[str]:
    """Every file, in the order of the names. The files of a folder or a pattern come in alphabetical order.

    A folder stands for all files in it and below it with the suffix of an audio file, without hidden files.
    say: gets one sentence about each name without any file. A single file is not checked here.
    """
    for name in names:
        if name != STANDARD_INPUT and os.path.isdir(name):
            yield from _said_if_none(_files_below(name, say), say, f"There is no audio file in the folder {name}.")
        elif any(character in name for character in PATTERN_CHARACTERS) and not os.path.exists(name):
            matches = sorted(glob.glob(name, recursive=True))
            yield from _said_if_none(_of_pattern(matches, say), say, f"No file matches {name}.")
        else:
            yield name


def _of_pattern(matches: list[str], say: Say) -> Iterator[str]:
    """Each file once. A pattern with `**` matches a folder and also the files below it."""
    seen: set[str] = set()
    for match in matches:
        for file in _files_below(match, say) if os.path.isdir(match) else [match]:
            if file not in seen:
                seen.add(file)
                yield file


def _files_below(folder: str, say: Say) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        say(f"The folder {error.filename} cannot be read: {error.strerror}.")

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield os.path.join(place, name)


def _said_if_none(files: Iterator[str], say: Say, sentence: str) -> Iterator[str]:
    is_empty = True
    for file in files:
        is_empty = False
        yield file
    if is_empty:
        say(sentence)
