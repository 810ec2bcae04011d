"""Several channels become one: the mean, or the strongest channel if the mean nearly cancels."""

import numpy as np
import pytest

from kws_app.audio.downmix import FADE_S, Downmix

RATE_HZ = 16_000


def noise(seed: int, seconds: float = 1.0, amplitude: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, amplitude, round(seconds * RATE_HZ)).astype(np.float32)


def mixed(channels: list[np.ndarray], block: int = 320) -> tuple[np.ndarray, bool]:
    """What is heard of some channels, and whether they were found to cancel each other."""
    downmix = Downmix(RATE_HZ)
    samples = np.stack(channels, axis=1)
    heard = [downmix.process(samples[i : i + block]) for i in range(0, len(samples), block)]
    return np.concatenate(heard), downmix.has_cancelled


@pytest.mark.parametrize("block", [1, 320, 4096, 16_000])
@pytest.mark.parametrize("share", [1.0, 0.95, 0.8])
def test_the_stronger_of_two_channels_that_cancel_is_heard_from_the_first_sample_on(block: int, share: float):
    sound = noise(0)
    heard, has_cancelled = mixed([-share * sound, sound], block)
    np.testing.assert_array_equal(np.abs(heard), np.abs(sound))  # of two equal ones, either
    assert has_cancelled


@pytest.mark.parametrize(
    "channels",
    [
        [noise(0), noise(0)],
        [noise(0), noise(1)],
        [noise(0), 0 * noise(0)],
        [noise(0), -0.4 * noise(0)],
        [noise(i) for i in range(8)],
        [0 * noise(0)] * 3,
    ],
)
def test_channels_that_do_not_cancel_are_averaged(channels: list[np.ndarray]):
    heard, has_cancelled = mixed(channels)
    np.testing.assert_allclose(heard, np.mean(channels, axis=0), atol=1e-7)
    assert not has_cancelled


def test_channels_that_cancel_are_found_beside_a_constant_offset_that_does_not():
    heard, has_cancelled = mixed([noise(0) + 0.5, 0.5 - noise(0)])
    np.testing.assert_allclose(heard - heard.mean(), noise(0) - noise(0).mean(), atol=1e-5)
    assert has_cancelled


def test_three_channels_that_cancel_together():
    heard, _ = mixed([noise(0), 1.2 * noise(1), -noise(0) - 1.2 * noise(1)])
    np.testing.assert_array_equal(heard, -noise(0) - 1.2 * noise(1))


def test_silence_in_front_of_channels_that_cancel_costs_a_hundredth_of_a_second():
    sound = np.concatenate([np.zeros(RATE_HZ, np.float32), noise(0)])
    heard, _ = mixed([sound, -sound])
    begun = RATE_HZ + round(FADE_S * RATE_HZ)
    np.testing.assert_array_equal(heard[begun:], sound[begun:])


def test_a_change_of_mind_does_not_click():
    tone = np.sin(2 * np.pi * 100 * np.arange(2 * RATE_HZ) / RATE_HZ).astype(np.float32)
    second = np.where(np.arange(len(tone)) < RATE_HZ, -tone, tone)
    heard, has_cancelled = mixed([tone, second])
    assert has_cancelled
    np.testing.assert_allclose(heard[-RATE_HZ // 2 :], tone[-RATE_HZ // 2 :], atol=1e-6)  # the mean again
    assert np.abs(np.diff(heard)).max() < 1.5 * np.abs(np.diff(tone)).max()


def test_one_channel_and_no_samples_pass_as_they_are():
    sound = noise(0)
    assert mixed([sound])[1] is False
    np.testing.assert_array_equal(mixed([sound])[0], sound)
    assert Downmix(RATE_HZ).process(np.zeros((0, 2), np.float32)).shape == (0,)


def test_a_value_that_is_no_number_does_not_deafen_it():
    downmix = Downmix(RATE_HZ)
    downmix.process(np.full((320, 2), np.nan, np.float32))
    for _ in range(200):
        heard = downmix.process(np.stack([noise(0, 0.02), -noise(0, 0.02)], axis=1))
    np.testing.assert_array_equal(heard, noise(0, 0.02))
