"""The changes of a line or another throat to sounds whose parts are known, and what stays the same."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.features.variations import (
    LineConfig,
    Sound,
    by_another_speaker,
    change_speed,
    clip_peaks,
    limit_band,
    shift_pitch,
    through_a_line,
    through_codec,
    through_telephone,
    warp_tract,
)

SECOND = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def tone(hz: float) -> Sound:
    return (0.3 * np.sin(2 * np.pi * hz * SECOND)).astype(np.float32)


def vowel(pitch_hz: float = 120.0, formant_hz: float = 1000.0) -> Sound:
    """Harmonics of a pitch under a formant that is 300 Hz wide."""
    harmonics = np.arange(1, int(7500 / pitch_hz)) * pitch_hz
    levels = 1 / (1 + ((harmonics - formant_hz) / 300) ** 2) + 0.01
    sound = sum(level * np.sin(2 * np.pi * hz * SECOND) for hz, level in zip(harmonics, levels, strict=True))
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def spectrum(sound: Sound) -> NDArray[np.float64]:
    return np.abs(np.fft.rfft(sound * np.hanning(len(sound)), SAMPLE_RATE))  # a bin is 1 Hz


def pitch_of(sound: Sound) -> float:
    middle = sound[len(sound) // 4 : 3 * len(sound) // 4].astype(np.float64)
    alike = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    return SAMPLE_RATE / (60 + int(np.argmax(alike[60:400])))


def formant_of(sound: Sound) -> float:
    """The middle of the power around the formant."""
    hz = np.arange(500, 1700)
    power = spectrum(sound)[hz] ** 2
    return float(np.sum(hz * power) / np.sum(power))


def level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def test_a_band_keeps_what_is_inside_and_drops_what_is_outside() -> None:
    mixed = tone(100) + tone(1000) + tone(6000)
    kept = limit_band(mixed, 300, 3400)
    assert np.allclose(kept, tone(1000), atol=0.01)
    with pytest.raises(ValueError, match="0 <= low < high"):
        limit_band(mixed, 3000, 300)


def test_a_telephone_takes_the_band_and_adds_a_little_noise() -> None:
    heard = through_telephone(tone(1000) + tone(6000))
    assert heard.shape == SECOND.shape
    middle = slice(1000, 15000)
    error = level((heard - tone(1000))[middle]) / level(tone(1000))
    assert 1e-4 < error < 0.05


@pytest.mark.parametrize(("codec", "kbit"), [("mp3", 24), ("mp3", 64), ("opus", 12), ("opus", 32)])
def test_a_codec_is_close_in_step_and_as_long(codec: str, kbit: float) -> None:
    rng = np.random.default_rng(0)
    envelope = np.repeat(rng.uniform(0.1, 1, 20), SAMPLE_RATE // 20)
    sound = (vowel() * envelope).astype(np.float32)
    heard = through_codec(sound, codec, kbit)
    assert heard.shape == sound.shape and heard.dtype == np.float32
    middle = slice(2000, 14000)
    alike = float(np.corrcoef(heard[middle], sound[middle])[0, 1])
    assert 0.8 < alike < 0.99999


def test_a_codec_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no codec 'tape'"):
        through_codec(tone(440), "tape", 32)
    with pytest.raises(ValueError, match="does not work at 1000"):
        through_codec(tone(440), "opus", 1000)


def test_clipping_cuts_at_the_level_that_is_asked_for() -> None:
    clipped = clip_peaks(tone(440), 6.0206)
    assert np.abs(clipped).max() == pytest.approx(0.15, abs=1e-3)
    assert np.mean(np.abs(clipped) > 0.149) == pytest.approx(
        2 / 3, abs=0.02
    )  # a sine is above half its peak for this share of the time
    with pytest.raises(ValueError, match="negative"):
        clip_peaks(tone(440), -1)


@pytest.mark.parametrize("factor", [0.85, 1.18])
def test_another_throat_moves_the_formant_and_keeps_the_pitch(factor: float) -> None:
    changed = warp_tract(vowel(), factor)
    assert changed.shape == SECOND.shape
    assert pitch_of(changed) == pytest.approx(120, rel=0.02)
    assert formant_of(changed) == pytest.approx(formant_of(vowel()) * factor, rel=0.06)
    assert level(changed) == pytest.approx(level(vowel()), rel=0.01)


@pytest.mark.parametrize("factor", [0.85, 1.18])
def test_another_pitch_keeps_the_formant(factor: float) -> None:
    changed = shift_pitch(vowel(), factor)
    assert changed.shape == SECOND.shape
    assert pitch_of(changed) == pytest.approx(120 * factor, rel=0.03)
    assert formant_of(changed) == pytest.approx(formant_of(vowel()), rel=0.09)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_another_speed_keeps_pitch_and_level(speed: float) -> None:
    changed = change_speed(vowel(), speed)
    assert len(changed) == round(SAMPLE_RATE / speed)
    assert pitch_of(changed) == pytest.approx(120, rel=0.02)
    assert level(changed) == pytest.approx(level(vowel()), rel=0.1)
    with pytest.raises(ValueError, match="above 0"):
        change_speed(vowel(), 0)


def test_a_change_in_time_stays_where_it_belongs() -> None:
    sound = np.concatenate([np.zeros(8000, np.float32), vowel()[:8000]])
    slow = change_speed(sound, 0.5)
    loud = np.flatnonzero(np.abs(slow) > 0.05)
    assert loud[0] == pytest.approx(16000, abs=500)


CHANGES: list[Callable[[Sound], Sound]] = [
    lambda sound: limit_band(sound, 300, 3400),
    through_telephone,
    lambda sound: through_codec(sound, "opus", 16),
    lambda sound: clip_peaks(sound, 10),
    lambda sound: warp_tract(sound, 1.1),
    lambda sound: change_speed(sound, 1.1),
    lambda sound: shift_pitch(sound, 1.1),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("sound", [np.zeros(8000, np.float32), tone(440)[:100]], ids=["silence", "6 ms"])
def test_silence_and_shreds_give_no_nonsense(change: Callable[[Sound], Sound], sound: Sound) -> None:
    changed = change(sound)
    assert np.all(np.isfinite(changed)) and np.abs(changed).max() <= 1
    assert changed.dtype == np.float32


def test_lines_are_drawn_as_often_as_they_are_asked_for_and_the_same_again() -> None:
    sound = tone(440)
    never = LineConfig(0, 0, 0, 0)
    always = LineConfig(0, 0, 0, 1)
    assert np.array_equal(through_a_line(sound, np.random.default_rng(0), never), sound)
    assert np.abs(through_a_line(sound, np.random.default_rng(0), always)).max() < 0.3 * 0.75
    first, again = (
        [through_a_line(sound, rng) for _ in range(8)] for rng in (np.random.default_rng(5), np.random.default_rng(5))
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not np.array_equal(a, sound) for a in first)
    with pytest.raises(ValueError, match="at most 1"):
        LineConfig(band_share=0.9, codec_share=0.2)


def test_another_speaker_is_the_same_for_the_same_chance() -> None:
    first, again = (by_another_speaker(vowel(), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    lengths = {len(by_another_speaker(vowel(), np.random.default_rng(seed))) for seed in range(6)}
    assert len(lengths) > 2
