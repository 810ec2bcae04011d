"""Near sounds: words, parts of the word, and invented words that a model may take for the word by mistake."""

from dataclasses import dataclass
from pathlib import Path

from training.corpus.phonemes import (
    Phonemes,
    holds,
    is_vowel,
    phoneme_distance,
    plain,
    similar_phonemes,
    word_distance,
    word_distances,
)
from training.corpus.pronunciations import Pronunciation
from training.corpus.word_frequencies import listed_words, times_an_hour

NEAREST = 0.5  # cost of all steps of an edit; below it, a word may be the same word in another accent
NEAR = 0.30  # of `word_distance`; nobody takes a word farther away for the word
FEWEST_OF_A_PART = 3  # phonemes
CHANGED = 0.24  # of `phoneme_distance`; an invented sound differs by more than b differs from p


@dataclass(frozen=True)
class NearSound:
    """A sound that is like the word and is not the word."""

    pronunciation: Pronunciation
    distance: float  # `word_distance` to the nearest pronunciation of the word
    kind: str  # "word", "part" or "invented"
    per_hour: float | None = None  # times that people say it in an hour of talk; None if unknown


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
