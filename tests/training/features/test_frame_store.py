"""The frame store holds the frontend's frames and leaves out broken files. Two processes may build it at once."""

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE
from tests.support.toy_speech import DATA, word, write_archive
from training.corpus.sound import load_sound, pad_to_second, word_bounds
from training.features import frame_store
from training.features.frame_store import KEYWORD, NOISE, SPEECH, WORD, FrameStore, open_store


def test_stored_frames_are_the_frontends(toy_archive: Path, toy_store: FrameStore) -> None:
    index = int(toy_store.select(KEYWORD, "validation")[0])
    sound = load_sound(toy_archive / "speech_commands" / toy_store.name[index])
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    # float16 keeps about three digits of values up to 20
    torch.testing.assert_close(toy_store.item(index), log_mel[0], rtol=1e-3, atol=8e-3)


def test_variants_are_of_training_clips_only(toy_store: FrameStore) -> None:
    assert len(toy_store.select(KEYWORD, "training")) == 16
    assert len(toy_store.select(KEYWORD, "training", as_recorded=True)) == 8
    for split in ("validation", "testing"):
        assert (toy_store.variant[toy_store.select(KEYWORD, split)] == 0).all()
    assert all(len(toy_store.select(kind, "training")) for kind in (WORD, SPEECH, NOISE))


def test_word_bounds_find_the_glide() -> None:
    sound = np.random.default_rng(0).normal(0, 1e-3, SAMPLE_RATE).astype(np.float32)
    sound[6400:9600] += 0.2 * np.sin(2 * np.pi * 500 * np.arange(3200) / SAMPLE_RATE).astype(np.float32)
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(sound)[None], frontend.initial_tail())
    first, last, _ = word_bounds(log_mel[0].numpy())
    assert abs(first - 39) <= 4 and abs(last - 59) <= 4  # frames of 10 ms; smoothing blurs by a few


def test_short_clips_are_padded_to_a_second() -> None:
    padded = pad_to_second(np.ones(10_001, np.float32))
    assert len(padded) == SAMPLE_RATE and padded.sum() == 10_001 and padded[0] == padded[-1] == 0


def test_broken_files_are_named_counted_and_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = write_archive(tmp_path / "data")
    broken = root / "speech_commands" / "fall" / "0000000a_nohash_0.wav"
    broken.write_text("no audio at all")
    with caplog.at_level(logging.WARNING):
        store = open_store(root, tmp_path / "cache", DATA)
    assert str(broken) in caplog.text and "1 of " in caplog.text
    assert f"fall/{broken.name}" not in store.name and len(store.select(WORD, "training")) == 15


def test_two_builders_end_with_one_store(toy_archive: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        stores = list(pool.map(lambda _: open_store(toy_archive, tmp_path, DATA), range(2)))
    assert torch.equal(stores[0].frames, stores[1].frames)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unknown_keyword_names_the_words_there_are(toy_archive: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(ValueError, match="fall, flat, rise"):
        open_store(toy_archive, tmp_path, replace(DATA, keyword="sheila"))


def test_toy_words_differ() -> None:
    rng = np.random.default_rng(0)
    assert word("rise", rng).shape == (SAMPLE_RATE,)


def test_a_store_that_cannot_be_read_is_built_anew(
    toy_archive: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(toy_archive, tmp_path, DATA)
    (folder,) = tmp_path.iterdir()
    whole = tmp_path.with_name("whole")
    shutil.copytree(folder, whole)
    # building takes long: the second build copies the result of the first
    monkeypatch.setattr(frame_store, "_build", lambda target, *_: shutil.copytree(whole, target, dirs_exist_ok=True))
    for damaged in ("items.npz", "frames.f16"):
        content = (folder / damaged).read_bytes()
        (folder / damaged).write_bytes(content[: len(content) // 2])
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            again = open_store(toy_archive, tmp_path, DATA)
        assert "cannot be read" in caplog.text and "built again" in caplog.text
        assert again.name == store.name and torch.equal(again.item(3), store.item(3))
