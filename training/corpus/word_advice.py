"""Whether a word is a good wake word, and which sounds a model may take for it, from phonemes and word frequencies."""

import importlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from training.atomic_file import written_whole
from training.corpus.phonemes import (
    Phonemes,
    holds,
    is_vowel,
    phoneme_distance,
    plain,
    similar_phonemes,
    syllables,
    word_distance,
    word_distances,
)
from training.corpus.pronunciations import Pronunciation, phonemes_of
from training.corpus.synthetic_speech import ADJECTIVES, COMMON_WORDS, NEAR_WORDS, NOUNS, VERBS

LISTED_WORDS = 8000  # the most common words of a language
WORDS_AN_HOUR = 9000  # words in an hour of talk, 150 a minute
NEAREST = 0.5  # cost of all steps of an edit; below it, a word may be the same word in another accent
NEAR = 0.30  # of `word_distance`; nobody takes a word farther away for the word
CLOSE = 0.22  # of `word_distance`; a listener may well take a nearer word for the word
FEWEST_PHONEMES = 6  # a word with fewer is short
FEWEST_SYLLABLES = 3  # a word with fewer is short
FEWEST_OF_A_PART = 3  # phonemes
CHANGED = 0.24  # of `phoneme_distance`; an invented sound differs by more than b differs from p
OFTEN_AN_HOUR = 0.3  # times in an hour of talk; a word that is said more often is common


@dataclass(frozen=True)
class NearSound:
    """A sound that is like the word and is not the word."""

    pronunciation: Pronunciation
    distance: float  # `word_distance` to the nearest pronunciation of the word
    kind: str  # "word", "part" or "invented"
    per_hour: float | None = None  # times that people say it in an hour of talk; None if unknown


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


def near_words(pronunciations: list[Pronunciation], language: str, cache: Path, most: int = 30) -> list[NearSound]:
    """Real words that sound like the word, the nearest first.

    A phrase also gives phrases in which another word replaces one of its words.
    most: this many at most
    raises OSError if espeak-ng is missing
    """
    first = pronunciations[0]
    listed = listed_words(language, first.accent, cache)
    found = _near(first.phonemes, listed, [p.phonemes for p in pronunciations], first.text, most)
    sounds = [_as_word(first, text, (phonemes,), distance, language) for distance, text, phonemes in found]
    if len(first.words) > 1:
        sounds += _other_phrases(pronunciations, listed, language, most)
    return sorted(sounds, key=lambda sound: sound.distance)[:most]


def _near(
    target: Phonemes, listed: dict[str, Phonemes], ways: list[Phonemes], keyword: str, most: int
) -> list[tuple[float, str, Phonemes]]:
    """The listed words near `target`, without the keyword itself, its parts, and words that contain it."""
    most_apart = 0.4 * len(target) + 1
    texts = [
        text
        for text, phonemes in listed.items()
        if text not in keyword.split() and abs(len(phonemes) - len(target)) <= most_apart
    ]
    distances = word_distances([listed[text] for text in texts], target)
    rough = [(d, text, listed[text]) for d, text in zip(distances, texts, strict=True) if d <= NEAR + 0.05]
    exact = []
    for _, text, phonemes in sorted(rough)[: 3 * most]:
        distance = min(word_distance(phonemes, way) for way in ways)
        steps = distance * max(len(phonemes), len(target))
        if steps >= NEAREST and distance <= NEAR and not any(holds(phonemes, way) for way in ways):
            exact.append((distance, text, phonemes))
    return sorted(exact)[:most]


def _other_phrases(
    pronunciations: list[Pronunciation], listed: dict[str, Phonemes], language: str, most: int
) -> list[NearSound]:
    first = pronunciations[0]
    sounds = []
    texts = first.text.split()
    if len(texts) != len(first.words):
        return []  # espeak-ng reads two of the words as a single word
    ways = [p.phonemes for p in pronunciations]
    for place, word in enumerate(first.words):
        for _, text, phonemes in _near(word, listed, [word], first.text, most // 2):
            words = (*first.words[:place], phonemes, *first.words[place + 1 :])
            said = " ".join((*texts[:place], text, *texts[place + 1 :]))
            together = tuple(phoneme for part in words for phoneme in part)
            distance = min(word_distance(together, way) for way in ways)
            sounds.append(_as_word(first, said, words, distance, language))
    return sounds


def _as_word(first: Pronunciation, text: str, words: tuple[Phonemes, ...], distance: float, language: str) -> NearSound:
    said = Pronunciation(text, words, first.accent, "sounds like it")
    return NearSound(said, distance, "word", times_an_hour(text, language))


def parts_of(pronunciations: list[Pronunciation]) -> list[NearSound]:
    """Parts that a model must not take for the whole: the halves of the word, and the single words of a phrase."""
    first = pronunciations[0]
    parts: dict[Phonemes, str] = {}
    if len(first.words) > 1:
        texts = first.text.split() if len(first.text.split()) == len(first.words) else []
        for place, word in enumerate(first.words):
            parts[word] = texts[place] if texts else ""
    phonemes = first.phonemes
    starts = _syllable_starts(phonemes)
    for start in starts[1:]:
        for half in (phonemes[:start], phonemes[start:]):
            if len(half) >= FEWEST_OF_A_PART and any(is_vowel(phoneme) for phoneme in half):
                parts.setdefault(half, "")
    sounds = []
    for part, text in parts.items():
        said = Pronunciation(text or f"part of {first.text}", (part,), first.accent, "a part of it", bool(text))
        sounds.append(NearSound(said, word_distance(part, phonemes), "part"))
    return sounds


def _syllable_starts(phonemes: Phonemes) -> list[int]:
    """The places where syllables begin. A consonant before a vowel belongs to the syllable of that vowel."""
    starts = [0]
    for place in range(1, len(phonemes)):
        begins = is_vowel(phonemes[place]) and is_vowel(phonemes[place - 1])
        begins |= place + 1 < len(phonemes) and not is_vowel(phonemes[place]) and is_vowel(phonemes[place + 1])
        if begins and any(is_vowel(phoneme) for phoneme in phonemes[starts[-1] : place]):
            starts.append(place)
    return starts


def invented_words(pronunciations: list[Pronunciation], most: int = 20) -> list[NearSound]:
    """Words that nobody says: a sound of the word is changed or left out. The nearest come first.

    They need no list of words, so they exist in every language.
    """
    first = pronunciations[0]
    ways = [p.phonemes for p in pronunciations]
    inventory = _INVENTORY + tuple(sorted({plain(phoneme) for way in ways for phoneme in way}))
    found: dict[tuple[Phonemes, ...], float] = {}
    for number, word in enumerate(first.words):
        for place, phoneme in enumerate(word):
            if is_vowel(phoneme) and "ˈ" not in phoneme and "ˌ" not in phoneme:
                continue  # accents differ in weak vowels
            others = [
                other for other in similar_phonemes(phoneme, inventory) if phoneme_distance(phoneme, other) >= CHANGED
            ]
            changed = [(*word[:place], other, *word[place + 1 :]) for other in others[:3]]
            if len(word) > 3 and not is_vowel(phoneme):
                changed.append((*word[:place], *word[place + 1 :]))
            for other_word in changed:
                words = (*first.words[:number], other_word, *first.words[number + 1 :])
                together = tuple(phoneme for part in words for phoneme in part)
                distance = min(word_distance(together, way) for way in ways)
                if distance >= CHANGED / len(together) * 0.9:
                    found[words] = distance
    nearest = sorted(found.items(), key=lambda item: item[1])
    spread = nearest[:: max(1, len(nearest) // most)][:most]  # changes at every place in the word
    return [
        NearSound(Pronunciation(f"like {first.text}", words, first.accent, "invented", from_text=False), d, "invented")
        for words, d in spread
    ]


_INVENTORY = (*"pbtdkɡmnfvθðszʃʒhlɹwjʧʤiɪɛæɑɔʊuʌ", "eɪ", "aɪ", "oʊ", "aʊ")


def times_an_hour(text: str, language: str) -> float | None:
    """How often people say a word or phrase in an hour of talk, about. None without the package wordfreq."""
    frequencies = _wordfreq()
    if frequencies is None or language.split("-")[0] not in frequencies.available_languages():
        return None
    words = text.split()
    shares = [float(frequencies.word_frequency(word, language.split("-")[0])) for word in words]
    share = shares[0] if len(shares) == 1 else min(shares) * 1e-3 ** (len(shares) - 1)  # words rarely meet by chance
    return share * WORDS_AN_HOUR


@lru_cache(maxsize=1)
def _wordfreq() -> Any:
    try:
        return importlib.import_module("wordfreq")
    except ImportError:
        return None


def listed_words(language: str, accent: str, cache: Path) -> dict[str, Phonemes]:
    """Common words with their phonemes in an accent. The list is made once and kept in the folder `cache`.

    The words come from the package wordfreq, or from this project's own short English list.
    raises OSError if espeak-ng is missing
    """
    frequencies = _wordfreq()
    root = language.split("-")[0]
    if frequencies is not None and root in frequencies.available_languages():
        words = [word for word in frequencies.top_n_list(root, LISTED_WORDS) if word.isalpha()]
    elif root == "en":
        near = [word for words in NEAR_WORDS.values() for word in words if word.isalpha()]
        words = sorted({*near, *COMMON_WORDS, *NOUNS, *VERBS, *ADJECTIVES})
    else:
        words = []
    path = cache / f"phonemes-{accent}-{len(words)}.json"
    if path.is_file():
        kept: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
        return {word: tuple(phonemes) for word, phonemes in kept.items()}
    listed = dict(zip(words, phonemes_of(words, accent), strict=True)) if words else {}
    cache.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")
    return listed
