"""Reads recordings of the user as takes: files, or folders of files. No Qt."""

from collections.abc import Sequence
from pathlib import Path

from kws_app.errors import AudioError
from kws_app.own_word.takes import Take, read_take
from kws_app.translation import _

AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3"}


def read_files(paths: Sequence[Path], takes: Sequence[Take]) -> tuple[list[Take], str]:
    """The recordings of files and folders as takes, and a sentence about recordings that cannot be used.

    takes: the takes so far, which the recordings are compared with
    """
    files: list[Path] = []
    for path in paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        files += [each for each in inside if each.suffix.lower() in AUDIO_SUFFIXES or not path.is_dir()]
    found: list[Take] = []
    refused: list[str] = []
    for path in files:
        try:
            found.append(read_take(path, [*takes, *found]))
        except AudioError as error:
            refused.append(str(error))
    if not files:
        return found, _("There is no audio file in this folder: choose another folder.")
    if len(refused) > 1:
        counts = _("{count} of {all} files could not be used.", count=len(refused), all=len(files))
        return found, f"{counts} {refused[0]}"
    return found, refused[0] if refused else ""
