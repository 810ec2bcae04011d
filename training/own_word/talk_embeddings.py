"""Hours of talk as embeddings of sixteen levels a number. They ship: a word must not answer to them.

Nobody can make sound from them. A stream holds the recordings of a source one after another. The sources were split by
speaker before the streams were made.
"""

import json
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from kws_app.atomic_file import write_whole
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, EMBEDDING
from kws_app.paths import ASSETS_DIR

Embeddings = NDArray[np.float32]  # [S, 96]

TALK_FILE = "talk_embeddings.safetensors"
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "pb": 0}]  # an eighth smaller than the bare codes
STEP_S = 8 * 160 / SAMPLE_RATE
# The sixteen levels with the least error for a normal distribution (Max 1960): a tenth of its deviation.
_POSITIVE = (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326)
LEVELS = np.array([*(-level for level in reversed(_POSITIVE)), *_POSITIVE], np.float32)


@dataclass(frozen=True)
class TalkStream:
    """The embeddings of a source, one after another."""

    source: str
    split: str  # training or validation
    embeddings: Embeddings  # [S, 96], not scaled

    @property
    def hours(self) -> float:
        return len(self.embeddings) * STEP_S / 3600


@dataclass(frozen=True)
class Talk:
    """All streams, and the mean and deviation by which heads scale embeddings."""

    streams: tuple[TalkStream, ...]
    mean: NDArray[np.float32]  # [96]
    std: NDArray[np.float32]

    def of(self, split: str) -> tuple[TalkStream, ...]:
        return tuple(stream for stream in self.streams if stream.split == split)

    def hours(self, split: str) -> float:
        return sum(stream.hours for stream in self.of(split))

    def scaled(self, embeddings: NDArray[np.floating]) -> Embeddings:
        """Embeddings scaled by the mean and the deviation, as heads take them."""
        return ((embeddings - self.mean) / self.std).astype(np.float32)


def talk_of(streams: Sequence[TalkStream]) -> Talk:
    """Talk from streams, with the mean and deviation of the training streams. raises ValueError if there is none"""
    training = [stream.embeddings for stream in streams if stream.split == "training"]
    if not training:
        raise ValueError("There is no talk to train on.")
    count = sum(len(part) for part in training)
    mean = sum(part.sum(axis=0, dtype=np.float64) for part in training) / count
    variance = sum(np.square(part - mean).sum(axis=0, dtype=np.float64) for part in training) / count
    return Talk(tuple(streams), mean.astype(np.float32), np.sqrt(variance).astype(np.float32))


def write_talk(path: Path, talk: Talk) -> None:
    """Write the file, whole or not at all: the codes of one number after another, compressed."""
    codes = np.concatenate([nearest_levels(talk.scaled(stream.embeddings)) for stream in talk.streams])
    listed = [{"source": s.source, "split": s.split, "steps": len(s.embeddings)} for s in talk.streams]
    tensors: dict[str, NDArray[Any]] = {"codes": squeezed(codes), "mean": talk.mean, "std": talk.std}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(tensors, metadata={"body_sha256": BODY_SHA256, "streams": json.dumps(listed)}))
    path.chmod(0o644)


def read_talk(path: Path = ASSETS_DIR / TALK_FILE) -> Talk:
    """Read the talk's file. raises OSError if it is missing, ValueError if it is damaged or of another embedding"""
    if not path.is_file():
        raise FileNotFoundError(f"There is no talk at {path}: install the program again.")
    try:
        with safe_open(str(path), "np") as file:
            metadata = file.metadata()
            codes, mean, std = (file.get_tensor(name) for name in ("codes", "mean", "std"))
        listed = json.loads(metadata["streams"])
        if metadata["body_sha256"] != BODY_SHA256:
            raise ValueError("it was made with another speech embedding")
        codes = np.ascontiguousarray(unsqueezed(codes).reshape(EMBEDDING, -1).T)  # windows of a stream share memory
        streams, at = [], 0
        for entry in listed:
            steps = int(entry["steps"])
            embeddings = LEVELS[codes[at : at + steps]] * std + mean
            streams.append(TalkStream(str(entry["source"]), str(entry["split"]), embeddings))
            at += steps
    except Exception as error:  # the library raises its own kinds
        raise ValueError(f"{path} cannot be read ({error}): install the program again.") from error
    return Talk(tuple(streams), mean, std)


def as_stored(scaled: Embeddings) -> Embeddings:
    """Scaled embeddings [..., 96], rounded to the levels of the file.

    The word must be rounded like the talk. Otherwise a head learns to tell word and talk apart by the rounding.
    """
    return LEVELS[nearest_levels(scaled)]


def nearest_levels(scaled: Embeddings) -> NDArray[np.uint8]:
    """The number of the nearest level."""
    return np.searchsorted((LEVELS[1:] + LEVELS[:-1]) / 2, scaled).astype(np.uint8)


def squeezed(codes: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The bytes of codes [S, C], compressed column by column. [N]"""
    raw = lzma.compress(np.ascontiguousarray(codes.T).tobytes(), lzma.FORMAT_RAW, filters=FILTERS)
    return np.frombuffer(raw, np.uint8)


def unsqueezed(squeezed_codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bytes again, column by column. [C * S]. raises LZMAError if they are damaged"""
    return np.frombuffer(lzma.decompress(squeezed_codes.tobytes(), lzma.FORMAT_RAW, filters=FILTERS), np.uint8)
