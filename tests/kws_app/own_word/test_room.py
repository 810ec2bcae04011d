"""The sound of the user's room."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio.source import Feed
from kws_app.errors import AudioError
from kws_app.own_word.room import PIECE_S, ROOM_S, RoomRecorder, save_room
from tests.support.made_up_word import RATE_HZ

HISS = np.random.default_rng(0).normal(0, 0.01, round(13.0 * RATE_HZ)).astype(np.float32)


def test_it_records_two_minutes_at_any_rate():
    feed = Feed(48_000)
    recorder = RoomRecorder(feed)
    while not recorder.over:
        feed.ring.write(np.ones(48_000, np.float32) * 0.1)
        recorder.look()
    assert recorder.seconds == pytest.approx(ROOM_S, abs=1.1)
    assert len(recorder.samples) == round(recorder.seconds * RATE_HZ)


def test_pieces_that_are_not_silent_are_kept_in_place_of_those_before(tmp_path: Path):
    folder = tmp_path / "room"
    assert save_room(HISS, folder) == 4
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == [f"room-{number:02}.flac" for number in range(1, 5)]
    assert soundfile.info(files[0]).duration == PIECE_S
    half = HISS.copy()
    half[: len(half) // 2] = 0
    assert save_room(half, folder) == 2 and len(list(folder.iterdir())) == 2


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path):
    (tmp_path / "room").write_text("a file where the folder should be")
    with pytest.raises(AudioError, match="free some space"):
        save_room(HISS, tmp_path / "room")
