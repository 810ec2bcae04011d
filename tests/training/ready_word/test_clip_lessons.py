"""Clips that teach: the label against the expert, the steps that should answer, hard words, and the area."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.toy_speech import TINY_CRNN
from training.network.crnn import Crnn
from training.own_word.known_expert import KnownExpert
from training.ready_word.clip_lessons import (
    ANSWER_FRAMES,
    SURE,
    ClipBatch,
    TaughtClips,
    area_of,
    clip_peaks,
    taught_clips,
)
from training.ready_word.clip_sequences import CLIP_STEPS, ClipSequences, no_clips


def sequences(count: int, seed: int) -> ClipSequences:
    rng = np.random.default_rng(seed)
    empty = no_clips()
    frames = rng.normal(-6, 3, (count, *empty.frames.shape[1:])).astype(np.float16)
    embeddings = rng.normal(0, 15, (count, *empty.embeddings.shape[1:])).astype(np.float16)
    return ClipSequences(frames, embeddings, np.arange(count, dtype=np.int32))


@pytest.fixture(scope="module")
def known(expert: Path) -> KnownExpert:
    return KnownExpert(expert / "rise" / "expert.safetensors", lean=-6.0)


def test_the_label_wins(known: KnownExpert) -> None:
    words, others = sequences(6, 1), sequences(5, 2)
    found = taught_clips(words, others, known)
    assert found.is_keyword.tolist() == [True] * 6 + [False] * 5
    assert (found.margin[:6].max(axis=1) >= SURE).all() and (found.margin[6:] <= -SURE).all()
    said, unsaid = known.margins_of_each(words.embeddings), known.margins_of_each(others.embeddings)
    assert (unsaid.max(axis=1) > -SURE).any() and (said.max(axis=1) < SURE).any()  # the labels changed something
    agreed = unsaid < -SURE
    np.testing.assert_array_equal(found.margin[6:][agreed], unsaid[agreed])
    far = np.abs(np.arange(CLIP_STEPS) - said.argmax(axis=1)[:, None]) > 1
    np.testing.assert_array_equal(found.margin[:6][far], said[far])


def test_a_keyword_may_answer_late_and_another_word_never() -> None:
    frames = torch.zeros(2, CLIP_STEPS * 8, 40)
    batch = ClipBatch(frames, torch.zeros(2, CLIP_STEPS), torch.tensor([True, False]))
    targets = batch.targets(TINY_CRNN)
    ends = np.arange(TINY_CRNN.steps(CLIP_STEPS * 8)) * TINY_CRNN.stride_frames + TINY_CRNN.kernel_frames
    assert targets.window.tolist() == [(ends > ANSWER_FRAMES).tolist(), [False] * len(ends)]
    assert targets.negative.tolist() == [[False] * len(ends), [True] * len(ends)]
    assert targets.margin.shape == targets.window.shape


def test_the_area_of_clips_is_the_share_of_wrong_pairs() -> None:
    torch.manual_seed(0)
    crnn, clips = Crnn(TINY_CRNN), sequences(12, 3)
    peaks = clip_peaks(crnn, clips.frames)
    order = np.argsort(peaks)
    is_keyword = np.zeros(12, bool)
    is_keyword[order[[4, 11]]] = True  # one keyword lies below six of the ten other words
    taught = TaughtClips(clips, np.zeros((12, CLIP_STEPS), np.float32), is_keyword)
    assert area_of(crnn, taught) == pytest.approx(6 / 20 * 0.0268 * (1 - 0.0268), rel=0.01)
