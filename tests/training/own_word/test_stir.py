"""The level at which a student stirs for the expert, worked out by hand."""

import numpy as np
import pytest

from kws_app.detection.cascade import STIR
from training.own_word.measure import Measured
from training.own_word.stir import AWAKE, Judgement, awake_share, confirmed, stir_level


def test_a_stir_costs_the_replay_and_the_hold() -> None:
    found = np.full(1000, -5, np.float32)  # 80 s
    found[100] = 1
    assert awake_share(found, 0.08, 0.0) == pytest.approx(2.4 / 80)
    found[102] = 1  # while the expert is awake: it only stays awake for longer
    assert awake_share(found, 0.08, 0.0) == pytest.approx((2.4 + 0.16) / 80)
    found[500] = 1
    assert awake_share(found, 0.08, 0.0) == pytest.approx((2 * 2.4 + 0.16) / 80)
    assert awake_share(found, 0.08, 2.0) == 0


def test_the_level_is_the_lowest_that_the_experts_time_allows() -> None:
    found = np.random.default_rng(0).normal(0, 1, 200_000).astype(np.float32)
    level = stir_level(found, 0.08)
    assert awake_share(found, 0.08, level) <= AWAKE < awake_share(found, 0.08, level - 0.02)


def test_the_expert_counts_only_round_a_stir() -> None:
    expert = np.arange(100, dtype=np.float32)  # its step k ends at frame 8 k + 8
    margin, ends = np.array([-9.0, 3.0], np.float32), np.array([200, 400])
    heard = confirmed(expert, margin, ends, level=0.0)
    steps = np.flatnonzero(heard > -100)
    # from half a second before the stir until 0.4 s after it
    assert 8 * steps[0] + 8 > 350 >= 8 * steps[0] and 8 * steps[-1] + 8 <= 440 < 8 * steps[-1] + 16
    np.testing.assert_array_equal(heard[steps], expert[steps])


def test_a_patient_expert_needs_a_run_that_goes_on_after_the_waking() -> None:
    expert = np.full(100, -5, np.float32)
    ends, level = np.array([400]), 0.0
    margin = np.array([3.0], np.float32)  # wakes the expert at its step 49
    for first, decides in ((47, False), (50, True), (53, False)):  # too early, in time, after it sleeps again
        said = expert.copy()
        said[first : first + 3] = 5.0
        assert (confirmed(said, margin, ends, level, patience_steps=3).max() > 0) == decides
    brief = expert.copy()
    brief[50:52] = 5.0  # a run of two
    assert confirmed(brief, margin, ends, level, patience_steps=3).max() < 0
    assert confirmed(brief, margin, ends, level).max() == 5.0


def test_scores_are_a_line_through_the_stir_and_the_usual_word() -> None:
    word = np.linspace(2, 8, 31)
    alone = Measured(np.array([4.0, 1.0, 0.5]), 2.0, word)
    judged = Judgement(alone, alone, awake=0.02, level=-1.0, threshold=4.01)
    line = judged.calibration
    scores = [1 / (1 + np.exp(-line.scale * (margin - line.offset))) for margin in (-1.0, 5.0)]
    assert scores == pytest.approx([STIR, 0.97])
    assert STIR < judged.decision.threshold < 0.97


def test_a_student_that_misses_much_alone_is_said_to_need_the_expert() -> None:
    alone, pair = (Measured(np.array([talk]), 2.0, np.linspace(2, 8, 31)) for talk in (4.0, -1.0))
    able, weak = (Judgement(alone, pair, awake=0.02, level=-1.0, threshold=at) for at in (3.01, 4.01))
    assert "alone it missed 6 of 31 sounds" in able.describe("student")
    said = weak.describe("student")
    assert "Together they missed 0 of 31 sounds" in said and "with 0 false alarms in 2.0 h" in said
    assert "Alone it would miss 35 % of the words, so let the expert confirm it." in said
