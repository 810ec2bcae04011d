"""The clips on the disk: the sound around each detection, as FLAC files. Number and size are limited.

Only one thread uses a store at a time; in the app, the disk thread.
"""

import io
import itertools
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from kws_app.atomic_file import write_whole
from kws_app.audio.audio_file import read_blocks
from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.history.facts import CLIP_SUFFIX, clip_name, is_clip_name
from kws_app.regular_file import make_private
from kws_app.translation import _

FOLDER_NAME = "clips"


@dataclass(frozen=True)
class ClipLimits:
    """The limits of the clips that are kept. With a count of 0 no clip is kept."""

    count: int = 500
    megabytes: int = 200


class ClipStore:
    """A folder with a file for each clip. Only its owner can read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # size in bytes by id, oldest first; None until the size is needed
        self.sizes: dict[str, int | None] = {}
        self._stuck: set[str] = set()  # ids of clips that could not be removed

    def path(self, id: str) -> Path:
        return self.folder / clip_name(id)

    def look(self) -> None:
        """Find the clips in the folder. Other files in the folder are ignored. raises OSError"""
        names: list[str] = []
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.folder) as entries:
            names = [each.name for each in entries if is_clip_name(each.name) and each.is_file(follow_symlinks=False)]
        self.sizes = dict.fromkeys(name.removesuffix(CLIP_SUFFIX) for name in sorted(names))  # ids sort by age
        self._stuck.clear()

    def write(self, id: str, samples: Samples) -> None:
        """Write a clip, whole or not at all. samples: [N] at 16 kHz. raises OSError if it cannot be written"""
        packed = io.BytesIO()
        soundfile.write(packed, np.clip(samples, -1.0, 1.0), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        make_private(self.folder)
        content = packed.getvalue()
        write_whole(self.path(id), content)
        self.sizes[id] = len(content)

    def read(self, id: str) -> Samples:
        """The samples [N] of a clip at 16 kHz. raises AudioError if there is no such clip"""
        path = self.path(id)
        if path.is_symlink() or not path.is_file():
            raise AudioError(_("There is no clip {path}.", path=path))
        parts = list(read_blocks(path))
        if not parts:
            raise AudioError(_("{path} holds no sound.", path=path))
        return np.concatenate(parts)

    def remove(self, id: str) -> None:
        """Remove a clip, if it is there. raises OSError if it cannot be removed; then `surplus` no longer names it"""
        self._stuck.add(id)
        self.path(id).unlink(missing_ok=True)
        self._stuck.discard(id)
        self.sizes.pop(id, None)

    def surplus(self, limits: ClipLimits, labelled: set[str]) -> list[str]:
        """The ids of clips beyond the limits: first the oldest clips without a label, then the oldest clips."""
        free = sorted(self.sizes.keys() - self._stuck)  # ids sort by age
        order = [id for id in free if id not in labelled] + [id for id in free if id in labelled]
        fewest = max(0, len(self.sizes) - limits.count)  # clips beyond the limit of the count
        total = sum(map(self._size, self.sizes.keys() - set(order[:fewest])))
        surplus = order[:fewest]
        for id in order[fewest:]:
            if total <= limits.megabytes * 1_000_000:
                break
            surplus.append(id)
            total -= self._size(id)
        return surplus

    def _size(self, id: str) -> int:
        size = self.sizes[id]
        if size is None:
            try:
                size = self.path(id).stat(follow_symlinks=False).st_size
            except OSError:  # the file has just been removed
                size = 0
            self.sizes[id] = size
        return size


def outline(samples: Samples, bins: int = 48) -> Samples:
    """The outline of a waveform [bins], 0..1: the peaks of equal parts of samples [N]."""
    edges = np.linspace(0, len(samples), bins + 1).astype(int)
    peaks = [float(np.abs(samples[a:b]).max(initial=0.0)) for a, b in itertools.pairwise(edges)]
    return np.array(peaks, dtype=np.float32)
