"""Clips of Speech Commands, from a folder or from the shared archive."""

import io
import tarfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Audio = NDArray[np.float32]


class SpeechCommands:
    """Clips of Speech Commands by word, from a folder or out of the archive. They are decoded only when needed."""

    def __init__(self, folder: Path | None, archive: Path | None) -> None:
        self._folder = folder
        self._archive = None if archive is None else tarfile.open(archive)

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()

    def _read(self, name: str) -> bytes:
        if self._folder is not None:
            return (self._folder / name).read_bytes()
        assert self._archive is not None
        member = self._archive.extractfile(name)
        assert member is not None
        return member.read()

    def testing(self, word: str, count: int) -> list[Audio]:
        """The first clips [N] of a word in the official testing set, at 16 kHz."""
        names = sorted(self._read("testing_list.txt").decode().split())
        chosen = [name for name in names if name.startswith(f"{word}/")][:count]
        if self._folder is None:
            chosen = [name.replace(".wav", ".ogg") for name in chosen]
        return [soundfile.read(io.BytesIO(self._read(name)), dtype="float32")[0] for name in chosen]
