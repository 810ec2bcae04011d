"""Clips on disk: whole or not at all, for their owner only, and bounded."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.atomic_file import UNFINISHED, tidy_unfinished
from kws_app.errors import AudioError
from kws_app.history.clip_store import ClipLimits, ClipStore, outline
from kws_app.history.facts import new_id

SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "data" / "clips")


def test_a_clip_comes_back_as_it_was_heard(store: ClipStore):
    id = new_id()
    store.write(id, SOUND)
    np.testing.assert_allclose(store.read(id), SOUND, atol=1 / 32_000)
    info = soundfile.info(str(store.path(id)))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", 16_000, 1)
    assert store.sizes == {id: store.path(id).stat().st_size}


def test_samples_beyond_full_scale_are_clipped(store: ClipStore):
    store.write(id := new_id(), 3 * SOUND)
    assert np.abs(store.read(id) - np.clip(3 * SOUND, -1, 1)).max() < 1e-4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_may_read(store: ClipStore):
    store.write(id := new_id(), SOUND)
    assert stat.S_IMODE(store.path(id).stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_a_write_that_fails_leaves_nothing(store: ClipStore, monkeypatch: pytest.MonkeyPatch):
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.write(new_id(), SOUND)
    assert list(store.folder.iterdir()) == [] and store.sizes == {}


def test_what_a_crash_left_is_tidied_and_what_is_not_ours_stays(store: ClipStore):
    store.write(id := new_id(), SOUND)
    (store.folder / f"{UNFINISHED}x1y2").write_bytes(b"half")
    (store.folder / "my song.flac").write_bytes(b"not ours")
    again = ClipStore(store.folder)
    tidy_unfinished(store.folder)
    again.look()
    assert list(again.sizes) == [id]
    assert sorted(path.name for path in store.folder.iterdir()) == sorted([f"{id}.flac", "my song.flac"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to make links")
def test_links_and_pipes_among_the_clips_are_no_clips(store: ClipStore, tmp_path: Path):
    store.write(id := new_id(), SOUND)
    dangling, pipe, link = (new_id() for _ in range(3))
    store.path(dangling).symlink_to(tmp_path / "nowhere")
    store.path(link).symlink_to(store.path(id))
    os.mkfifo(store.path(pipe))
    store.look()
    assert list(store.sizes) == [id]
    for other in (dangling, pipe, link):
        with pytest.raises(AudioError, match="There is no clip"):
            store.read(other)


def test_a_clip_that_cannot_be_removed_makes_no_room_and_the_next_ones_go(store: ClipStore):
    ids = [new_id() for _ in range(4)]
    for id in ids[1:]:
        store.write(id, SOUND)
    store.path(ids[0]).mkdir()  # which cannot be unlinked
    store.sizes = {ids[0]: 100, **store.sizes}
    limits = ClipLimits(count=2)
    assert store.surplus(limits, set()) == ids[:2]
    with pytest.raises(OSError, match="irectory"):
        store.remove(ids[0])
    assert store.surplus(limits, set()) == ids[1:3]


def test_a_folder_that_is_not_there_is_empty(store: ClipStore):
    store.look()
    assert store.sizes == {}


def test_a_clip_that_is_gone_or_broken_is_an_audio_error(store: ClipStore):
    with pytest.raises(AudioError, match="There is no clip"):
        store.read("x")
    store.write(id := new_id(), SOUND)
    store.path(id).write_bytes(b"no flac")
    with pytest.raises(AudioError, match="not a readable audio"):
        store.read(id)


def test_removing_twice_is_removing(store: ClipStore):
    store.write(id := new_id(), SOUND)
    store.remove(id)
    store.remove(id)
    assert store.sizes == {} and not store.path(id).exists()


@pytest.mark.parametrize(
    ("limits", "labelled", "surplus"),
    [
        (ClipLimits(4, 4), "", ""),
        (ClipLimits(2, 4), "", "ab"),
        (ClipLimits(2, 4), "ac", "bd"),  # without a label first
        (ClipLimits(1, 4), "abc", "dab"),  # then the oldest of all
        (ClipLimits(4, 3), "", "a"),
        (ClipLimits(4, 2), "a", "bc"),
        (ClipLimits(0, 4), "a", "bcda"),
    ],
)
def test_the_oldest_without_a_label_make_room(store: ClipStore, limits: ClipLimits, labelled: str, surplus: str):
    store.sizes = dict.fromkeys("abcd", 1_000_000)
    assert store.surplus(limits, set(labelled)) == list(surplus)


def test_an_outline_is_the_peaks_in_order():
    sound = np.zeros(4_000, np.float32)
    sound[10], sound[3_999] = -0.5, 0.25
    assert outline(sound, 4).tolist() == [0.5, 0.0, 0.0, 0.25]
    assert outline(np.zeros(0, np.float32), 3).tolist() == [0.0, 0.0, 0.0]
    assert outline(np.ones(2, np.float32), 4).max() == 1.0
