"""A teacher's answers at the student's steps, worked by hand, and a student that learns from them."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.toy_speech import RUN, TINY_CRNN
from training.config import CrnnConfig, DistillConfig
from training.features.batches import Targets
from training.features.frame_store import FrameStore
from training.fit.distill import DistillLoss, Teachers, align_attention, interpolate_steps
from training.fit.distributed import Team
from training.fit.run import Run
from training.fit.side_by_side import Cohort
from training.network.crnn import Crnn, fresh_state
from training.network.losses import attention_loss, dark_loss, summary_loss
from training.recipes import DATA, RECIPES, for_keyword, student_config


def shape(stride: int, window: int) -> CrnnConfig:
    return replace(TINY_CRNN, stride_frames=stride, window_steps=window)


def test_dark_loss_by_hand() -> None:
    student, teacher = torch.tensor([[[0.0, 2.0]]]), torch.tensor([[[1.0, 0.0]]])
    # at T = 2: teacher softmax(0.5, 0), student softmax(0, 1)
    p = 1 / (1 + math.exp(-0.5))
    expected = -(p * math.log(1 / (1 + math.e)) + (1 - p) * math.log(math.e / (1 + math.e))) * 4
    assert dark_loss(student, teacher, 2.0).item() == pytest.approx(expected, abs=1e-5)


def test_attention_loss_by_hand() -> None:
    student, teacher = torch.tensor([[[0.25, 0.75]]]), torch.tensor([[[0.5, 0.5]]])
    expected = -(0.5 * math.log(0.25) + 0.5 * math.log(0.75))
    assert attention_loss(student, teacher).item() == pytest.approx(expected, abs=1e-6)


def test_summary_loss_by_hand() -> None:
    student, teacher = torch.tensor([[[0.0, 1.0], [2.0, 0.0]]]), torch.tensor([[[0.0, 3.0], [1.0, 0.0]]])
    assert summary_loss(student, teacher).item() == pytest.approx((2.0**2 + 1.0**2) / 4)


def test_equal_paces_change_nothing() -> None:
    same = shape(8, 6)
    logits = torch.randn(2, 10, 2)
    attention = torch.softmax(torch.randn(2, 10, 6), dim=-1)
    torch.testing.assert_close(interpolate_steps(logits, same, same, 10), logits)
    torch.testing.assert_close(align_attention(attention, same, same, 10), attention)


def test_logits_are_interpolated_in_time() -> None:
    ramp = torch.arange(20.0)[None, :, None]  # the teacher's step k has the value k
    found = interpolate_steps(ramp, shape(8, 6), shape(10, 6), 5)[0, :, 0]
    torch.testing.assert_close(found, torch.arange(5) * 10 / 8)


def test_attention_is_spread_over_time() -> None:
    # Teacher: steps of 8 frames, window 4. Student: steps of 16, window 2. At even steps both end together.
    attention = torch.zeros(1, 5, 4)
    attention[0, 2] = torch.tensor([0.1, 0.2, 0.3, 0.4])
    found = align_attention(attention, shape(8, 4), shape(16, 2), 3)
    torch.testing.assert_close(found[0, 1], torch.tensor([0.3, 0.7]))


def test_attention_that_the_student_cannot_see_is_dropped() -> None:
    attention = torch.full((1, 3, 4), 0.25)
    found = align_attention(attention, shape(8, 4), shape(8, 2), 3)
    torch.testing.assert_close(found, torch.full((1, 3, 2), 0.5))


def test_a_teacher_is_needed() -> None:
    with pytest.raises(ValueError, match="needs a teacher"):
        Teachers([])


@pytest.mark.parametrize("distill", [{}, {"attention_weight": 0.5}, {"summary_weight": 1.0}])
def test_a_student_comes_to_agree_with_its_teacher(
    toy_store: FrameStore, tmp_path: Path, distill: dict[str, float]
) -> None:
    torch.manual_seed(5)
    teacher = Crnn(TINY_CRNN).eval()
    config = replace(
        RUN,
        crnn=replace(TINY_CRNN, stride_frames=10, hidden=6),
        distill=replace(DistillConfig(dark_weight=1.0), **distill),
        train=replace(RUN.train, epochs=2, mine_from_epoch=9),
    )
    loss = DistillLoss(config.distill, config.crnn, Teachers([(teacher, TINY_CRNN)]))
    Cohort([Run(tmp_path, config, toy_store, Team(), loss)]).train()
    rows = [line.split(",") for line in (tmp_path / "log.csv").read_text().splitlines()[1:]]
    assert float(rows[-1][1]) < float(rows[0][1])


def test_no_gradient_reaches_the_teacher() -> None:
    teacher, student = Crnn(TINY_CRNN).requires_grad_(False), Crnn(TINY_CRNN)
    log_mel = torch.randn(2, 60, 40)
    answer, _ = student(log_mel, fresh_state(student, 2))
    none = torch.zeros(2, answer.logits.shape[1], dtype=torch.bool)
    targets = Targets(torch.tensor([False, False]), ~none, none)
    config = DistillConfig(attention_weight=1.0, summary_weight=1.0)
    loss = DistillLoss(config, TINY_CRNN, Teachers([(teacher, TINY_CRNN)]))
    loss(log_mel, answer, targets).backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert all(p.grad is not None for p in [*student.parameters(), *loss.parameters()])


def test_the_student_is_matched_to_the_summaries_of_two_teachers_side_by_side() -> None:
    wide = replace(TINY_CRNN, hidden=5)
    teachers = Teachers([(Crnn(shape), shape) for shape in (TINY_CRNN, wide)])
    assert DistillLoss(DistillConfig(summary_weight=1.0), TINY_CRNN, teachers).projection.out_features == 8 + 5


def test_students_are_named_by_recipe_kind_and_seed() -> None:
    plain, other = student_config("student", ("large",)), student_config("student-attentive:2", ("large",))
    assert plain == replace(RECIPES["student"], distill=replace(plain.distill, teachers=("large",)))
    assert other.crnn == plain.crnn and other.train == replace(plain.train, seed=2)
    assert plain.distill.attention_weight == 0 and other.distill.attention_weight > 0
    for wrong in ("nobody", "student:x", "attentive"):
        with pytest.raises(ValueError, match="There is no student"):
            student_config(wrong, ("large",))


def test_a_recipe_takes_the_keywords_audio_and_the_higher_number_of_copies() -> None:
    recipe = RECIPES["student"]
    assert for_keyword(recipe, "happy") == recipe
    computer = for_keyword(recipe, "computer")
    assert computer.data.clips == DATA["computer"].clips
    assert computer.data.keyword_variants == DATA["computer"].keyword_variants > recipe.data.keyword_variants
    assert computer.data.clip_variants == recipe.data.clip_variants > DATA["computer"].clip_variants
