"""The clips on disk: what was heard around each detection, as FLAC, written whole or not at all, bounded.

One thread uses a store at a time; the archive's.
"""

import io
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from kws_app.atomic_file import UNFINISHED, write_whole
from kws_app.audio.audio_file import read_blocks
from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.history.log import clip_name, is_clip_name
from kws_app.translation import _

FOLDER_NAME = "clips"


@dataclass(frozen=True)
class ClipLimits:
    """How much is kept; 0 clips is none."""

    count: int = 500
    megabytes: int = 200


class ClipStore:
    """A folder with one file for each id, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}  # bytes by id, oldest first; as `look` found them and `write` added

    def path(self, id: str) -> Path:
        return self.folder / clip_name(id)

    def look(self) -> None:
        """See what is there; what is no clip of ours is left alone. raises OSError"""
        paths = sorted(self.folder.iterdir()) if self.folder.is_dir() else []  # ids sort by age
        self.sizes = {path.stem: path.stat().st_size for path in paths if is_clip_name(path.name)}

    def tidy(self) -> None:
        """Remove what a crash left unfinished. raises OSError"""
        for path in self.folder.glob(f"{UNFINISHED}*"):
            path.unlink(missing_ok=True)

    def write(self, id: str, samples: Samples) -> None:
        """samples: [N] at 16 kHz. raises OSError if the disk refuses: then nothing is left of it"""
        packed = io.BytesIO()
        soundfile.write(packed, np.clip(samples, -1.0, 1.0), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = packed.getvalue()
        write_whole(self.path(id), content)
        self.sizes[id] = len(content)

    def read(self, id: str) -> Samples:
        """The samples [N] at 16 kHz. raises AudioError if they are not there"""
        parts = list(read_blocks(self.path(id)))
        if not parts:
            raise AudioError(_("{path} holds no sound.", path=self.path(id)))
        return np.concatenate(parts)

    def remove(self, id: str) -> None:
        """raises OSError if it is there and cannot be removed"""
        self.path(id).unlink(missing_ok=True)
        self.sizes.pop(id, None)

    def surplus(self, limits: ClipLimits, labelled: set[str]) -> list[str]:
        """The ids that must go for the limits to hold: the oldest without a label first, then the oldest."""
        order = sorted(self.sizes, key=lambda id: (id in labelled, id))
        count, total, surplus = len(self.sizes), sum(self.sizes.values()), []
        for id in order:
            if count <= limits.count and total <= limits.megabytes * 1_000_000:
                break
            surplus.append(id)
            count, total = count - 1, total - self.sizes[id]
        return surplus


def outline(samples: Samples, bins: int = 48) -> Samples:
    """The waveform in little: the peak of each of `bins` equal parts of samples [N], [bins] in 0..1."""
    edges = np.linspace(0, len(samples), bins + 1).astype(int)
    peaks = [float(np.abs(samples[a:b]).max(initial=0.0)) for a, b in itertools.pairwise(edges)]
    return np.array(peaks, dtype=np.float32)
