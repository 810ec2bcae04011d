"""What the heads of a word are trained on and measured on: takes, recordings, and sounds that are not the word.

What is finished lies in the work folder under a digest of what it was made from.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, load_body
from kws_app.errors import AudioError
from training.atomic_file import written_whole
from training.corpus.recordings import audio_files, hash_percent
from training.corpus.sound import load_sound
from training.corpus.synthetic_speech import passages
from training.corpus.takes import LONGEST_S, SHORTEST_S
from training.network.speech_embedding import WholeStreams
from training.own_word.heads import Material
from training.own_word.sequences import Sequences, Sound, made_surroundings, make_sequences, trimmed
from training.own_word.talk_embeddings import Talk
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

VERSION = 1  # of what the work folder holds
PASSAGES = 10  # of other speech, laid around the word
KEPT_BACK_PERCENT = 12.0  # of the voices, and of ten recordings or more: to measure on
FEWEST_TO_KEEP_BACK = 10  # recordings
COMPARED_PERCENT = 25.0  # of all recordings, where the new model is compared with the old
FEWEST_TO_COMPARE = 3  # sounds of a kind, of which at least one is kept back
QUIETEST = 10 ** (-60 / 20)  # RMS of a recording that holds a word


@dataclass(frozen=True)
class Amounts:
    """How many sequences are made."""

    takes: int  # sequences of takes, about
    copies: int  # of each recording, at most
    recordings: int  # sequences of all recordings, at most


@dataclass(frozen=True)
class Sounds:
    """What is known of a word."""

    takes: Sequence[Sound]  # by voices
    voices: Sequence[str]  # of each take
    recordings: Sequence[Sound]
    not_the_word: Sequence[Sound] = ()  # they set the word off by mistake
    compares: bool = False  # whether a part of every kind is kept back, so that two models can be compared


@dataclass(frozen=True)
class Gathered:
    """What the heads are trained on, and what is kept back to measure on."""

    material: Material
    words: tuple[Sequences, ...]  # kept back: of takes, then of recordings
    recorded: Sequences | None  # kept back, of recordings alone
    not_the_word: Sequences | None  # kept back
    name: str  # a digest of all sounds and of what is made of them


def read_sounds(folders: Sequence[Path]) -> tuple[list[Sound], list[str]]:
    """The sounds of folders, and a sentence for each file that cannot be used.

    raises ValueError if a folder is not there, or if no file can be used
    """
    sounds, passed_over = [], []
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"There is no folder {folder}: name the one with your recordings.")
        for path in audio_files(folder):
            try:
                sound = load_sound(path)
            except AudioError as error:
                passed_over.append(str(error))
                continue
            reason = _why_not(sound)
            if reason:
                passed_over.append(f"{path.name} {reason}")
            else:
                sounds.append(sound)
    if folders and not sounds:
        reason = passed_over[0] if passed_over else "it holds no audio file."
        raise ValueError(f"No recording in {', '.join(map(str, folders))} can be used: {reason}")
    return sounds, passed_over


def _why_not(sound: Sound) -> str:
    """Why a sound is no recording of a word; empty if it may be one."""
    if len(sound) < SHORTEST_S * SAMPLE_RATE:
        return "is too short to hold a word."
    if float(np.sqrt(np.square(sound).mean())) < QUIETEST:
        return "is silent."
    if len(trimmed(sound)) > LONGEST_S * SAMPLE_RATE:
        return "is too long: record the word alone."
    return ""


def gather(
    word: str, sounds: Sounds, amounts: Amounts, talk: Talk, seed: int, folder: Path, progress: Progress = SILENT
) -> Gathered:
    """Sequences of all sounds, those for training apart from those that are kept back.

    raises StageStoppedError if the user stops it, OSError if the disk is full
    """
    recorded, mistaken = (_chosen(some, sounds.compares) for some in (sounds.recordings, sounds.not_the_word))
    by_voice = np.array([any(_is_kept_back(part) for part in voice.split("+")) for voice in sounds.voices], bool)
    names: list[str] = []

    def made(kind: str, some: Sequence[Sound], is_kept: NDArray[np.bool_], most: int, total: int) -> _Parted:
        copies = max(2, min(most, round(total / len(some))))
        name = digest([VERSION, BODY_SHA256, seed, word], some)
        names.append(digest([kind, name, is_kept.tolist()], []))
        path = folder / f"{kind}-{name}-{copies}.npz"
        if not path.is_file():
            around, body = made_surroundings(_other_speech(word, seed, folder)), WholeStreams(load_body(BODY_SHA256))
            found = make_sequences(some, copies, around, body, seed + len(kind), progress, f"sequences of {kind}")
            with written_whole(path) as part, part.open("wb") as file:
                np.savez(file, **vars(found))
        with np.load(path) as saved:
            found = Sequences(saved["embeddings"], saved["ends_s"], saved["takes"])
        kept = is_kept[found.takes]
        return _Parted(found.of(~kept), found.of(kept))

    takes = made("takes", sounds.takes, by_voice, 12, amounts.takes) if sounds.takes else None
    people = mistakes = None
    if sounds.recordings:
        people = made("recordings", sounds.recordings, recorded, amounts.copies, amounts.recordings)
    if sounds.not_the_word:
        mistakes = made("mistakes", sounds.not_the_word, mistaken, amounts.copies, amounts.recordings)
    count = len(sounds.recordings)
    words = [(takes.trained, 1.0)] if takes else []
    if people:
        words.append((people.trained, count / (20 + count) if takes else 1.0))
    kept_back = tuple(some.kept_back for some in (takes, people) if some)
    material = Material(words, talk, mistakes.trained if mistakes else None)
    return Gathered(
        material,
        kept_back,
        people.kept_back if people else None,
        mistakes.kept_back if mistakes else None,
        digest(names, []),
    )


@dataclass(frozen=True)
class _Parted:
    trained: Sequences
    kept_back: Sequences


def _chosen(sounds: Sequence[Sound], compares: bool) -> NDArray[np.bool_]:
    """Which sounds are kept back, by a hash of what is in them: it stays so when more sounds come."""
    fewest, percent = (FEWEST_TO_COMPARE, COMPARED_PERCENT) if compares else (FEWEST_TO_KEEP_BACK, KEPT_BACK_PERCENT)
    if len(sounds) < fewest:
        return np.zeros(len(sounds), bool)
    percents = np.array([hash_percent(digest([], [sound])) for sound in sounds])
    return (percents < percent) | (percents == percents.min())


def digest(settings: list[Any], arrays: Sequence[NDArray[np.float32]]) -> str:
    """A short name of settings and numbers: the same for the same."""
    found = hashlib.sha256(json.dumps(settings).encode())
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def _is_kept_back(voice: str) -> bool:
    return hash_percent(voice) < KEPT_BACK_PERCENT


def _other_speech(word: str, seed: int, folder: Path) -> list[Sound]:
    """Some passages in which the word is not said; none where espeak-ng is missing."""
    try:
        said = passages("training", word, seed)
        return [next(said)[1] for _ in range(PASSAGES)]
    except OSError as error:
        log.warning("Nothing is said around the word: %s", error)
        return []
