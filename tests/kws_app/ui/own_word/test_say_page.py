"""The page on which the word is said: a feed is spoken into, as a microphone would be."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.room import LEAST_ROOM_S
from kws_app.own_word.series import COUNT_S, FIRST_COUNT
from kws_app.own_word.takes import LEAD_IN_S, Fault, Take, save_takes
from kws_app.ui.own_word.microphone import Microphone
from kws_app.ui.own_word.say_page import SayPage
from tests.support.made_up_word import OTHER, RATE_HZ, WORD, Audio, said, voice


def quiet(seconds: float) -> Audio:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


class Room:
    """A page, what its microphone hears, and what it played."""

    def __init__(self, qtbot: QtBot, tmp_path: Path) -> None:
        self.feed: Feed | None = Feed(RATE_HZ)
        self.trouble = ""  # of the microphone
        self.played: list[Samples] = []
        self.page = SayPage(Microphone(lambda: self.feed, lambda: self.trouble), self.played.append)
        self.page.set_word("made up", tmp_path / "none")
        self.page.set_active(True)
        qtbot.addWidget(self.page)
        self.page.show()
        self._qtbot = qtbot

    def choose(self, count: int) -> None:
        """How often the word will be said."""
        button = self.page.counts.button(count)
        assert button is not None
        button.click()

    def hear(self, recording: Audio) -> None:
        assert self.feed is not None
        self.feed.ring.write(recording)

    def answer(self, recording: Audio) -> None:
        """Wait for the prompt, then speak; the recording ends in a quiet room."""
        self.hear(quiet(FIRST_COUNT * COUNT_S))
        self._qtbot.waitUntil(lambda: self.page.prompt.text() == "Ready…")
        self.hear(quiet(LEAD_IN_S))
        self._qtbot.waitUntil(lambda: self.page.prompt.text() == "Say it now")
        self.hear(recording)
        self._qtbot.waitUntil(lambda: not self.page.speaking)

    def add(self, *recordings: Audio) -> None:
        """Takes that are there already."""
        self.page.takes += [Take(recording) for recording in recordings]
        self.page._show_takes()


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path) -> Room:
    return Room(qtbot, tmp_path)


def test_one_click_counts_down_and_records_until_there_are_enough(room: Room):
    room.choose(3)
    room.page.record.click()
    assert "count: 3" in room.page.prompt.text()
    assert not room.page.files.isEnabled()
    for seed in range(3):
        assert room.page.recording
        room.answer(said(voice(*WORD, seed=seed), after_s=1.0))
    assert not room.page.recording and room.page.good_takes == 3
    assert "are enough" in room.page.prompt.text() and room.page.files.isEnabled()
    room.page.view.lines[1].play.click()
    assert room.played == [room.page.takes[1].samples]


def test_a_bad_take_says_why_and_is_said_again_in_its_place(room: Room):
    room.choose(3)
    room.add(*(voice(*WORD, seed=seed) for seed in range(2)))
    room.page.record.click()
    room.answer(quiet(5))
    assert room.page.takes[2].fault is Fault.SILENT
    assert Fault.SILENT.sentence in room.page.view.lines[2].text.text()
    assert Fault.SILENT.sentence in room.page.prompt.text()
    room.answer(said(voice(*WORD, seed=3), after_s=1.0))
    assert [take.good for take in room.page.takes] == [True] * 3


def test_a_take_of_another_word_says_so(room: Room):
    room.choose(5)
    room.add(*(voice(*WORD, seed=seed) for seed in range(3)))
    room.page.record.click()
    room.answer(said(voice(*OTHER), after_s=1.0))
    assert room.page.takes[3].fault is Fault.UNLIKE


def test_one_click_says_a_take_again_or_removes_it(room: Room):
    room.add(*(voice(*WORD, seed=seed) for seed in range(3)))
    before = room.page.takes[1]
    room.page.view.lines[1].again.click()
    room.answer(said(voice(*WORD, seed=4), after_s=1.0))
    assert not room.page.recording and len(room.page.takes) == 3 and room.page.takes[1] is not before
    room.page.view.lines[0].remove.click()
    assert len(room.page.takes) == 2 and len(room.page.view.lines) == 2


def test_stop_keeps_what_was_said(room: Room):
    room.page.record.click()
    room.answer(said(voice(*WORD), after_s=1.0))
    assert room.page.recording
    room.page.record.click()
    assert not room.page.recording and room.page.good_takes == 1
    assert "4 more good takes" in room.page.prompt.text()


def test_a_microphone_that_goes_away_during_a_take_is_said(room: Room, qtbot: QtBot):
    room.page.record.click()
    room.feed = Feed(RATE_HZ)
    qtbot.waitUntil(lambda: "disconnected" in room.page.prompt.text())
    assert not room.page.recording and not room.page.takes
    room.page.record.click()
    room.feed = None
    qtbot.waitUntil(lambda: not room.page.recording)
    assert "disconnected" in room.page.prompt.text()


def test_a_microphone_that_opens_slowly_is_waited_for(room: Room, qtbot: QtBot):
    room.feed = None
    room.page.record.click()
    assert "being opened" in room.page.prompt.text() and room.page.busy
    room.feed = Feed(RATE_HZ)
    qtbot.waitUntil(lambda: room.page.recording)


def test_without_a_microphone_the_page_says_what_to_do(room: Room):
    room.feed, room.trouble = None, "No microphone was found: plug one in, or open a file."
    for button in (room.page.record, room.page.room.record):
        button.click()
        assert room.page.prompt.text() == room.trouble and not room.page.busy


def test_another_word_begins_with_the_takes_of_it_that_were_kept(room: Room, tmp_path: Path):
    room.add(voice(*WORD))
    kept = tmp_path / "made_up"
    save_takes(room.page.takes, kept)
    room.page.set_word("made up", kept)
    assert len(room.page.takes) == 1
    room.page.set_word("another", tmp_path / "another")
    assert not room.page.takes and not room.page.view.lines
    room.page.set_word("made up", kept)
    assert room.page.good_takes == 1


def test_files_are_taken_in_and_broken_files_are_said(room: Room, tmp_path: Path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    for seed in range(2):
        soundfile.write(folder / f"{seed}.wav", voice(*WORD, seed=seed), RATE_HZ)
    room.page.add_files([folder])
    assert room.page.good_takes == 2
    broken = folder / "broken.wav"
    broken.write_bytes(b"no audio")
    room.page.add_files([folder / "0.wav", broken])
    assert len(room.page.takes) == 3 and "broken.wav" in room.page.prompt.text()
    room.page.add_files([broken, broken, folder / "1.wav"])
    assert len(room.page.takes) == 4 and room.page.prompt.text().startswith("2 of 3 files could not be used.")
    empty = tmp_path / "empty"
    empty.mkdir()
    room.page.add_files([empty])
    assert "no audio file in this folder" in room.page.prompt.text()


def test_a_word_that_is_only_typed_needs_no_take(room: Room):
    room.choose(0)
    assert room.page.wanted == 0
    assert not room.page.record.isEnabled()
    assert "synthetic voices only" in room.page.prompt.text()


def test_the_room_is_recorded_until_it_is_stopped(room: Room, qtbot: QtBot):
    page = room.page
    page.room.record.click()
    assert page.room.recording and not page.record.isEnabled()
    room.hear(np.full(round(2 * RATE_HZ), 0.1, np.float32))
    page.room.record.click()
    assert page.room.samples is None and "too short" in page.room.text.text()
    page.room.record.click()
    assert page.room.recording
    for _ in range(round(LEAST_ROOM_S) + 1):
        before = page.room.bar.value()
        room.hear(np.full(RATE_HZ, 0.1, np.float32))
        qtbot.waitUntil(lambda before=before: page.room.bar.value() > before)
    page.room.record.click()
    assert page.room.samples is not None and "The training uses" in page.room.text.text()
    assert page.record.isEnabled()


def test_closing_the_page_stops_all_recording(room: Room):
    room.page.record.click()
    room.page.set_active(False)
    assert not room.page.busy
    room.page.set_active(True)
    room.page.room.record.click()
    room.page.set_active(False)
    assert not room.page.busy
