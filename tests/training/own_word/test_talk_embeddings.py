"""Talk with four bits for a number comes back nearly the same. A damaged file gives a sentence."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from training.own_word.talk_embeddings import LEVELS, Talk, TalkStream, as_stored, read_talk, talk_of, write_talk


def some_talk(seed: int = 0) -> Talk:
    rng = np.random.default_rng(seed)
    shift, spread = rng.normal(0, 20, 96), rng.uniform(5, 25, 96)
    parts = [(rng.normal(size=(steps, 96)) * spread + shift).astype(np.float32) for steps in (3000, 500)]
    return talk_of([TalkStream("a", "training", parts[0]), TalkStream("b", "validation", parts[1])])


def test_what_is_read_is_near_what_was_written(tmp_path: Path) -> None:
    talk = some_talk()
    write_talk(tmp_path / "talk.safetensors", talk)
    found = read_talk(tmp_path / "talk.safetensors")
    assert [(s.source, s.split, len(s.embeddings)) for s in found.streams] == [
        ("a", "training", 3000),
        ("b", "validation", 500),
    ]
    for ours, theirs in zip(talk.streams, found.streams, strict=True):
        error = talk.scaled(ours.embeddings) - found.scaled(theirs.embeddings)
        assert theirs.embeddings.flags.c_contiguous  # heads see windows of it that share its memory
        # sixteen levels for a normal distribution leave 0.0095 of its variance (Max 1960)
        assert 0.008 < np.square(error).mean() < 0.011
    assert (
        tmp_path / "talk.safetensors"
    ).stat().st_size < 3500 * 48 + 2500  # these numbers are random: nothing can be compressed


def test_levels_are_symmetric_and_rise() -> None:
    np.testing.assert_allclose(LEVELS, -LEVELS[::-1])
    assert (np.diff(LEVELS) > 0).all() and len(LEVELS) == 16


def test_the_word_is_rounded_as_the_talk_is(tmp_path: Path) -> None:
    talk = some_talk()
    write_talk(tmp_path / "talk.safetensors", talk)
    found = read_talk(tmp_path / "talk.safetensors")
    ours = as_stored(talk.scaled(talk.streams[0].embeddings))
    np.testing.assert_allclose(found.scaled(found.streams[0].embeddings), ours, rtol=0, atol=1e-4)


def test_scaling_is_by_the_training_streams_alone() -> None:
    talk = some_talk()
    scaled = talk.scaled(talk.of("training")[0].embeddings)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-4)
    assert talk.hours("validation") == pytest.approx(500 * 0.08 / 3600)
    with pytest.raises(ValueError, match="no talk"):
        talk_of(talk.of("validation"))


def test_a_missing_damaged_or_foreign_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "talk.safetensors"
    with pytest.raises(FileNotFoundError, match="install the program again"):
        read_talk(path)
    write_talk(path, some_talk())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cannot be read"):
        read_talk(path)
    path.write_bytes(whole)
    save_file(load_file(path), path, metadata={"body_sha256": "0" * 64, "streams": "[]"})
    with pytest.raises(ValueError, match="another speech embedding"):
        read_talk(path)
