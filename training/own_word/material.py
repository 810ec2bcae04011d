"""Makes the sequences that train and measure a word's heads: of takes, recordings, and sounds that are not the word.

The work folder keeps finished sequences. Their file names hold a digest of the sounds that they were made from.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
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
from training.digest import digest
from training.network.speech_embedding import WholeStreams
from training.own_word.gather_talk import as_stream, embeddings_of
from training.own_word.heads import Material
from training.own_word.rows import kept
from training.own_word.sequences import (
    Sequences,
    Sound,
    Surroundings,
    backgrounds,
    joined,
    lively_surroundings,
    make_sequences,
    trimmed,
)
from training.own_word.talk_embeddings import Talk, TalkStream
from training.progress import SILENT, Progress

log = logging.getLogger(__name__)

VERSION = 2  # raise this number when the files in the work folder change their meaning
TAKE_COPIES = 24  # sequences of each take, at most
PASSAGES = 10  # of other speech, to lay around the word
KEPT_BACK_PERCENT = 12.0  # of the voices, and of the recordings, are kept back to measure on
FEWEST_TO_KEEP_BACK = 10  # with fewer recordings none is kept back
COMPARED_PERCENT = 25.0  # of the recordings are kept back if the new model is compared with the old model
FEWEST_TO_COMPARE = 3  # with fewer sounds of a kind none is kept back to compare
QUIETEST = 10 ** (-60 / 20)  # RMS; a quieter recording is silent


@dataclass(frozen=True)
class Amounts:
    """How many sequences to make."""

    takes: int  # sequences of all takes, about
    copies: int  # sequences of each recording, at most
    recordings: int  # sequences of all recordings, at most
    background_s: float  # seconds of noise without the word


@dataclass(frozen=True)
class Sounds:
    """The sounds of a word."""

    takes: Sequence[Sound]  # voices say the word
    voices: Sequence[str]  # the voice of each take
    recordings: Sequence[Sound]  # people say the word
    not_the_word: Sequence[Sound] = ()  # sounds that a model took for the word by mistake
    compares: bool = False  # whether a part of every kind is kept back, so that two models can be compared


@dataclass(frozen=True)
class Gathered:
    """The sequences to train the heads on, and the sequences that are kept back to measure on."""

    material: Material  # to train on
    words: tuple[Sequences, ...]  # kept back, of takes and then of recordings
    recorded: Sequences | None  # kept back, of recordings alone
    not_the_word: Sequences | None  # kept back
    name: str  # a digest of all sounds and of their use


def read_sounds(folders: Sequence[Path]) -> tuple[list[Sound], list[str]]:
    """The sounds in some folders, and a sentence for each file that cannot be used.

    raises ValueError if a folder is missing, or if no file can be used
    """
    sounds, passed_over = [], []
    for folder in folders:
        if not folder.is_dir():
            raise ValueError(f"There is no folder {folder}: name the folder with your recordings.")
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
        reason = passed_over[0] if passed_over else "there is no audio file."
        raise ValueError(f"No recording in {', '.join(map(str, folders))} can be used: {reason}")
    return sounds, passed_over


def _why_not(sound: Sound) -> str:
    """The reason why a sound cannot be a recording of a word. Empty if it can be."""
    if len(sound) < SHORTEST_S * SAMPLE_RATE:
        return "is too short to hold a word."
    if float(np.sqrt(np.square(sound).mean())) < QUIETEST:
        return "is silent."
    if len(trimmed(sound)) > LONGEST_S * SAMPLE_RATE:
        return "is too long: record the word alone."
    return ""


def gather(
    word: str,
    sounds: Sounds,
    amounts: Amounts,
    talk: Talk,
    seed: int,
    folder: Path,
    progress: Progress = SILENT,
    recorded_around: Surroundings | None = None,
) -> Gathered:
    """Make the sequences of all sounds, and separate those to train on from those that are kept back.

    recorded_around: more rooms, noises and speech around the word than those made by formula and by voices
    raises StageStoppedError if the user stops it, OSError if the disk is full
    """
    recorded, mistaken = (kept_back_of(some, sounds.compares) for some in (sounds.recordings, sounds.not_the_word))
    by_voice = np.array([any(is_kept_back(part) for part in voice.split("+")) for voice in sounds.voices], bool)
    names: list[str] = []
    made_in = [VERSION, BODY_SHA256, seed, word]
    if recorded_around is not None:
        made_in.append(recorded_around.name)

    @cache
    def surroundings() -> Surroundings:
        made = lively_surroundings(other_speech(word, seed, folder))
        return joined(made, recorded_around) if recorded_around is not None else made

    def made(kind: str, some: Sequence[Sound], is_kept: NDArray[np.bool_], most: int, total: int) -> _Parted:
        copies = max(2, min(most, round(total / len(some))))
        name = digest(made_in, some)
        names.append(digest([kind, name, is_kept.tolist()]))
        path = folder / f"{kind}-{name}-{copies}.npz"

        def make() -> Sequences:
            body, what = WholeStreams(load_body(BODY_SHA256)), f"sequences of {kind}"
            return make_sequences(some, copies, surroundings(), body, seed + len(kind), progress, what)

        found = kept(Sequences, path, make)
        is_kept_row = is_kept[found.takes]
        return _Parted(found.of(~is_kept_row), found.of(is_kept_row))

    takes = made("takes", sounds.takes, by_voice, TAKE_COPIES, amounts.takes) if sounds.takes else None
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
    background = _background(surroundings, amounts.background_s, made_in, seed, folder)
    material = Material(
        words, replace(talk, streams=(*talk.streams, background)), mistakes.trained if mistakes else None
    )
    return Gathered(
        material,
        kept_back,
        people.kept_back if people else None,
        mistakes.kept_back if mistakes else None,
        digest([names, VERSION, amounts.background_s]),
    )


def _background(
    surroundings: Callable[[], Surroundings], seconds: float, made_in: list[Any], seed: int, folder: Path
) -> TalkStream:
    """Noise alone, and noise over speech without the word, to train on. The heads hear the word in the same noise."""
    path = folder / f"background-{digest([*made_in, seconds])}.npy"
    if not path.is_file():
        samples = as_stream(backgrounds(surroundings(), seconds, seed))
        with written_whole(path) as part, part.open("wb") as file:
            np.save(file, embeddings_of(samples, WholeStreams(load_body(BODY_SHA256))))
    return TalkStream("made/background", "training", np.load(path))


@dataclass(frozen=True)
class _Parted:
    trained: Sequences
    kept_back: Sequences


def kept_back_of(sounds: Sequence[Sound], compares: bool) -> NDArray[np.bool_]:
    """Which sounds are kept back, by a hash of their samples. More sounds later do not change the choice."""
    fewest, percent = (FEWEST_TO_COMPARE, COMPARED_PERCENT) if compares else (FEWEST_TO_KEEP_BACK, KEPT_BACK_PERCENT)
    if len(sounds) < fewest:
        return np.zeros(len(sounds), bool)
    percents = np.array([hash_percent(digest([], [sound])) for sound in sounds])
    return (percents < percent) | (percents == percents.min())


def is_kept_back(voice: str) -> bool:
    return hash_percent(voice) < KEPT_BACK_PERCENT


def other_speech(word: str, seed: int, folder: Path) -> list[Sound]:
    """Some passages of speech without the word. None if espeak-ng is missing."""
    try:
        said = passages("training", word, seed)
        return [next(said)[1] for _ in range(PASSAGES)]
    except OSError as error:
        log.warning("No speech is laid around the word: %s", error)
        return []
