"""Gathers all talk and noise of the data folder for a word's networks: log-mel frames, and embeddings for the expert.

Each source and set is a file in the work folder, under a digest of its recordings. Sources for measurements stay out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.speech_body import BODY_SHA256, EMBEDDING, STEP_FRAMES
from training.atomic_file import written_whole
from training.config import DataConfig
from training.corpus.recordings import Clip, read_recordings
from training.corpus.sound import load_or_pass_over
from training.digest import digest
from training.own_word.gather_talk import as_stream, split_of_talk
from training.own_word.known_expert import KnownExpert
from training.own_word.lesson_sequences import Ear
from training.own_word.lessons import TaughtTalk
from training.own_word.talk_embeddings import TalkStream
from training.progress import SILENT, Progress

VERSION = 1  # raise this number when the files change their meaning
BLOCK_S = 600.0  # recordings are joined to blocks of at least this length
SETS = ("training", "validation")  # from which the models of a word learn
TALK_FOLDER = "ready_talk"  # below the work folder; all words share it


@dataclass(frozen=True)
class TalkSource:
    """The recordings of a source for a set."""

    name: str
    paths: tuple[Path, ...]


def talk_sources(root: Path, data: DataConfig, split: str) -> list[TalkSource]:
    """The sources of a set, by folder. Left out: recordings of the word, held-back audio, and sources for the test.

    raises ValueError if the set is for measurements
    """
    if split not in SETS:
        raise ValueError(f"Networks learn from {' and '.join(SETS)} recordings alone, got {split!r}.")
    for_test = {recording.path for recording in read_recordings(root, data.test_speech, data)}
    by_folder: dict[Path, list[Path]] = {}
    for recording in read_recordings(root, data.speech, data):
        if recording.path not in for_test and recording.split != "testing" and split_of_talk(recording.path) == split:
            by_folder.setdefault(recording.path.parent, []).append(recording.path)
    found = [TalkSource(str(folder.relative_to(root)), tuple(paths)) for folder, paths in sorted(by_folder.items())]
    if not found:
        raise ValueError(f"There is no talk for {split} below {root}: bring it with `python -m training fetch`.")
    return found


def noise_sources(root: Path, data: DataConfig) -> list[TalkSource]:
    """Noise and music for training, by folder. None if there is none. What is for the test stays out."""
    for_test = {recording.path for recording in read_recordings(root, data.test_noise, data)}
    by_folder: dict[Path, list[Path]] = {}
    for recording in read_recordings(root, data.noise, data):
        if recording.split == "training" and recording.path not in for_test:
            by_folder.setdefault(recording.path.parent, []).append(recording.path)
    return [TalkSource(str(folder.relative_to(root)), tuple(paths)) for folder, paths in sorted(by_folder.items())]


def word_sources(clips: Sequence[Clip]) -> list[TalkSource]:
    """Single words one after another, a source for each word."""
    by_word: dict[str, list[Path]] = {}
    for clip in clips:
        by_word.setdefault(clip.word, []).append(clip.path)
    return [TalkSource(f"words/{word}", tuple(paths)) for word, paths in sorted(by_word.items())]


def gather_talk(
    sources: Sequence[TalkSource], expert: KnownExpert, ear: Ear, folder: Path, progress: Progress = SILENT
) -> TaughtTalk:
    """The frames of all sources, with the expert's margins. folder: keeps what is made

    raises OSError if the disk fails, StageStoppedError if the user stops it
    """
    frames, margins = [], []
    for source in sources:
        heard = _kept(source, ear, folder, progress)
        frames.append(heard.frames)
        margins.append(expert.margins(heard.embeddings))
    return TaughtTalk(np.concatenate(frames), np.concatenate(margins))


def talk_streams(
    sources: Sequence[TalkSource], split: str, ear: Ear, folder: Path, progress: Progress = SILENT
) -> list[TalkStream]:
    """The embeddings of each source. split: of the sources; other parameters and errors as in `gather_talk`"""
    return [
        TalkStream(source.name, split, _kept(source, ear, folder, progress).embeddings.astype(np.float32))
        for source in sources
    ]


@dataclass(frozen=True)
class _HeardSource:
    frames: NDArray[np.float16]  # [8 * S, F]
    embeddings: NDArray[np.float16]  # [S, 96]


def _kept(source: TalkSource, ear: Ear, folder: Path, progress: Progress) -> _HeardSource:
    sizes = [(path.name, path.stat().st_size) for path in source.paths]
    name = source.name.replace("/", "-")
    path = folder / f"{name}-{digest([VERSION, BODY_SHA256, sizes])}.npz"
    if not path.is_file():
        heard = _heard(source, ear, progress)
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as part, part.open("wb") as file:
            np.savez(file, **vars(heard))
    with np.load(path) as saved:
        return _HeardSource(saved["frames"], saved["embeddings"])


def _heard(source: TalkSource, ear: Ear, progress: Progress) -> _HeardSource:
    """The recordings one after another, in blocks."""
    config = FrontendConfig()
    frames = [np.zeros((0, config.mel_bins), np.float16)]
    embeddings = [np.zeros((0, EMBEDDING), np.float16)]
    block: list[NDArray[np.float32]] = []

    def end_block() -> None:
        samples = as_stream(block)
        steps = max(0, (len(samples) - config.window_samples) // config.hop_samples + 1) // STEP_FRAMES
        if steps:
            heard_frames, heard_embeddings = ear(samples, steps)
            frames.append(heard_frames)
            embeddings.append(heard_embeddings)
        block.clear()

    for path in progress.track(source.paths, source.name):
        block.append(load_or_pass_over(path))
        if sum(map(len, block)) >= BLOCK_S * SAMPLE_RATE:
            end_block()
    if block:
        end_block()
    return _HeardSource(np.concatenate(frames), np.concatenate(embeddings))
