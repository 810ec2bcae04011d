"""Lively noise: the same for the same seed, as long and as loud as asked, and changing over time."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.own_word import lively_noise
from training.own_word.lively_noise import (
    LEVEL,
    SAMPLES,
    Song,
    babble,
    cafe,
    chirps,
    lively_noises,
    machine,
    traffic,
    weather,
)

COUNT = 3 * SAMPLE_RATE


def speech() -> Sequence[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(seconds * SAMPLE_RATE).astype(np.float32) for seconds in (1, 8)]


@pytest.mark.long
def test_all_noises_are_as_long_and_as_loud_as_asked() -> None:
    alone, with_people = lively_noises([]), lively_noises(speech())
    assert len(with_people) > len(alone) > 40
    for noise in with_people:
        assert noise.shape == (SAMPLES,) and noise.dtype == np.float32 and np.isfinite(noise).all()
        assert np.sqrt(np.square(noise).mean()) == pytest.approx(LEVEL, rel=0.01)


def test_the_same_seed_gives_the_same_noises_and_another_seed_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lively_noise, "SONGS", 2)
    monkeypatch.setattr(lively_noise, "_noises_by_formula", lively_noise._noises_by_formula.__wrapped__)  # makes anew
    first, again, other = (lively_noises(speech(), seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


@pytest.mark.parametrize("make", [traffic, machine, weather, chirps])
def test_every_kind_follows_its_generator(make: Callable[..., np.ndarray]) -> None:
    first, again = (make(np.random.default_rng(4), COUNT) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (COUNT,) and np.abs(first).max() > 0


def test_a_song_changes_and_no_tone_lies_above_half_the_sample_rate() -> None:
    for seed in range(5):
        song = Song(np.random.default_rng(seed), COUNT).play()
        levels = np.sqrt(np.square(song.reshape(30, -1)).mean(axis=1))
        assert np.isfinite(song).all() and levels.max() > 1.2 * levels.min()


def test_people_talk_in_babble_and_cafes() -> None:
    for make in (babble, cafe):
        quiet, loud = (make(np.random.default_rng(5), COUNT, said) for said in ([np.zeros(COUNT)], speech()))
        assert quiet.shape == loud.shape == (COUNT,)
        assert not np.array_equal(quiet, loud)
