"""The order for a training, and the folders of the user's own words. No Qt."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.own_word.languages import LANGUAGES, USUAL
from kws_app.own_word.word import check_word, folder_name

_RECORDINGS = "own_words"  # folder in the data folder
_SAID, _NOT_THE_WORD, _WORK = ".said", ".not_the_word", ".work"  # folders in it; no word begins with a dot
_TYPED = "word.json"  # file in a word's folder with the word as the user typed it
MOST_BYTES = 20_000  # largest file that is read


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
        """The folder of the takes from the wizard."""
        return self._all / folder_name(self.word)

    @property
    def said(self) -> Path:
        """The folder of clips that the user labelled as right or missed."""
        return self._all / _SAID / folder_name(self.word)

    @property
    def not_the_word(self) -> Path:
        """The folder of clips that the user labelled as false alarms, and of the sound of the room."""
        return self._all / _NOT_THE_WORD / folder_name(self.word)

    @property
    def work(self) -> Path:
        """The folder for unfinished files of all words. A training that was stopped continues from them."""
        return self._all / _WORK


@dataclass(frozen=True)
class Typed:
    """A word as the user typed it, and whether its training is finished."""

    word: str
    language: str = USUAL
    sayings: tuple[str, ...] = ()  # IPA; empty for all common ways
    learnt: bool = False  # whether its training is finished

    def save(self, data_dir: Path) -> None:
        """Write the file. raises OSError if it cannot be written"""
        folder = WordPlaces(data_dir, self.word).takes
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(folder / _TYPED, json.dumps(vars(self), ensure_ascii=False).encode())

    @classmethod
    def of(cls, data_dir: Path, keyword: str) -> "Typed":
        """The word of a model. Without a file: from the keyword of the model."""
        word = keyword.replace("_", " ")
        return _read(WordPlaces(data_dir, word).takes / _TYPED) or cls(word, learnt=True)

    @classmethod
    def unfinished(cls, data_dir: Path) -> "Typed | None":
        """The word whose training was stopped last; None if every training is finished."""
        folder = data_dir / _RECORDINGS
        files = sorted(folder.glob(f"*/{_TYPED}"), key=lambda path: path.stat().st_mtime, reverse=True)
        return next((typed for path in files[:1] if (typed := _read(path)) is not None and not typed.learnt), None)


def _read(path: Path) -> Typed | None:
    """Read the file; None if it is missing or damaged."""
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
    """The order for a training of a word."""

    places: WordPlaces
    models: Path  # folder for the model
    language: str = USUAL
    sayings: tuple[str, ...] = ()  # IPA; empty for all common ways
    if_better: bool = False  # True: the new model replaces the present model only if it is better

    @property
    def word(self) -> str:
        return self.places.word

    def arguments(self) -> Iterator[str]:
        """The arguments for `python -m training own-word`."""
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
    """Whether a folder holds a recording."""
    return folder.is_dir() and any(folder.glob("*.flac"))
