"""The page on which the word is said: a feed is spoken into, as a microphone would be."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.takes import Fault, save_takes
from kws_app.ui.own_word.say_page import SayPage
from tests.support.made_up_word import OTHER, RATE_HZ, WORD, Audio, said, voice


class Room:
    """A page, what its microphone hears, and what it played."""

    def __init__(self, qtbot: QtBot, tmp_path: Path) -> None:
        self.feed: Feed | None = Feed(RATE_HZ)
        self.played: list[Samples] = []
        self.page = SayPage(lambda: self.feed, self.played.append)
        self.page.set_word("made up", tmp_path / "none")
        self.page.set_active(True)
        qtbot.addWidget(self.page)
        self.page.show()
        self._qtbot = qtbot

    def say(self, recording: Audio) -> None:
        """Record one take; the microphone hears the recording and then a quiet room."""
        before = len(self.page.takes)
        self.page.record.click()
        assert self.page.recording and self.feed is not None
        self.feed.ring.write(recording)
        self._qtbot.waitUntil(lambda: not self.page.recording)
        assert len(self.page.takes) == before + 1


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Room:
    return Room(qtbot, tmp_path)


def test_takes_are_said_heard_and_counted(room: Room):
    for seed in range(3):
        room.say(said(voice(*WORD, seed=seed), after_s=1.0))
    assert room.page.good_takes == 3
    assert "2 more good takes" in room.page.prompt.text()
    room.page.list.setCurrentRow(1)
    room.page.play.click()
    assert room.played == [room.page.takes[1].samples]


def test_a_take_of_silence_and_of_another_word_say_why(room: Room):
    room.say(np.zeros(5 * RATE_HZ, dtype=np.float32))
    assert room.page.takes[0].fault is Fault.SILENT
    for seed in range(3):
        room.say(said(voice(*WORD, seed=seed), after_s=1.0))
    room.say(said(voice(*OTHER), after_s=1.0))
    assert room.page.takes[4].fault is Fault.UNLIKE
    item = room.page.list.item(4)
    assert item is not None and Fault.UNLIKE.sentence in item.text()


def test_a_bad_take_is_said_again_in_its_place(room: Room):
    room.say(np.zeros(5 * RATE_HZ, dtype=np.float32))
    room.say(said(voice(*WORD), after_s=1.0))
    room.page.list.setCurrentRow(0)
    room.page.redo.click()
    assert room.feed is not None
    room.feed.ring.write(said(voice(*WORD, seed=4), after_s=1.0))
    room._qtbot.waitUntil(lambda: not room.page.recording)
    assert [take.good for take in room.page.takes] == [True, True]


def test_a_microphone_that_goes_away_during_a_take_is_said(room: Room, qtbot: QtBot):
    room.page.record.click()
    room.feed = Feed(RATE_HZ)
    qtbot.waitUntil(lambda: "was disconnected" in room.page.prompt.text())
    assert not room.page.recording and not room.page.takes


def test_without_a_microphone_nothing_is_recorded_and_the_page_says_so(room: Room):
    room.feed = None
    room.page.record.click()
    assert "is not ready" in room.page.prompt.text() and not room.page.recording


def test_another_word_begins_with_the_takes_of_it_that_were_kept(room: Room, tmp_path: Path):
    room.say(said(voice(*WORD), after_s=1.0))
    kept = tmp_path / "made_up"
    save_takes(room.page.takes, kept)
    room.page.set_word("made up", kept)
    assert len(room.page.takes) == 1
    room.page.set_word("another", tmp_path / "another")
    assert not room.page.takes and room.page.list.count() == 0
    room.page.set_word("made up", kept)
    assert room.page.good_takes == 1


def test_files_are_taken_in_and_a_broken_file_is_said(room: Room, tmp_path: Path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for seed in range(2):
        soundfile.write(folder / f"{seed}.wav", voice(*WORD, seed=seed), RATE_HZ)
    room.page.add_files([folder])
    assert room.page.good_takes == 2
    (tmp_path / "broken.wav").write_bytes(b"no audio")
    room.page.add_files([tmp_path / "broken.wav"])
    assert len(room.page.takes) == 2 and "broken.wav" in room.page.prompt.text()
    empty = tmp_path / "empty"
    empty.mkdir()
    room.page.add_files([empty])
    assert "no audio file in this folder" in room.page.prompt.text()


def test_a_word_that_is_only_typed_needs_no_take(room: Room):
    button: Callable[..., object] = room.page.counts.button(0).click  # type: ignore[union-attr]
    button()
    assert room.page.wanted == 0
    assert not room.page.record.isEnabled()
    assert "synthetic voices only" in room.page.prompt.text()
