"""FileSource: the fake microphone. Same samples as the file, in real time or as fast as they are read."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio.audio_file import TAIL_S
from kws_app.audio.file_source import FileSource
from kws_app.audio.source import Phase
from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.loudness import bursts
from tests.support.waiting import Stopwatch


def drain(source: FileSource) -> np.ndarray:
    """Everything that a source gives until it ends."""
    assert source.feed is not None
    parts = []
    while True:
        over = source.state.phase in (Phase.ENDED, Phase.FAILED, Phase.STOPPED)
        block = source.feed.reader.read(SAMPLE_RATE)
        assert block.lost == 0
        parts.append(block.samples)
        if over and not len(block.samples):
            return np.concatenate(parts)


TAIL_SAMPLES = round(TAIL_S * SAMPLE_RATE)


def test_an_unpaced_file_gives_its_samples_then_silence_and_ends(write_wav):
    samples = bursts(0.2, duration_s=40.0)  # longer than the ring: nothing may be overwritten
    source = FileSource(write_wav(samples), paced=False)
    source.start()
    assert source.length_s is None
    given = drain(source)
    np.testing.assert_array_equal(given[:-TAIL_SAMPLES], samples)
    assert len(given) == len(samples) + TAIL_SAMPLES and not given[-TAIL_SAMPLES:].any()
    assert source.state.phase is Phase.ENDED
    assert source.length_s == 40.0
    source.stop()


def test_a_paced_file_takes_its_own_time(write_wav):
    source = FileSource(write_wav(bursts(0.2, duration_s=0.6)))
    begun, stopwatch = time.monotonic(), Stopwatch()
    source.start()
    samples = drain(source)
    took_s = time.monotonic() - begun
    assert len(samples) == round(0.6 * SAMPLE_RATE) + TAIL_SAMPLES
    assert took_s >= 0.6 + TAIL_S  # never early
    assert stopwatch.seconds < 1.5 + TAIL_S
    source.stop()


def test_it_stops_in_the_middle(write_wav):
    source = FileSource(write_wav(bursts(0.2, duration_s=30.0)))
    source.start()
    stopwatch = Stopwatch()
    source.stop()
    assert stopwatch.seconds < 0.5
    assert source.state.phase is Phase.STOPPED


def test_stopping_before_the_start_does_nothing(tmp_path: Path):
    FileSource(tmp_path / "none.wav").stop()


@pytest.mark.parametrize("content", [None, b"", b"no audio at all"])
def test_a_file_that_is_no_audio_fails_with_a_sentence(tmp_path: Path, content: bytes | None):
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    source = FileSource(path, paced=False)
    source.start()
    assert len(drain(source)) == 0
    assert source.state.phase is Phase.FAILED
    assert "bad.wav" in source.state.message
    source.stop()


def test_what_is_said_about_a_file_is_its_state(write_wav, monkeypatch):
    path = write_wav(bursts(0.2, duration_s=1.0) * 32_768)
    source = FileSource(path, paced=False)
    said: list[str] = []
    monkeypatch.setattr(
        FileSource, "state", property(lambda _: None, lambda _, state: said.append(state.message)), raising=False
    )
    source._play(path, source.feed)
    assert said[0] == f"The samples in {path} are not between -1 and 1: they are scaled down."


def test_a_file_that_cannot_be_read_to_its_end_fails_after_what_can(tmp_path: Path):
    path = tmp_path / "damaged.flac"
    soundfile.write(str(path), np.random.default_rng(0).normal(0, 0.1, 10 * SAMPLE_RATE), SAMPLE_RATE)
    path.write_bytes(path.read_bytes()[:100_000])
    source = FileSource(path, paced=False)
    source.start()
    assert len(drain(source)) > SAMPLE_RATE
    assert source.state.phase is Phase.FAILED and "is damaged" in source.state.message
    source.stop()


def test_it_goes_on_after_being_held_up_instead_of_making_it_up(write_wav, monkeypatch):
    source = FileSource(write_wav(bursts(0.2, duration_s=1.0)))
    assert source.feed is not None
    block = np.zeros(320, dtype=np.float32)
    begun = time.monotonic() - 100.0  # a laptop that slept
    before = time.monotonic()
    again = source._pace(source.feed, begun, block)
    assert before - 0.02 <= again <= time.monotonic()
