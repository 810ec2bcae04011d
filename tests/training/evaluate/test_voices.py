"""Groups of voices, by the pitch of a tone with overtones like a voice's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.evaluate.hits_and_alarms import Events
from training.evaluate.stream_plan import Part, Stream
from training.evaluate.stream_replay import by_voice
from training.evaluate.voices import HIGH, LOW, MIDDLE, pitch_hz, voice_group


def voice(hz: float, seconds: float = 0.6) -> np.ndarray:
    """A second of faint noise with a tone of 12 overtones in it."""
    noise = np.random.default_rng(0).normal(0, 1e-3, SAMPLE_RATE)
    t = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 13))
    noise[3200 : 3200 + len(t)] += 0.2 * tone
    return noise.astype(np.float32)


@pytest.mark.parametrize(
    ("hz", "group"), [(95, LOW), (130, LOW), (150, LOW), (180, MIDDLE), (220, MIDDLE), (260, HIGH), (340, HIGH)]
)
def test_the_pitch_decides(hz: float, group: str, write_wav: Callable[..., Path]) -> None:
    path = write_wav(voice(hz), f"{hz}.wav")
    assert pitch_hz(path) == pytest.approx(hz, rel=0.03)
    assert voice_group(path) == group


def test_silence_and_a_click_have_no_voice(write_wav: Callable[..., Path]) -> None:
    assert voice_group(write_wav(np.zeros(SAMPLE_RATE, np.float32), "silence.wav")) is None
    assert voice_group(write_wav(np.ones(100, np.float32), "click.wav")) is None


def test_misses_are_counted_by_voice(write_wav: Callable[..., Path]) -> None:
    low, high = write_wav(voice(100), "low.wav"), write_wav(voice(260), "high.wav")
    silent = write_wav(np.zeros(SAMPLE_RATE, np.float32), "none.wav")
    clips = [low, high, silent, low, low]
    talk = Part("read speech", low)
    stream = Stream([talk, *(Part("read speech", path, is_keyword=True) for path in clips), talk], 0)
    found = by_voice(Events(frozenset({0, 2, 3}), 0, [], []), stream)
    assert {name: (row.keywords, row.missed) for name, row in found.items()} == {LOW: (3, 1), HIGH: (1, 1)}
    assert found[LOW].share[0] == pytest.approx(1 / 3)
