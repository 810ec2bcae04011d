"""Hours of talk as log-mel frames, for students: the beginning of each stream of the talk embeddings.

The file ships with the project. Each block of eight frames (a step of the expert) is transformed (DCT), rounded
coarsely and compressed: half a megabyte for an hour. Nobody can make sound from it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save
from scipy.fft import dctn, idctn

from kws_app.atomic_file import write_whole
from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.speech_body import STEP_FRAMES
from kws_app.paths import ASSETS_DIR
from training.own_word.talk_embeddings import Talk, nearest_levels, squeezed, unsqueezed

Frames = NDArray[np.floating]  # [8 * S, F], natural log of mel power

FRAMES_FILE = "talk_frames.safetensors"
GRID = 6.0  # distance between two levels of a coefficient
QUIETEST = -16.0  # log power; lower frames are raised to it before they are rounded
HIGHEST_CODE = 127
LOST = 0.85  # deviation of the rounding error of a frame; noise of this size replaces it


@dataclass(frozen=True)
class TalkFrames:
    """The frames of the beginning of each stream of a `Talk`, in its order. A stream may have no frames."""

    streams: tuple[Frames, ...]

    @property
    def hours(self) -> float:
        return sum(map(len, self.streams)) / 100 / 3600


def codes_of(frames: Frames) -> NDArray[np.int8]:
    """The rounded coefficients of blocks of frames. [8 * S, F] -> [S, 8 * F]"""
    blocks = np.maximum(frames, QUIETEST).astype(np.float32).reshape(-1, STEP_FRAMES, FrontendConfig.mel_bins)
    coefficients = dctn(blocks, axes=(1, 2), norm="ortho") / GRID
    codes = np.clip(np.round(coefficients), -HIGHEST_CODE, HIGHEST_CODE).astype(np.int8)
    return codes.reshape(len(blocks), STEP_FRAMES * FrontendConfig.mel_bins)


def frames_from(codes: NDArray[np.int8], rng: np.random.Generator) -> NDArray[np.float16]:
    """Frames from codes, with noise in place of the rounding error. [S, 8 * F] -> [8 * S, F]"""
    bins = FrontendConfig.mel_bins
    blocks = codes.reshape(-1, STEP_FRAMES, bins).astype(np.float32) * GRID
    frames = idctn(blocks, axes=(1, 2), norm="ortho").reshape(-1, bins)
    return (frames + LOST * rng.standard_normal(frames.shape, np.float32)).astype(np.float16)


def as_stored(frames: NDArray[np.float16]) -> NDArray[np.float16]:
    """Frames [N, 8 * S, F], rounded as in the file: the word must have the same rounding as the talk."""
    rng = np.random.default_rng(0)
    return np.stack([frames_from(codes_of(some), rng) for some in frames]) if len(frames) else frames


def write_frames(path: Path, frames: TalkFrames, talk: Talk) -> None:
    """Write the file, whole or not at all."""
    codes = np.concatenate([codes_of(stream) for stream in frames.streams])
    steps = [len(stream) // STEP_FRAMES for stream in frames.streams]
    metadata = {"steps": json.dumps(steps), "talk": fingerprint(talk)}
    write_whole(path, save({"codes": squeezed(codes)}, metadata=metadata))
    path.chmod(0o644)


def read_frames(talk: Talk, path: Path = ASSETS_DIR / FRAMES_FILE) -> TalkFrames:
    """The frames that belong to this talk.

    raises OSError if the file is missing, ValueError if it is damaged or belongs to another talk
    """
    if not path.is_file():
        raise FileNotFoundError(f"There are no frames of talk at {path}: install the program again.")
    try:
        with safe_open(str(path), "np") as file:
            metadata, squeezed_codes = file.metadata(), file.get_tensor("codes")
        steps: Sequence[int] = json.loads(metadata["steps"])
        if metadata["talk"] != fingerprint(talk):
            raise ValueError("it belongs to other talk embeddings; `python -m training talk` makes both")
        codes = unsqueezed(squeezed_codes).view(np.int8).reshape(STEP_FRAMES * FrontendConfig.mel_bins, -1).T
        codes = np.ascontiguousarray(codes)
        rng = np.random.default_rng(0)
        ends = np.cumsum(steps)
        parts = [codes[end - count : end] for end, count in zip(ends, steps, strict=True)]
        return TalkFrames(tuple(frames_from(part, rng) for part in parts))
    except Exception as error:  # the library raises its own kinds
        raise ValueError(f"{path} cannot be read ({error}): install the program again.") from error


def fingerprint(talk: Talk) -> str:
    """A short digest of the streams of talk, as they are stored."""
    found = hashlib.sha256()
    for stream in talk.streams:
        found.update(f"{stream.source} {stream.split} {len(stream.embeddings)}\n".encode())
        found.update(nearest_levels(talk.scaled(stream.embeddings[::50])).tobytes())
    return found.hexdigest()[:16]
