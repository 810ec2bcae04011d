"""Labels become sounds that a training learns from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import FALSE_ALARM, RIGHT, Entry
from kws_app.history.facts import DetectionRecord
from kws_app.own_word.lessons import LESSON_S, Lessons, write_lessons
from kws_app.own_word.order import WordPlaces

RATE_HZ = 16_000


def entry(id: str, label: str = "", keyword: str = "boom", missed: bool = False) -> Entry:
    record = DetectionRecord(
        "2026-11-29T10:00:00.000+00:00", None, "mic", keyword, f"{keyword}/expert", 9.0, 0.9, id, missed=missed
    )
    return Entry(record, label=label)


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    store = ClipStore(tmp_path / "clips")
    for id in ("right", "wrong", "missed", "bare", "other"):
        store.write(id, np.full(round(2.5 * RATE_HZ), 0.1, np.float32))
    return store


ENTRIES = [
    entry("right", RIGHT),
    entry("wrong", FALSE_ALARM),
    entry("missed", missed=True),
    entry("bare"),
    entry("other", RIGHT, keyword="happy"),
    entry("no clip", RIGHT),
]


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*"))


def test_the_word_and_what_is_not_the_word_go_apart(store: ClipStore, tmp_path: Path):
    places = WordPlaces(tmp_path, "boom")
    assert write_lessons(store, ENTRIES, "boom", places) == Lessons(2, 1)
    assert Lessons.among(ENTRIES, "boom", set(store.sizes)) == Lessons(2, 1)
    assert names(places.said) == ["heard-missed", "heard-right"] and names(places.not_the_word) == ["heard-wrong"]
    assert soundfile.info(places.said / "heard-right.flac").duration == LESSON_S
    assert not Lessons(2, 1).enough and Lessons(3, 0).enough and Lessons(0, 3).enough


def test_a_label_that_changed_moves_its_sound(store: ClipStore, tmp_path: Path):
    places = WordPlaces(tmp_path, "boom")
    write_lessons(store, ENTRIES, "boom", places)
    changed = [entry("right", FALSE_ALARM), entry("wrong"), replace(entry("missed", missed=True), deleted=True)]
    assert write_lessons(store, changed, "boom", places) == Lessons(0, 1)
    assert names(places.said) == [] and names(places.not_the_word) == ["heard-right"]


def test_a_clip_that_made_room_stays_learnt(store: ClipStore, tmp_path: Path):
    places = WordPlaces(tmp_path, "boom")
    write_lessons(store, ENTRIES, "boom", places)
    store.remove("right")
    write_lessons(store, ENTRIES, "boom", places)
    assert "heard-right" in names(places.said)
