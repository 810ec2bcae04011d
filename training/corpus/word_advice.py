"""Whether a word is a good wake word: its length, how often people say it, and the words that sound like it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from training.corpus.near_sounds import NearSound, near_words
from training.corpus.phonemes import syllables
from training.corpus.pronunciations import Pronunciation
from training.corpus.word_frequencies import times_an_hour

CLOSE = 0.22  # of `word_distance`; a listener may well take a nearer word for the word
FEWEST_PHONEMES = 6  # a word with fewer is short
FEWEST_SYLLABLES = 3  # a word with fewer is short
OFTEN_AN_HOUR = 0.3  # times in an hour of talk; a word that is said more often is common


@dataclass(frozen=True)
class Advice:
    """What to expect of a wake word."""

    verdict: str  # "good", "fair" or "poor"
    sentences: tuple[str, ...]  # for the user, the most important sentence first
    phonemes: int  # of the shortest pronunciation
    syllables: int  # of the shortest pronunciation
    per_hour: float | None  # times that people say the word in an hour of talk; None if unknown
    near: tuple[NearSound, ...]  # words that sound like it, the nearest first


def advise(pronunciations: list[Pronunciation], language: str, cache: Path) -> Advice:
    """Judge whether the word is long enough, how often people say it, and which words sound like it.

    cache: a folder that keeps lists of words
    raises OSError if espeak-ng is missing
    """
    first = pronunciations[0]
    sounds = min(len(p.phonemes) for p in pronunciations)
    beats = min(syllables(p.phonemes) for p in pronunciations)
    near = near_words(pronunciations, language, cache, most=8)
    per_hour = times_an_hour(first.text, language)
    complaints = []
    if sounds < 4 or beats < 2:
        complaints.append(f"'{first.text}' is very short ({_count(beats, 'syllable')}): expect many false alarms.")
    elif sounds < FEWEST_PHONEMES or beats < FEWEST_SYLLABLES:
        complaints.append(f"'{first.text}' is short ({_count(beats, 'syllable')}): a longer word is safer.")
    if per_hour is not None and per_hour >= OFTEN_AN_HOUR:
        complaints.append(f"People say '{first.text}' about {_times(per_hour)} in an hour of talk.")
    close = [sound for sound in near if sound.distance < CLOSE]
    said_often = [sound for sound in close if sound.per_hour is not None and sound.per_hour >= OFTEN_AN_HOUR]
    if said_often:
        complaints.append(f"Common words sound like it: {_names(said_often)}.")
    sentences = list(complaints)
    if close and not said_often:
        sentences.append(f"These words sound like it: {_names(close)}.")
    if per_hour is None:
        sentences.append("How often people say it is not known here: install the package wordfreq to learn it.")
    if not complaints:
        sentences.insert(0, f"'{first.text}' is a good wake word: long, rare, and little sounds like it.")
    poor = sounds < 4 or beats < 2 or len(complaints) > 2
    verdict = "poor" if poor else "fair" if complaints else "good"
    return Advice(verdict, tuple(sentences), sounds, beats, per_hour, tuple(near))


def _count(number: int, name: str) -> str:
    return f"{number} {name}" + ("" if number == 1 else "s")


def _times(per_hour: float) -> str:
    return "once" if per_hour < 1.5 else f"{round(per_hour)} times"


def _names(sounds: Iterable[NearSound]) -> str:
    return ", ".join(f"'{sound.pronunciation.text}'" for sound in list(sounds)[:4])
