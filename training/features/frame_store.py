"""The log-mel frames of every recording: computed once, kept on disk, read through a memory map.

Training changes levels, adds noise and joins sounds by arithmetic on mel power: a hundred times cheaper than on
samples. Speed, pitch, rooms and lines cannot be changed on frames, so varied copies are stored as well.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.errors import AudioError
from training.config import DataConfig
from training.corpus.recordings import SPLITS, Clip, Recording, read_clips, read_recordings, without_phrases
from training.corpus.sound import (
    Sound,
    cut_to_word,
    load_sound,
    pad_to_second,
    word_bounds,
)
from training.corpus.synthetic_noise import KINDS, make_sound
from training.each_core import on_each_core
from training.features.vary import load_rooms, vary
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

KEYWORD, WORD, SPEECH, NOISE = range(4)  # kinds of stored item
STORE_VERSION = 4  # raise this number when stored numbers change their meaning
AT_ONCE = 128  # recordings that are turned into frames before these are written
CACHES_KEPT = 4  # stores of other settings that stay on the disk
SYNTHETIC_SECONDS = 60.0  # of each noise that is made by formula
NOT_STORED = ("test_speech", "test_noise")  # settings that do not change the store


@dataclass(frozen=True)
class FrameStore:
    """The frames of all items, one item after another, and facts about each item."""

    frames: torch.Tensor  # [total, F] float16, natural log of mel power
    start: NDArray[np.int64]  # [items], first frame
    length: NDArray[np.int64]  # [items], frames
    kind: NDArray[np.int8]  # [items], KEYWORD, WORD, SPEECH or NOISE
    split: NDArray[np.int8]  # [items], index into SPLITS
    variant: NDArray[np.int8]  # [items], 0 for the recording itself, from 1 on for varied copies
    level: NDArray[np.float32]  # [items], natural log of the power of the loud frames
    speech_from: NDArray[np.int32]  # [items], first frame of the word, by its energy
    speech_to: NDArray[np.int32]  # [items], the frame after the word
    name: list[str]  # [items], word/file or folder/file

    def select(self, kind: int, split: str, as_recorded: bool = False) -> NDArray[np.int64]:
        """The indices of the items of a kind in a set. as_recorded: without varied copies"""
        chosen = (self.kind == kind) & (self.split == SPLITS.index(split))
        if as_recorded:
            chosen &= self.variant == 0
        return np.flatnonzero(chosen)

    def item(self, index: int) -> torch.Tensor:
        """The frames of an item, [T, F] float32."""
        start = int(self.start[index])
        return self.frames[start : start + int(self.length[index])].float()


@dataclass(frozen=True)
class _Source:
    """A recording to store, in `copies` copies. The path is None for a noise that is made by formula."""

    path: Path | None
    name: str
    kind: int
    split: str
    copies: int


def list_sources(root: Path, data: DataConfig) -> list[_Source]:
    """Everything to store: clips, continuous speech, recorded and synthetic noise.

    raises ValueError if there is no clip of the keyword
    """
    clips = read_clips(root / data.clips)
    if not any(clip.word == data.keyword for clip in clips):
        words = ", ".join(sorted({clip.word for clip in clips}))
        raise ValueError(f"There is no clip of {data.keyword!r} in {root / data.clips}. The words there are: {words}.")
    for folder in data.more_clips:
        clips += read_clips(root / folder) if (root / folder).is_dir() else []
    speech = training_recordings(root, data.speech, data.test_speech, data)
    noise = training_recordings(root, data.noise, data.test_noise, data)
    sources = [_clip_source(clip, data) for clip in without_phrases(clips, data.keyword)]
    sources += [_recording_source(recording, SPEECH, data.speech_variants) for recording in speech]
    sources += [_recording_source(recording, NOISE, 1) for recording in noise]
    for split in SPLITS:
        sources += [_Source(None, f"{kind}/{split}", NOISE, split, 1) for kind in KINDS]
    return sources


def training_recordings(
    root: Path, patterns: tuple[str, ...], for_test: tuple[str, ...], data: DataConfig
) -> list[Recording]:
    """The recordings in the folders that match, without the sources for the test set."""
    held = {recording.path for recording in read_recordings(root, for_test, data)}
    return [recording for recording in read_recordings(root, patterns, data) if recording.path not in held]


def _clip_source(clip: Clip, data: DataConfig) -> _Source:
    is_keyword = clip.word == data.keyword
    copies = data.keyword_variants if is_keyword else data.clip_variants
    name = f"{clip.word}/{clip.path.name}"
    return _Source(
        clip.path,
        name,
        KEYWORD if is_keyword else WORD,
        clip.split,
        copies if clip.split == "training" else 1,
    )


def _recording_source(recording: Recording, kind: int, copies: int) -> _Source:
    name = f"{recording.path.parent.name}/{recording.path.name}"
    return _Source(recording.path, name, kind, recording.split, copies if recording.split == "training" else 1)


def _sounds(source: _Source, rooms: list[Sound], data: DataConfig) -> Iterator[Sound]:
    """Yield the recording, then its varied copies. The recording's name alone decides how the copies vary."""
    seed = int(hashlib.sha1(source.name.encode()).hexdigest()[:8], 16)
    rng = np.random.default_rng(seed)
    if source.path is None:
        yield make_sound(source.name.split("/")[0], SYNTHETIC_SECONDS, seed)
        return
    sound = load_sound(source.path)
    is_word = source.kind in (KEYWORD, WORD)
    if is_word:
        sound = pad_to_second(cut_to_word(sound))
    yield sound
    for _ in range(source.copies - 1):
        yield vary(sound, rooms, data, rng, is_word)


def open_store(root: Path, cache: Path, data: DataConfig, progress: Progress = SILENT) -> FrameStore:
    """The store for this audio and these settings. It is built on first use.

    The log names and counts the files that cannot be read; they are left out. Two processes may build at once: each
    process works in its own folder, and the first process to finish moves its folder into place.
    """
    sources = list_sources(root, data)
    folder = cache / f"frames-{_cache_key(root, sources, data)}"
    if not (folder / "items.npz").is_file():
        _make(folder, sources, root, data, progress)
    os.utime(folder)
    try:
        return _open(folder)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        log.warning("%s cannot be read (%s): it is built again.", folder, error)
        shutil.rmtree(folder)
        _make(folder, sources, root, data, progress)
        return _open(folder)


def _make(folder: Path, sources: list[_Source], root: Path, data: DataConfig, progress: Progress) -> None:
    """Build a store in a temporary folder, and move the folder into place unless another process was faster."""
    cache = folder.parent
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    try:
        _build(building, sources, load_rooms(root, data.rooms, without=data.test_rooms), data, progress)
        os.rename(building, folder)
    except OSError:
        if not (folder / "items.npz").is_file():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _bound_caches(cache)


def _cache_key(root: Path, sources: list[_Source], data: DataConfig) -> str:
    """A key that changes with the name, size or time of any file, with any setting, and with STORE_VERSION."""
    settings = {name: value for name, value in asdict(data).items() if name not in NOT_STORED}
    digest = hashlib.sha256(json.dumps([STORE_VERSION, settings]).encode())
    for source in sources:
        status = source.path.stat() if source.path else None
        digest.update(f"{source}{status.st_size if status else 0}{status.st_mtime_ns if status else 0}".encode())
    return digest.hexdigest()[:12]


def _bound_caches(cache: Path) -> None:
    """Keep the stores that were used last and remove the others. A removed store is built again when needed."""
    stores = sorted(cache.glob("frames-*"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in stores[CACHES_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class _Stored:
    """The frames of a recording and of its varied copies."""

    copies: list[NDArray[np.float16]]  # [T, F] each
    bounds: list[tuple[int, int, float]]  # of each copy: first and last frame of the word, and its level
    error: str = ""  # why the recording cannot be read


def _frames_of(frontend: LogMel, rooms: list[Sound], data: DataConfig, source: _Source) -> _Stored:
    copies, bounds = [], []
    with torch.inference_mode():
        try:
            for sound in _sounds(source, rooms, data):
                log_mel = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())[0][0].numpy()
                if len(log_mel) == 0:
                    raise AudioError(f"{source.path} is shorter than one frame.")
                copies.append(log_mel.astype(np.float16))
                bounds.append(word_bounds(log_mel))
        except AudioError as error:
            return _Stored(copies, bounds, str(error))
    return _Stored(copies, bounds)


def _build(folder: Path, sources: list[_Source], rooms: list[Sound], data: DataConfig, progress: Progress) -> None:
    frames_of = partial(_frames_of, LogMel(), rooms, data)
    rows: list[tuple[int, int, int, int, int, float, int, int]] = []
    names: list[str] = []
    broken: list[str] = []
    total = 0
    with open(folder / "frames.f16", "wb") as out:
        for begin in range(0, len(sources), AT_ONCE):
            some = sources[begin : begin + AT_ONCE]
            for source, stored in zip(some, on_each_core(frames_of, some), strict=True):
                for variant, (frames, bounds) in enumerate(zip(stored.copies, stored.bounds, strict=True)):
                    frames.tofile(out)
                    first, last, level = bounds
                    split = SPLITS.index(source.split)
                    rows.append((total, len(frames), source.kind, split, variant, level, first, last))
                    names.append(source.name)
                    total += len(frames)
                if stored.error:
                    broken.append(stored.error)
            progress.step("frames", min(begin + AT_ONCE, len(sources)), len(sources))
    for message in broken:
        log.warning("%s", message)
    if broken:
        log.warning("%d of %d files cannot be read and are left out.", len(broken), len(sources))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    np.savez(folder / "items.npz", *columns, names=np.array(names), total=total)


def _open(folder: Path) -> FrameStore:
    with open(folder / "items.npz", "rb") as file, np.load(file) as stored:  # np.load leaves a damaged file open
        columns = [stored[f"arr_{i}"] for i in range(8)]
        names, total = stored["names"].tolist(), int(stored["total"])
    mapped = np.memmap(folder / "frames.f16", dtype=np.float16, mode="c", shape=(total, LogMel().mel_bins))
    start, length, kind, split, variant, level, first, last = columns
    return FrameStore(
        frames=torch.from_numpy(mapped),
        start=start.astype(np.int64),
        length=length.astype(np.int64),
        kind=kind.astype(np.int8),
        split=split.astype(np.int8),
        variant=variant.astype(np.int8),
        level=level.astype(np.float32),
        speech_from=first.astype(np.int32),
        speech_to=last.astype(np.int32),
        name=names,
    )
