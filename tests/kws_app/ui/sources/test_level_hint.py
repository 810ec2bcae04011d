"""The hint about the level: silence, whispers and clipping give a hint, ordinary rooms do not."""

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.sources.level_hint import CLIPPING, QUIET, SILENT, LevelHint


def hint(*parts: tuple[float, float], piece: int = 480) -> str:
    """parts: seconds, and the amplitude of the noise in them"""
    generator = np.random.default_rng(0)
    samples = np.concatenate([np.clip(generator.normal(0, a, round(s * SAMPLE_RATE)), -1, 1) for s, a in parts])
    judge = LevelHint()
    for first in range(0, len(samples), piece):
        judge.add(samples[first : first + piece].astype(np.float32))
    return judge.text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([(2.0, 0.0)], ""),  # too little to say
        ([(4.0, 0.0)], SILENT),
        ([(4.0, 0.0), (0.5, 0.001)], ""),
        ([(20.0, 0.001)], ""),  # a quiet room in which nobody speaks
        ([(10.0, 0.0002), (1.0, 0.002), (5.0, 0.0002)], QUIET),
        ([(10.0, 0.0002), (1.0, 0.1), (5.0, 0.0002)], ""),
        ([(3.0, 0.01), (1.0, 0.6)], CLIPPING),
        ([(3.0, 0.01), (1.0, 0.6), (5.0, 0.01)], ""),
    ],
)
def test_it_says_what_is_wrong_and_nothing_else(parts: list[tuple[float, float]], text: str):
    assert hint(*parts) == text


def test_one_knock_is_no_clipping():
    assert hint((3.0, 0.01), (0.05, 1.0), (1.0, 0.01)) == ""
