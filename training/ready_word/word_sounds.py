"""Finds the recordings of a word and of other words, by set, and makes the sequences of the word from them."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.config import DataConfig
from training.corpus.recordings import Clip, read_clips, without_phrases
from training.corpus.sound import load_sound
from training.digest import digest
from training.network.speech_embedding import WholeStreams
from training.own_word.gather_lessons import near_takes, noise_frames
from training.own_word.known_expert import KnownExpert
from training.own_word.lesson_sequences import LessonSequences, make_lesson_sequences
from training.own_word.lessons import TaughtWords, empty_words
from training.own_word.make import OwnWord, said_by_voices
from training.own_word.material import is_kept_back, other_speech
from training.own_word.sequences import Sound, Surroundings, joined, made_surroundings
from training.own_word.student_config import StudentsConfig
from training.progress import SILENT, Progress
from training.ready_word.ready_config import ReadyConfig

VERSION = 2  # raise this number when the sequences on the disk change their meaning
FEWEST = 10  # recordings of a word, for training and for validation each


@dataclass(frozen=True)
class WordRecordings:
    """The clips of training and validation. Test recordings are never in here."""

    words: dict[str, list[Clip]]  # by set, the word itself
    others: dict[str, list[Clip]]  # by set, other words


def recordings_of_word(root: Path, data: DataConfig) -> WordRecordings:
    """The recordings by set. Words that contain the word, such as hey_computer, are in no set.

    raises ValueError if a set has too few recordings of the word
    """
    folders = [root / name for name in (data.clips, *data.more_clips)]
    read = [clip for folder in folders if folder.is_dir() for clip in read_clips(folder)]
    clips = without_phrases(read, data.keyword)
    sets = ("training", "validation")
    words = {split: [c for c in clips if c.split == split and c.word == data.keyword] for split in sets}
    others = {split: [c for c in clips if c.split == split and c.word != data.keyword] for split in sets}
    for split, found in words.items():
        if len(found) < FEWEST:
            raise ValueError(
                f"{data.keyword!r} has {len(found)} recordings for {split} below {root}, and needs {FEWEST}: "
                "bring more with `python -m training fetch`, or make a model with `python -m training own-word`."
            )
    return WordRecordings(words, others)


@dataclass(frozen=True)
class WordLessons:
    """The sequences of a word, and what lies around it."""

    words: TaughtWords
    near: TaughtWords
    kept: TaughtWords
    noises: NDArray[np.float16]  # [N, T, F]
    name: str  # a digest of the sounds


def gather_words(
    asked: OwnWord,
    found: WordRecordings,
    config: ReadyConfig,
    expert: KnownExpert,
    recorded_around: Surroundings,
    folder: Path,
    progress: Progress = SILENT,
) -> WordLessons:
    """Make the sequences of recordings, and of voices if there are some.

    recorded_around: rooms, noises and talk around the word, beside those made by formula and by voices
    folder: keeps takes and sequences
    raises AudioError if a recording cannot be read, OSError if a voice or the disk fails, StageStoppedError to end
    """
    word, body = asked.word, WholeStreams(load_body(BODY_SHA256))
    around = joined(made_surroundings(other_speech(word, config.seed, folder)), recorded_around)
    names: list[str] = []

    def made(kind: str, sounds: Sequence[Sound], count: int) -> LessonSequences:
        name = digest([VERSION, BODY_SHA256, config.seed, word, kind, recorded_around.name], sounds)
        names.append(f"{name}-{count}")
        stem, seed = folder / f"ready-{kind}-{name}-{count}", config.seed + len(kind)
        return make_lesson_sequences(sounds, count, around, body, seed, stem, progress, f"lessons of {kind}")

    recorded, kept = ([load_sound(c.path) for c in found.words[split]] for split in ("training", "validation"))
    words = [made("recordings", recorded, max(config.recorded_sequences, len(recorded)))]
    near = empty_words()
    if asked.voices:
        takes = said_by_voices(asked, word, folder / "takes", progress)
        takes = [take for take in takes if not any(map(is_kept_back, take.voice.split("+")))]
        said = [load_sound(take.path) for take in takes]
        words.append(made("takes", said, max(config.said_sequences, len(said))))
        amounts = StudentsConfig(near_takes=config.near_takes, seed=config.seed)
        others = [load_sound(t.path) for t in near_takes(asked, word, amounts, folder / "takes" / "near", progress)]
        if others:
            near = _taught([made("near", others, config.near_sequences)], expert)
    return WordLessons(
        _taught(words, expert),
        near,
        _taught([made("kept", kept, config.kept_copies * len(kept))], expert),
        noise_frames(around.noises),
        digest(names),
    )


def _taught(parts: Sequence[LessonSequences], expert: KnownExpert) -> TaughtWords:
    together = LessonSequences.of_all(parts)
    return TaughtWords(together, expert.margins_of_each(together.embeddings))


def linked(recordings: Iterable[Path], folder: Path) -> Path:
    """The folder, with links to these recordings and nothing else. The expert learns from it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in recordings:
        (folder / f"{path.parent.parent.name}-{path.name}").symlink_to(path.resolve())
    return folder
