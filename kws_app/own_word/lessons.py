"""Turns the user's labels into sounds for a training: sounds of the word, and other sounds. No Qt.

On the disk thread, which owns the clips.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import soundfile

from kws_app.atomic_file import UNFINISHED
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import FALSE_ALARM, Entry
from kws_app.history.export import the_word
from kws_app.own_word.order import WordPlaces

LESSON_S = 1.6  # length of a sound: enough for two words that are said slowly
NAME = "heard-{}.flac"
FEWEST = 3  # sounds of a kind; some are kept back, to compare the new model with the old model


@dataclass(frozen=True)
class Lessons:
    """The number of sounds for a training."""

    said: int  # sounds of the word
    not_the_word: int  # other sounds

    @property
    def count(self) -> int:
        return self.said + self.not_the_word

    @property
    def enough(self) -> bool:
        """Whether there are enough sounds to compare a new model with the old model."""
        return max(self.said, self.not_the_word) >= FEWEST

    @classmethod
    def among(cls, entries: Iterable[Entry], keyword: str, clips: set[str]) -> "Lessons":
        """What the labels of a word teach. clips: ids that have a clip"""
        labelled = [e for e in entries if e.record.keyword == keyword and _teaches(e) and e.id in clips]
        wrong = sum(entry.label == FALSE_ALARM for entry in labelled)
        return cls(len(labelled) - wrong, wrong)


def _teaches(entry: Entry) -> bool:
    return entry.is_labelled and not entry.deleted


def write_lessons(store: ClipStore, entries: Iterable[Entry], keyword: str, places: WordPlaces) -> Lessons:
    """Bring both folders of a word up to date with its labels; clips that are gone stay where they were learnt from.

    raises OSError if the disk refuses, AudioError if a clip is damaged
    """
    counts = {True: 0, False: 0}
    for entry in entries:
        if entry.record.keyword != keyword:
            continue
        name = NAME.format(entry.id)
        wrong = entry.label == FALSE_ALARM
        for folder in (places.said, places.not_the_word):
            if not _teaches(entry) or (folder == places.not_the_word) != wrong:
                (folder / name).unlink(missing_ok=True)
        if not _teaches(entry) or entry.id not in store.sizes:
            continue
        _write((places.not_the_word if wrong else places.said) / name, store, entry)
        counts[wrong] += 1
    return Lessons(counts[False], counts[True])


def _write(path: Path, store: ClipStore, entry: Entry) -> None:
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    samples = the_word(entry, store.read(entry.id), LESSON_S)
    part = path.with_name(f"{UNFINISHED}{path.name}")
    try:
        soundfile.write(str(part), samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    except soundfile.SoundFileError as error:
        raise AudioError(str(error)) from error
    part.replace(path)
