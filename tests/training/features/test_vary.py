"""Varied copies: the same for the same seed, over a line, and by another speaker only for single words."""

from dataclasses import replace

import numpy as np
import pytest

from training.config import DataConfig
from training.features.variations import LineConfig
from training.features.vary import Sound, vary

PLAIN = DataConfig(speed_range=(1.0, 1.0), speaker_share=0.0, room_share=0.0, line_share=0.0)


@pytest.fixture
def sound() -> Sound:
    return np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


def test_each_change_happens_by_its_share_alone(sound: Sound) -> None:
    room = np.zeros(4000, np.float32)
    room[[0, 3000]] = 1.0, 0.5

    def copy(is_word: bool = True, **shares: float) -> Sound:
        return vary(sound, [room], replace(PLAIN, **shares), np.random.default_rng(1), is_word)

    np.testing.assert_allclose(copy(), sound, atol=1e-3)
    for share in ("room_share", "line_share", "speaker_share"):
        changed = copy(**{share: 1.0})
        assert np.array_equal(changed, copy(**{share: 1.0})), "the same seed gives the same copy"
        assert len(changed) != len(sound) or np.abs(changed - sound).max() > 0.05
    np.testing.assert_allclose(copy(is_word=False, speaker_share=1.0), sound, atol=1e-3)


def test_every_line_changes_the_sound(sound: Sound) -> None:
    shares = LineConfig()
    assert sum((shares.band_share, shares.telephone_share, shares.codec_share, shares.clip_share)) == pytest.approx(1.0)
    data = replace(PLAIN, line_share=1.0)
    copies = [vary(sound, [], data, np.random.default_rng(seed), False) for seed in range(12)]
    assert all(len(copy) == len(sound) and np.abs(copy - sound).max() > 0.05 for copy in copies)
