"""What students learn from: where an answer is wanted, what is mined, what throats do, what a student hears."""

import numpy as np
import pytest
import torch

from training.config import CrnnConfig
from training.features.plan import FLOOR
from training.network.crnn import Crnn, fresh_state
from training.network.losses import margin_of
from training.own_word.gather_lessons import noise_frames
from training.own_word.lesson_sequences import SEQUENCE_FRAMES, LessonSequences
from training.own_word.lessons import (
    WARPS,
    LessonBatch,
    Lessons,
    LessonSource,
    TaughtTalk,
    TaughtWords,
    empty_words,
    hear,
    heard_in,
    warp_tables,
)
from training.own_word.sequences import SEQUENCE_STEPS
from training.own_word.student_config import QUICK_STUDENTS, run_config
from training.own_word.taught_loss import TaughtLoss

SHAPE = CrnnConfig(kernel_frames=20, stride_frames=8)


def some_lessons(talk_steps: int = 400) -> Lessons:
    rng = np.random.default_rng(0)
    count = 6
    sequences = LessonSequences(
        rng.normal(-6, 3, (count, SEQUENCE_FRAMES, 40)).astype(np.float16),
        np.zeros((count, SEQUENCE_STEPS, 96), np.float16),
        np.full(count, 2.4, np.float32),
        np.arange(count, dtype=np.int32),
    )
    margin = np.full((count, SEQUENCE_STEPS), -6, np.float32)
    margin[:, 30:33] = 5
    words = TaughtWords(sequences, margin)
    frames = rng.normal(-6, 3, (8 * talk_steps, 40)).astype(np.float16)
    talk = TaughtTalk(frames, np.full(talk_steps, -6, np.float32))
    noises = rng.normal(-8, 2, (3, 400, 40)).astype(np.float16)
    return Lessons(words, empty_words(), talk, noises, words, talk)


def test_an_answer_is_wanted_at_the_words_end_and_denied_long_before() -> None:
    margin = torch.full((2, SEQUENCE_STEPS), -6.0)
    margin[1, 20] = 3.0  # the talk says the word, by the expert: no negative there
    batch = LessonBatch(torch.zeros(2, SEQUENCE_FRAMES, 40), margin, np.array([240, 0]), torch.tensor([True, False]))
    targets = batch.targets(SHAPE)
    ends = torch.arange(SHAPE.steps(SEQUENCE_FRAMES)) * 8 + 20
    assert torch.equal(targets.window[0], (ends > 235) & (ends <= 280))
    assert torch.equal(targets.negative[0], ends <= 240 - 42)
    assert not targets.window[1].any()
    near = (ends - 168).abs() <= 24  # the expert's step 20 ends at frame 168
    assert not targets.negative[1][near].any() and targets.negative[1][(ends - 168).abs() > 48].all()
    # the student's step ends half way between two of the expert's
    assert targets.margin[1, 18] == pytest.approx(-1.5) and ends[18] == 164


def test_batches_follow_from_the_seed_and_hold_what_is_asked() -> None:
    config = run_config("student", "marmalade", QUICK_STUDENTS)
    source = LessonSource(some_lessons(), config)
    whole = source.draw(np.random.default_rng(3), 32, True, 0, 1)
    assert whole.log_mel.shape == (32, SEQUENCE_FRAMES, 40) and whole.log_mel.min() >= FLOOR
    assert 0 < int(whole.is_keyword.sum()) < 32
    halves = [source.draw(np.random.default_rng(3), 32, True, rank, 2) for rank in (0, 1)]
    for rank, half in enumerate(halves):
        torch.testing.assert_close(half.log_mel, whole.log_mel[rank::2], rtol=0, atol=0)
        np.testing.assert_array_equal(half.end, whole.end[rank::2])


def test_the_most_confusing_talk_is_mined_unless_the_expert_hears_the_word_there() -> None:
    class Loud(Crnn):
        """Answers by the level of the lowest mel bin."""

        def forward(self, log_mel: torch.Tensor, state):  # type: ignore[no-untyped-def]
            answer, state = super().forward(log_mel, state)
            steps = answer.logits.shape[1]
            level = log_mel[:, 7::8, 0][:, :steps]
            return answer._replace(logits=torch.stack([torch.zeros_like(level), level], dim=-1)), state

    lessons = some_lessons(32 * 100)
    lessons.talk.frames[:] = -6
    lessons.talk.frames[8 * 1000 : 8 * 1012, 0] = 4  # the network answers, the expert does not
    lessons.talk.frames[8 * 2000 : 8 * 2012, 0] = 4  # both do
    lessons.talk.margin[2000:2012] = 6
    source = LessonSource(lessons, run_config("teacher", "marmalade", QUICK_STUDENTS))
    crnn = Loud(CrnnConfig(kernel_frames=8, stride_frames=8))
    found = source.mine(crnn)
    worst = found[np.argsort(np.abs(found - 1006))[:1]]
    assert abs(int(worst[0]) - 1006) <= 8
    assert len(found) == int(len(lessons.talk.margin) // 12 * source.config.train.mine_keep_share)
    source.take_mined(found)
    again = LessonSource(lessons, source.config)
    again.take_mined_parts(source.mined_parts() or [])
    np.testing.assert_array_equal(again.mined, found)


def test_a_warp_moves_a_resonance_and_no_warp_changes_nothing() -> None:
    low, share = warp_tables()
    assert low.shape == (len(WARPS) + 1, 40)
    frames = torch.linspace(-8, -2, 40)
    same = frames[low[-1]] * (1 - share[-1]) + frames[low[-1] + 1] * share[-1]
    torch.testing.assert_close(same, frames, rtol=0, atol=1e-5)
    peak = -((torch.arange(40) - 20.0) ** 2)
    longest, shortest = (int((peak[low[k]] * (1 - share[k]) + peak[low[k] + 1] * share[k]).argmax()) for k in (0, -2))
    assert shortest < 20 < longest


@torch.inference_mode()
def test_long_talk_is_heard_as_it_would_be_alone() -> None:
    torch.manual_seed(0)
    crnn = Crnn(SHAPE).eval()
    frames = np.random.default_rng(0).normal(-6, 3, (32 * 1500, 40)).astype(np.float16)
    found, ends = heard_in(crnn, frames)
    answer, _ = crnn(torch.from_numpy(frames[3000:4500]).float()[None], fresh_state(crnn, 1))  # the third row
    row = found.reshape(32, -1)[2]
    np.testing.assert_allclose(row, margin_of(answer.logits)[0].numpy(), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(ends.reshape(32, -1)[2][:3], 3000 + np.array([19, 27, 35]))


def test_the_score_falls_as_words_rise_above_talk() -> None:
    torch.manual_seed(0)
    lessons = some_lessons(32 * 60)
    heard = hear(Crnn(SHAPE), lessons.kept_words, lessons.kept_talk)
    better = type(heard)(heard.word + 100, heard.talk, heard.hours)
    assert better.score < heard.score and better.fa_per_hour(0.05) == 0
    assert "false alarms an hour" in heard.told() and set(heard.row()) > {"score"}


def test_a_student_that_says_what_the_expert_says_has_the_lowest_loss() -> None:
    source = LessonSource(some_lessons(), run_config("teacher", "marmalade", QUICK_STUDENTS))
    batch = source.draw(np.random.default_rng(0), 16, True, 0, 1)
    targets = batch.targets(SHAPE)
    answer, _ = Crnn(SHAPE)(batch.log_mel, fresh_state(Crnn(SHAPE), 16))
    loss = TaughtLoss(source.config.distill)

    def of(margin: torch.Tensor) -> float:
        logits = torch.stack([torch.zeros_like(margin), margin], dim=-1)
        return float(loss(batch.log_mel, answer._replace(logits=logits), targets))

    assert of(targets.margin) < min(of(targets.margin + 2), of(targets.margin - 2), of(-targets.margin))


def test_a_short_noise_is_repeated_to_the_length_of_the_longest() -> None:
    noises = [
        np.random.default_rng(n).normal(0, 0.1, samples).astype(np.float32) for n, samples in ((0, 48000), (1, 8000))
    ]
    frames = noise_frames(noises)
    assert frames.shape[:2] == (2, 298)
    count = (8000 - 400) // 160 + 1
    np.testing.assert_array_equal(frames[1, :count], frames[1, count : 2 * count])
