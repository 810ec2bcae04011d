"""Plans and their frames: reproducible, shared among processes, and equal to the plan."""

from dataclasses import fields, replace

import numpy as np
import torch

from tests.support.toy_speech import RUN, TINY_CRNN
from training.config import AugmentConfig
from training.features.batches import assemble, step_targets
from training.features.frame_store import FrameStore
from training.features.plan import CLIP_FRAMES, SILENCE_FRAMES, Plan, Planner

PLAIN = replace(
    AugmentConfig(),
    stream_frames=160,
    noise_share=0.0,
    level_db=(0.0, 0.0),
    tilt_db=0.0,
    mask_share=0.0,
    silence_around_share=1.0,
    speech_around_share=0.0,
)


def draw(store: FrameStore, rows: int = 64, stream: bool = True, augment: AugmentConfig = RUN.augment) -> Plan:
    return Planner(store, augment, RUN.train).draw(np.random.default_rng(5), rows, stream)


def test_the_same_seed_draws_the_same_batch(toy_store: FrameStore) -> None:
    one, two = draw(toy_store), draw(toy_store)
    assert all(np.array_equal(getattr(one, f.name), getattr(two, f.name)) for f in fields(Plan))
    assert torch.equal(assemble(toy_store, one, 160), assemble(toy_store, two, 160))


def test_shares_make_up_the_whole(toy_store: FrameStore) -> None:
    plan = draw(toy_store, rows=16)
    whole = assemble(toy_store, plan, 160)
    parts = [assemble(toy_store, plan.share(rank, 4), 160) for rank in range(4)]
    for rank, part in enumerate(parts):
        assert torch.equal(part, whole[rank::4])


def test_an_undisturbed_clip_is_the_stored_clip(toy_store: FrameStore) -> None:
    plan = draw(toy_store, stream=False, augment=PLAIN)
    rows = np.flatnonzero((plan.word_at == 0) & (plan.word >= 0) & (plan.word_to - plan.word_from == CLIP_FRAMES))
    sound = assemble(toy_store, plan, CLIP_FRAMES + SILENCE_FRAMES)
    assert len(rows) > 5
    for row in rows:
        torch.testing.assert_close(sound[row, :CLIP_FRAMES], toy_store.item(int(plan.word[row])), rtol=1e-4, atol=1e-3)


def test_keywords_are_wanted_in_their_window_only(toy_store: FrameStore) -> None:
    plan = draw(toy_store)
    targets = step_targets(plan, 160, TINY_CRNN)
    assert torch.equal(targets.window.any(dim=1), targets.is_keyword)
    assert not (targets.window & targets.negative).any()
    assert targets.negative[~targets.is_keyword].all(), "a negative must not answer at any step"
    ends = TINY_CRNN.kernel_frames + TINY_CRNN.stride_frames * torch.arange(targets.window.shape[1])
    for row in torch.nonzero(targets.is_keyword).flatten().tolist():
        inside = ends[targets.window[row]]
        assert inside.max() <= plan.window_to[row] or inside.numel() == 1
        assert plan.window_to[row] - plan.window_from[row] >= RUN.augment.late_frames


def test_half_a_keyword_is_a_negative(toy_store: FrameStore) -> None:
    plan = draw(toy_store, rows=400)
    said = plan.word >= 0
    is_of_keyword = said & (toy_store.kind[plan.word] == 0)
    partial = is_of_keyword & ~plan.is_keyword
    span = toy_store.speech_to[plan.word] - toy_store.speech_from[plan.word]
    heard = np.minimum(plan.word_to, toy_store.speech_to[plan.word]) - np.maximum(
        plan.word_from, toy_store.speech_from[plan.word]
    )
    assert partial.sum() > 10
    assert (heard[partial] <= 0.56 * span[partial] + 1).all()


def test_frames_stay_in_range(toy_store: FrameStore) -> None:
    sound = assemble(toy_store, draw(toy_store, rows=200), 160)
    assert torch.isfinite(sound).all()
    assert sound.min() >= np.log(1e-9) - 1e-3 and sound.max() < 20
