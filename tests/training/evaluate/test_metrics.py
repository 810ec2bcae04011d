"""Metrics against brute force."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_app.detection.decision import Decision
from kws_app.engine.decision_config import DecisionConfig
from training.evaluate.metrics import (
    LINEAGE_SHARE,
    OperatingPoint,
    auroc,
    bootstrap_area,
    clip_area,
    detection_steps,
    fa_at_frr,
    frr_at_fa,
)

scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), min_size=1, max_size=30)


def fa_fr_area(positive: list[float], negative: list[float]) -> float:
    """Area under false rejects over false alarms, both over all clips, by trapezoids between thresholds."""
    total = len(positive) + len(negative)
    points = []
    for threshold in [-1.0, *sorted({*positive, *negative}), 2.0]:
        fa = sum(s >= threshold for s in negative) / total
        fr = sum(s < threshold for s in positive) / total
        points.append((fa, fr))
    points.sort(key=lambda point: (point[0], -point[1]))
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in itertools.pairwise(points))


@given(scores, scores)
def test_area_equals_the_integral(positive: list[float], negative: list[float]) -> None:
    area = clip_area(np.array(positive), np.array(negative))
    assert area.area == pytest.approx(fa_fr_area(positive, negative), abs=1e-12)


def test_area_counts_misordered_pairs() -> None:
    area = clip_area(np.array([0.9, 0.4]), np.array([0.5, 0.1, 0.1]))
    assert area.auroc == pytest.approx(5 / 6)
    assert area.area == pytest.approx(1 / 25)  # one misordered pair over N^2
    assert area.lineage_area == pytest.approx((1 / 6) * 0.02679 * 0.97321, rel=1e-3)


def test_lineage_area_of_the_published_figure() -> None:
    assert pytest.approx(5e-5, rel=0.02) == (1 - 0.9981) * 1734 / 64721 * (1 - 1734 / 64721)


def test_bootstrap_of_one_clip_a_speaker_brackets_the_area() -> None:
    rng = np.random.default_rng(1)
    is_keyword = np.arange(600) < 200
    score = rng.normal(0, 1, 600) + 2.0 * is_keyword
    speaker = np.array([f"s{i}" for i in range(600)])
    low, high = bootstrap_area(score, is_keyword, speaker)
    area = clip_area(score[is_keyword], score[~is_keyword]).lineage_area
    assert low < area < high and high < 2 * low


def test_bootstrap_of_ties_and_perfect_order() -> None:
    is_keyword = np.array([True, False] * 20)
    speaker = np.array([str(i // 2) for i in range(40)])
    half = LINEAGE_SHARE * (1 - LINEAGE_SHARE) / 2
    assert bootstrap_area(np.ones(40), is_keyword, speaker) == pytest.approx((half, half))
    assert bootstrap_area(is_keyword.astype(float), is_keyword, speaker) == (0.0, 0.0)


def test_auroc_needs_both_classes() -> None:
    with pytest.raises(ValueError, match="keyword and of other words"):
        auroc(np.array([]), np.array([0.1]))


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=60),
    st.floats(0.05, 1.0),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.2, 0.5]),
)
def test_sparse_replay_equals_the_apps_decision(
    values: list[float], threshold: float, patience: int, refractory_s: float
) -> None:
    config = DecisionConfig(threshold=threshold, patience_steps=patience, refractory_s=refractory_s)
    decision = Decision(config)
    expected = [i for i, value in enumerate(values) if decision.update(value, (i + 1) * 1280)]
    assert detection_steps(np.array(values, dtype=np.float32), config, 1280) == expected


def test_operating_points() -> None:
    curve = [OperatingPoint(0.1, 0.0, 9.0), OperatingPoint(0.5, 0.05, 2.0), OperatingPoint(0.9, 0.2, 0.0)]
    best = fa_at_frr(curve, 0.1)
    assert best is not None and best.threshold == 0.5
    assert fa_at_frr(curve[1:], 0.01) is None
    point = frr_at_fa(curve, 0.5)
    assert point is not None and point.threshold == 0.9
    assert frr_at_fa(curve[:2], 0.5) is None
