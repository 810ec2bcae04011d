"""Lays clips of the word and of other words into talk, as frames: a clip cuts a speaker off, who then goes on.

The margins of the talk teach outside of the clip, and those of the clip inside it. An expert seldom hears a word that
begins in the middle of other talk, but the clips' margins keep to the labels.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.engine.frontend_config import FrontendConfig
from kws_app.engine.speech_body import EMBEDDING, STEP_FRAMES
from training.features.plan import FLOOR, LN_PER_DB
from training.own_word.lesson_sequences import SEQUENCE_FRAMES, LessonSequences
from training.own_word.lessons import TaughtTalk, TaughtWords, level_of
from training.own_word.sequences import SEQUENCE_STEPS
from training.ready_word.clip_lessons import TaughtClips

CLIP_STEPS_LAID = 12  # steps of a clip that are laid into talk: a second
FIRST_STEPS = (4, SEQUENCE_STEPS - CLIP_STEPS_LAID - 6)  # of the clip in the sequence
RELATIVE_DB = (-8.0, 14.0)  # level of the clip over the talk
RELATIVE_SHARE = 0.8  # clips whose level is set relative to the talk; the others stay as loud as they are
PEAK_FRAMES = 15  # the expert's score is highest this long after the word's end


@dataclass(frozen=True)
class LaidWords:
    """Sequences of talk with a clip in each."""

    frames: NDArray[np.float32]  # [B, T, F]
    margin: NDArray[np.float32]  # [B, S]
    end: NDArray[np.int64]  # [B], the frame at which the clip's word ends
    is_keyword: NDArray[np.bool_]  # [B]


def laid_words(rng: np.random.Generator, clips: TaughtClips, chosen: NDArray[np.int64], talk: TaughtTalk) -> LaidWords:
    """Lay the chosen clips [B] into random stretches of talk."""
    B = len(chosen)
    start = rng.integers(0, len(talk.margin) - SEQUENCE_STEPS + 1, B)
    steps = start[:, None] + np.arange(SEQUENCE_STEPS)
    frames = talk.frames[start[:, None] * STEP_FRAMES + np.arange(SEQUENCE_FRAMES)].astype(np.float32)
    margin = talk.margin[steps].copy()
    first = rng.integers(FIRST_STEPS[0], FIRST_STEPS[1] + 1, B)
    words = clips.sequences.frames[chosen, : CLIP_STEPS_LAID * STEP_FRAMES].astype(np.float32)
    level = level_of(torch.from_numpy(frames)) - level_of(torch.from_numpy(words))
    gain = (level.numpy() + rng.uniform(*RELATIVE_DB, B) * LN_PER_DB) * (rng.random(B) < RELATIVE_SHARE)
    words = np.maximum(words + gain[:, None, None], FLOOR).astype(np.float32)
    row = np.arange(B)[:, None]
    frames[row, first[:, None] * STEP_FRAMES + np.arange(words.shape[1])] = words
    said = clips.margin[chosen]
    margin[row, first[:, None] + np.arange(said.shape[1])] = said
    end = (first + said.argmax(axis=1) + 1) * STEP_FRAMES - PEAK_FRAMES
    return LaidWords(frames, margin, end, clips.is_keyword[chosen])


def kept_laid(clips: TaughtClips, talk: TaughtTalk) -> TaughtWords:
    """Each kept-back clip of the word in kept-back talk, once. They have no embeddings."""
    laid = laid_words(np.random.default_rng(0), clips, np.flatnonzero(clips.is_keyword), talk)
    N = len(laid.end)
    seconds = laid.end * FrontendConfig.hop_samples / FrontendConfig.sample_rate
    embeddings = np.zeros((N, SEQUENCE_STEPS, EMBEDDING), np.float16)
    numbers = np.arange(N, dtype=np.int32)
    sequences = LessonSequences(laid.frames.astype(np.float16), embeddings, seconds.astype(np.float32), numbers)
    return TaughtWords(sequences, laid.margin)


def both(first: TaughtWords, second: TaughtWords) -> TaughtWords:
    """The sequences of both."""
    sequences = LessonSequences.of_all([first.sequences, second.sequences])
    return TaughtWords(sequences, np.concatenate([first.margin, second.margin]))
