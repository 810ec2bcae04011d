"""Clips in talk: the clip stands whole in the talk, and its margins and its word's end lie where it lies."""

import numpy as np
import pytest

from training.features.plan import FLOOR
from training.own_word.lessons import TaughtTalk
from training.own_word.sequences import SEQUENCE_STEPS
from training.ready_word.clip_lessons import TaughtClips
from training.ready_word.clip_sequences import CLIP_STEPS, ClipSequences
from training.ready_word.laid_words import CLIP_STEPS_LAID, FIRST_STEPS, RELATIVE_DB, kept_laid, laid_words

TALK_LEVEL, CLIP_LEVEL, TALK_MARGIN = -4.0, 1.0, -7.0


@pytest.fixture(scope="module")
def talk() -> TaughtTalk:
    steps = 4 * SEQUENCE_STEPS
    return TaughtTalk(np.full((8 * steps, 40), TALK_LEVEL, np.float16), np.full(steps, TALK_MARGIN, np.float32))


@pytest.fixture(scope="module")
def clips() -> TaughtClips:
    count = 40
    frames = np.full((count, 8 * CLIP_STEPS, 40), CLIP_LEVEL, np.float16)
    frames[:, 98:] = FLOOR  # the silence after a clip stays outside of the talk
    sequences = ClipSequences(frames, np.zeros((count, CLIP_STEPS, 96), np.float16), np.arange(count, dtype=np.int32))
    margin = np.full((count, CLIP_STEPS), -1.0, np.float32)
    margin[:, 9] = 3.0  # the expert hears the word here
    return TaughtClips(sequences, margin, np.arange(count) % 2 == 0)


def test_a_clip_stands_whole_in_the_talk_with_its_margins(talk: TaughtTalk, clips: TaughtClips) -> None:
    laid = laid_words(np.random.default_rng(0), clips, np.arange(40), talk)
    assert laid.frames.shape == (40, 8 * SEQUENCE_STEPS, 40) and laid.margin.shape == (40, SEQUENCE_STEPS)
    firsts = set()
    for frames, margin, end in zip(laid.frames, laid.margin, laid.end, strict=True):
        inside = np.flatnonzero(frames[:, 0] != TALK_LEVEL)
        assert len(inside) == 8 * CLIP_STEPS_LAID and (np.diff(inside) == 1).all() and inside[0] % 8 == 0
        first = int(inside[0]) // 8
        firsts.add(first)
        np.testing.assert_array_equal(margin[first : first + CLIP_STEPS], clips.margin[0])
        assert (np.delete(margin, np.arange(first, first + CLIP_STEPS)) == TALK_MARGIN).all()
        assert end == (first + 10) * 8 - 15
    assert min(firsts) >= FIRST_STEPS[0] and max(firsts) <= FIRST_STEPS[1] and len(firsts) > 5
    assert laid.is_keyword.tolist() == clips.is_keyword.tolist()


def test_most_clips_are_as_loud_as_a_word_in_that_talk(talk: TaughtTalk, clips: TaughtClips) -> None:
    laid = laid_words(np.random.default_rng(1), clips, np.arange(40), talk)
    over_db = (laid.frames.max(axis=(1, 2)) - TALK_LEVEL) * 10 / np.log(10)
    quieter = (laid.frames.min(axis=(1, 2)) - TALK_LEVEL) * 10 / np.log(10)
    over_db = np.where(quieter < 0, quieter, over_db)
    as_recorded = np.isclose(over_db, (CLIP_LEVEL - TALK_LEVEL) * 10 / np.log(10))
    assert 0 < as_recorded.sum() < 20
    assert (over_db[~as_recorded] >= RELATIVE_DB[0] - 0.01).all()
    assert (over_db[~as_recorded] <= RELATIVE_DB[1] + 0.01).all()
    assert np.ptp(over_db) > 10


def test_the_kept_back_words_are_laid_once_and_always_alike(talk: TaughtTalk, clips: TaughtClips) -> None:
    first, again = kept_laid(clips, talk), kept_laid(clips, talk)
    assert len(first) == clips.is_keyword.sum()
    np.testing.assert_array_equal(first.sequences.frames, again.sequences.frames)
    assert (first.sequences.ends_s > 0.5).all() and (first.sequences.ends_s < 3.2).all()
