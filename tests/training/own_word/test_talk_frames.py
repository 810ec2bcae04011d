"""Talk as coarse frames: near what went in, as lively as it was, and only beside the talk that it belongs to."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from training.own_word.talk_embeddings import TalkStream, talk_of
from training.own_word.talk_frames import TalkFrames, as_stored, codes_of, frames_from, read_frames, write_frames


def some_frames(steps: int, seed: int = 0) -> np.ndarray:
    """Frames that change slowly, as those of speech do. [8 * steps, 40]"""
    rng = np.random.default_rng(seed)
    slow = lfilter([0.05], [1, -0.95], rng.normal(0, 12, (steps * 8, 40)), axis=0)
    return (-7 + slow + rng.normal(0, 0.6, slow.shape)).astype(np.float32)


def some_talk() -> tuple[TalkFrames, list[TalkStream]]:
    rng = np.random.default_rng(1)
    streams = [
        TalkStream(name, split, rng.normal(size=(steps, 96)).astype(np.float32))
        for name, split, steps in (("a", "training", 900), ("b", "validation", 300))
    ]
    return TalkFrames((some_frames(500), some_frames(0))), streams


def test_frames_come_back_near_and_as_lively(tmp_path: Path) -> None:
    frames, streams = some_talk()
    path = tmp_path / "frames.safetensors"
    write_frames(path, frames, talk_of(streams))
    found = read_frames(talk_of(streams), path)
    assert [len(stream) for stream in found.streams] == [4000, 0]
    ours, theirs = frames.streams[0], found.streams[0].astype(np.float32)
    assert np.sqrt(np.square(ours - theirs).mean()) < 1.6  # what is rounded away, and noise in its place
    lively = [float(np.diff(some, axis=0).std()) for some in (ours, theirs)]
    assert lively[1] == pytest.approx(lively[0], rel=0.35)
    assert path.stat().st_size < 0.25 * ours.size  # a byte for four numbers


def test_the_word_is_rounded_as_the_talk_is() -> None:
    frames = some_frames(80).astype(np.float16).reshape(2, 320, 40)
    found = as_stored(frames)
    assert found.shape == frames.shape
    expected = frames_from(codes_of(frames[0]), np.random.default_rng(0))
    np.testing.assert_array_equal(found[0], expected)


def test_frames_of_other_talk_or_a_damaged_file_are_told_in_a_sentence(tmp_path: Path) -> None:
    frames, streams = some_talk()
    path = tmp_path / "frames.safetensors"
    with pytest.raises(FileNotFoundError, match="install the program again"):
        read_frames(talk_of(streams), path)
    write_frames(path, frames, talk_of(streams))
    with pytest.raises(ValueError, match="other talk"):
        read_frames(talk_of([*streams, TalkStream("c", "training", streams[0].embeddings)]), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cannot be read"):
        read_frames(talk_of(streams), path)
