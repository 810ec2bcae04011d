"""Gathers the lessons for the students of a word: sequences of takes, near words and recordings, and talk.

The word's work folder keeps finished sequences. Their file names hold a digest of the sounds that they were made from.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend import LogMel
from kws_app.engine.speech_body import BODY_SHA256, STEP_FRAMES, load_body
from training.corpus.near_sounds import invented_words, near_words, parts_of
from training.corpus.pronunciations import Pronunciation, check_word, pronunciations_of
from training.corpus.sound import load_sound
from training.corpus.takes import Take, make_takes, plan_near
from training.corpus.voice_engines import find_engines
from training.corpus.word_frequencies import word_lists_dir
from training.digest import digest
from training.network.speech_embedding import WholeStreams
from training.own_word.known_expert import KnownExpert
from training.own_word.lesson_sequences import LessonSequences, make_lesson_sequences
from training.own_word.lessons import Lessons, TaughtTalk, TaughtWords, empty_words
from training.own_word.make import OwnWord, said_by_voices, without_word
from training.own_word.material import is_kept_back, kept_back_of, other_speech, read_sounds
from training.own_word.sequences import Sound, made_surroundings
from training.own_word.student_config import StudentsConfig
from training.own_word.talk_embeddings import Talk, TalkStream
from training.own_word.talk_frames import TalkFrames, as_stored
from training.progress import Progress

log = logging.getLogger(__name__)

VERSION = 1  # raise this number when the sequences on the disk change their meaning
NEAR_FOLDER = "near"  # folder of the near takes, below the word's takes
FEWEST_TO_KEEP = 8  # fewest kept-back sequences that can set a threshold


@dataclass(frozen=True)
class Talked:
    """Talk as embeddings for the expert and as frames for the students."""

    talk: Talk
    frames: TalkFrames


def gather_lessons(
    asked: OwnWord, config: StudentsConfig, expert: KnownExpert, talked: Talked, folder: Path, progress: Progress
) -> tuple[Lessons, str]:
    """Make the lessons, and a digest of them.

    raises OSError if a voice or the disk fails, StageStoppedError if the user stops it
    """
    word = check_word(asked.word, asked.language)
    takes = said_by_voices(asked, word, folder / "takes", progress) if asked.voices else []
    recordings, _ = read_sounds(asked.recordings)
    near = near_takes(asked, word, config, folder / "takes" / NEAR_FOLDER, progress) if asked.voices else []
    body, around = WholeStreams(load_body(BODY_SHA256)), made_surroundings(other_speech(word, config.seed, folder))
    names: list[str] = []

    def made(kind: str, sounds: Sequence[Sound], count: int) -> LessonSequences:
        name = digest([VERSION, BODY_SHA256, config.seed, word, kind], sounds)
        names.append(f"{name}-{count}")
        stem = folder / f"lessons-{kind}-{name}"
        seed, what = config.seed + len(kind), f"lessons of {kind}"
        found = make_lesson_sequences(sounds, count, around, body, seed, stem, progress, what)
        return replace(found, frames=as_stored(found.frames))

    words, kept = [], []
    people = len(recordings)
    share = (people / (20 + people) if takes else 1.0) if people else 0.0
    by_voice = np.array([any(is_kept_back(part) for part in take.voice.split("+")) for take in takes], bool)
    for kind, sounds, is_kept, count in (
        ("takes", [load_sound(take.path) for take in takes], by_voice, round(config.sequences * (1 - share))),
        ("recordings", recordings, kept_back_of(recordings, compares=False), round(config.sequences * share)),
    ):
        if sounds:
            found = made(kind, sounds, max(count, 2 * len(sounds)))
            words.append(found.of(~is_kept[found.takes]))
            kept.append(found.of(is_kept[found.takes]))
    if sum(map(len, kept)) < FEWEST_TO_KEEP:
        kept = words  # there are too few sounds to keep some back
    sounds_near = [load_sound(take.path) for take in near]
    other = made("near", sounds_near, config.near_sequences) if near else None
    lessons = Lessons(
        _taught(words, expert),
        _taught([other], expert) if other is not None else empty_words(),
        taught_talk(talked, "training", word, expert, asked.language),
        noise_frames(around.noises),
        _taught(kept, expert),
        taught_talk(talked, "validation", word, expert, asked.language),
    )
    return lessons, digest([*names, expert.name, lessons.talk.hours, lessons.kept_talk.hours])


def _taught(parts: Sequence[LessonSequences], expert: KnownExpert) -> TaughtWords:
    together = LessonSequences.of_all(parts)
    return TaughtWords(together, expert.margins_of_each(together.embeddings))


def taught_talk(talked: Talked, split: str, word: str, expert: KnownExpert, language: str = "en") -> TaughtTalk:
    """All frames of a set of the talk, without the word itself. raises ValueError if there are none"""
    spoken = {id(stream) for stream in without_word(talked.talk, word, language).of(split)}
    pairs: list[tuple[TalkStream, NDArray[np.floating]]] = [
        (stream, frames)
        for stream, frames in zip(talked.talk.streams, talked.frames.streams, strict=True)
        if id(stream) in spoken and len(frames)
    ]
    if not pairs:
        raise ValueError(f"There is no talk for {split} as frames: make it with `python -m training talk`.")
    margins = [expert.margins(stream.embeddings)[: len(frames) // STEP_FRAMES] for stream, frames in pairs]
    return TaughtTalk(np.concatenate([frames for _, frames in pairs]).astype(np.float16), np.concatenate(margins))


def noise_frames(noises: Sequence[Sound]) -> NDArray[np.float16]:
    """Noises as frames [N, T, F]. A shorter noise is repeated to the length of the longest."""
    log_mel = LogMel()
    found = [log_mel(noise, log_mel.initial_tail())[0] for noise in noises]
    longest = max(map(len, found))
    return np.stack([np.resize(frames, (longest, frames.shape[1])) for frames in found]).astype(np.float16)


def near_takes(asked: OwnWord, word: str, config: StudentsConfig, folder: Path, progress: Progress) -> list[Take]:
    """Takes of words that only sound like the word, and of its halves. None if espeak-ng is missing."""
    engines = find_engines()
    try:
        ways: list[Pronunciation] = list(asked.pronunciations) or pronunciations_of(word, asked.language)
        sounds = [*parts_of(ways), *near_words(ways, asked.language, word_lists_dir()), *invented_words(ways)]
    except OSError as error:
        log.warning("No near words are known: %s", error)
        return []
    each = max(1, config.near_takes // max(1, len(sounds)))
    plan = plan_near(sounds[: config.near_takes], engines, asked.language, folder, each, config.seed)
    told = replace(progress, tell=lambda _, done, total, note: progress.tell("near takes", done, total, note))
    return make_takes(plan, engines, told).takes
