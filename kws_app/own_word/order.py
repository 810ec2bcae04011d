"""What a training of a word is asked to do, and where everything of a user's own words lies. No Qt."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.own_word.languages import LANGUAGES, USUAL
from kws_app.own_word.word import check_word, folder_name

_RECORDINGS = "own_words"  # below the data folder
_SAID, _NOT_THE_WORD, _WORK = ".said", ".not_the_word", ".work"  # in it; no word begins with a dot
_TYPED = "word.json"  # in a word's folder: how it was typed
MOST_BYTES = 20_000  # of that file


@dataclass(frozen=True)
class WordPlaces:
    """The folders of one word."""

    data_dir: Path
    word: str

    @property
    def _all(self) -> Path:
        return self.data_dir / _RECORDINGS

    @property
    def takes(self) -> Path:
        """What the user recorded in the wizard."""
        return self._all / folder_name(self.word)

    @property
    def said(self) -> Path:
        """Clips that the user marked as the word: right or missed."""
        return self._all / _SAID / folder_name(self.word)

    @property
    def not_the_word(self) -> Path:
        """Clips that the user marked as false alarms, and the sound of the room."""
        return self._all / _NOT_THE_WORD / folder_name(self.word)

    @property
    def work(self) -> Path:
        """What a training makes on the way, of all words: a training that was ended goes on from there."""
        return self._all / _WORK


@dataclass(frozen=True)
class Typed:
    """A word as the user typed it, and how far it is."""

    word: str
    language: str = USUAL
    sayings: tuple[str, ...] = ()  # IPA; empty for all common ways
    learnt: bool = False  # else its training was not finished

    def save(self, data_dir: Path) -> None:
        """raises OSError if the disk refuses"""
        folder = WordPlaces(data_dir, self.word).takes
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder / _TYPED, json.dumps(vars(self), ensure_ascii=False).encode())

    @classmethod
    def of(cls, data_dir: Path, keyword: str) -> "Typed":
        """The word of a model; where nobody knows how it was typed, the model's keyword."""
        word = keyword.replace("_", " ")
        return _read(WordPlaces(data_dir, word).takes / _TYPED) or cls(word, learnt=True)

    @classmethod
    def unfinished(cls, data_dir: Path) -> "Typed | None":
        """The word whose training was cut last; None where none was."""
        folder = data_dir / _RECORDINGS
        files = sorted(folder.glob(f"*/{_TYPED}"), key=lambda path: path.stat().st_mtime, reverse=True)
        return next((typed for path in files[:1] if (typed := _read(path)) is not None and not typed.learnt), None)


def _read(path: Path) -> Typed | None:
    """None where there is no such file, or a damaged one."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        raw = json.loads(path.read_text(encoding="utf-8"))
        word, language = str(raw["word"]), str(raw["language"])
        if check_word(word) or language not in LANGUAGES:
            return None
        return Typed(word, language, tuple(map(str, raw["sayings"])), bool(raw["learnt"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@dataclass(frozen=True)
class Order:
    """A training of one word."""

    places: WordPlaces
    models: Path  # where the model goes
    language: str = USUAL
    sayings: tuple[str, ...] = ()  # IPA; empty for all common ways
    if_better: bool = False  # the model that is there stays, unless the new one is better

    @property
    def word(self) -> str:
        return self.places.word

    def arguments(self) -> Iterator[str]:
        """For `python -m training own-word`."""
        yield from (self.word, "--models", str(self.models), "--work", str(self.places.work))
        yield from ("--language", self.language)
        recordings = [folder for folder in (self.places.takes, self.places.said) if holds_sound(folder)]
        if recordings:
            yield from ("--recordings", *map(str, recordings))
        if holds_sound(self.places.not_the_word):
            yield from ("--not-the-word", str(self.places.not_the_word))
        if self.if_better:
            yield "--if-better"
        if self.sayings:
            yield from ("--say", *self.sayings)


def holds_sound(folder: Path) -> bool:
    """Whether there is a recording in a folder of ours."""
    return folder.is_dir() and any(folder.glob("*.flac"))
