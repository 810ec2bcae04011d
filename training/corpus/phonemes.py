"""How different two phonemes sound, and two words. Phonemes are written in the International Phonetic Alphabet (IPA).

A word is a tuple of espeak-ng's units, such as `("h", "ˈæ", "p", "i")`. A stress mark stands before the vowel.
"""

from collections.abc import Sequence
from functools import lru_cache

Phonemes = tuple[str, ...]

STRESS = "ˈˌ"
# Height (0 close, 1 open), backness (0 front, 1 back) and rounding, from the IPA chart.
_VOWELS: dict[str, tuple[float, float, float]] = {
    "i": (0, 0, 0), "y": (0, 0, 1), "ɨ": (0, 0.5, 0), "ᵻ": (0.1, 0.4, 0), "ʉ": (0, 0.5, 1), "ɯ": (0, 1, 0),
    "u": (0, 1, 1), "ɪ": (0.17, 0.15, 0), "ʏ": (0.17, 0.15, 1), "ʊ": (0.17, 0.85, 1), "e": (0.33, 0, 0),
    "ø": (0.33, 0, 1), "ɘ": (0.33, 0.5, 0), "ɵ": (0.33, 0.5, 1), "ɤ": (0.33, 1, 0), "o": (0.33, 1, 1),
    "ə": (0.5, 0.5, 0), "ᵊ": (0.5, 0.5, 0), "ɚ": (0.5, 0.5, 0), "ɛ": (0.67, 0, 0), "œ": (0.67, 0, 1),
    "ɜ": (0.67, 0.5, 0), "ɝ": (0.67, 0.5, 0), "ʌ": (0.67, 0.8, 0), "ɔ": (0.67, 1, 1), "æ": (0.83, 0, 0),
    "ɐ": (0.7, 0.5, 0), "a": (1, 0.1, 0), "ä": (1, 0.5, 0), "ɑ": (1, 1, 0), "ɒ": (1, 1, 1),
}  # fmt: skip
# Place (0 lips, 1 throat), manner (0 stop, 0.3 affricate, 0.5 fricative, 0.8 nasal, 0.9 flap, 1 glide) and voice.
_CONSONANTS: dict[str, tuple[float, float, float]] = {
    "p": (0, 0, 0), "b": (0, 0, 1), "t": (0.35, 0, 0), "d": (0.35, 0, 1), "ʈ": (0.5, 0, 0), "ɖ": (0.5, 0, 1),
    "c": (0.6, 0, 0), "ɟ": (0.6, 0, 1), "k": (0.75, 0, 0), "ɡ": (0.75, 0, 1), "g": (0.75, 0, 1), "q": (0.85, 0, 0),
    "ʔ": (1, 0, 0), "m": (0, 0.8, 1), "ɱ": (0.1, 0.8, 1), "n": (0.35, 0.8, 1), "ɳ": (0.5, 0.8, 1),
    "ɲ": (0.6, 0.8, 1), "ŋ": (0.75, 0.8, 1), "ɴ": (0.85, 0.8, 1), "ɸ": (0, 0.5, 0), "β": (0, 0.5, 1),
    "f": (0.1, 0.5, 0), "v": (0.1, 0.5, 1), "θ": (0.25, 0.5, 0), "ð": (0.25, 0.5, 1), "s": (0.35, 0.5, 0),
    "z": (0.35, 0.5, 1), "ʃ": (0.45, 0.5, 0), "ʒ": (0.45, 0.5, 1), "ʂ": (0.5, 0.5, 0), "ʐ": (0.5, 0.5, 1),
    "ɕ": (0.5, 0.5, 0), "ʑ": (0.5, 0.5, 1), "ç": (0.6, 0.5, 0), "ʝ": (0.6, 0.5, 1), "x": (0.75, 0.5, 0),
    "ɣ": (0.75, 0.5, 1), "χ": (0.85, 0.5, 0), "ʁ": (0.85, 0.7, 1), "ħ": (0.95, 0.5, 0), "h": (1, 0.5, 0),
    "ɦ": (1, 0.5, 1), "ʣ": (0.35, 0.3, 1), "ʦ": (0.35, 0.3, 0), "ʧ": (0.45, 0.3, 0), "ʤ": (0.45, 0.3, 1),
    "ɾ": (0.35, 0.6, 1), "r": (0.35, 0.85, 1), "ɽ": (0.5, 0.85, 1), "ɹ": (0.4, 1, 1), "ɻ": (0.5, 1, 1),
    "l": (0.35, 0.95, 1), "ɫ": (0.4, 0.95, 1), "ɭ": (0.5, 0.95, 1), "ʎ": (0.6, 0.95, 1), "ɬ": (0.35, 0.6, 0),
    "ʋ": (0.1, 1, 1), "j": (0.6, 1, 1), "ɥ": (0.6, 1, 1), "ɰ": (0.75, 1, 1), "w": (0.2, 1, 1), "ʍ": (0.2, 0.9, 0),
}  # fmt: skip
_PAIRS = {"tʃ": "ʧ", "dʒ": "ʤ", "ts": "ʦ", "dz": "ʣ", "tɕ": "ʧ", "dʑ": "ʤ", "pf": "p"}
_WEAK = "əᵊɐɚᵻʔ"  # vowels and stops that quick speech drops
_STRESS_STEP = 0.12  # distance of a stressed from an unstressed vowel
_R_STEP = 0.25  # distance of a vowel with the sound of r in it from the vowel without
_DROP_VOWEL, _DROP_WEAK, _DROP_CONSONANT = 1.0, 0.6, 0.7  # cost of a phoneme that one word has and the other lacks


def plain(phoneme: str) -> str:
    """The phoneme without stress, length and other marks. The two letters of an affricate become one letter."""
    letters = "".join(letter for letter in phoneme if letter in _VOWELS or letter in _CONSONANTS)
    return _PAIRS.get(letters, letters)


def is_vowel(phoneme: str) -> bool:
    """Whether the phoneme carries a syllable: it is a vowel, or a consonant that is marked as syllabic."""
    return any(letter in _VOWELS for letter in phoneme) or "\u0329" in phoneme


def syllables(phonemes: Phonemes) -> int:
    """The number of syllables."""
    return sum(is_vowel(phoneme) for phoneme in phonemes)


@lru_cache(maxsize=100_000)
def phoneme_distance(first: str, second: str) -> float:
    """How different two phonemes sound: 0 for the same phoneme, about 0.2 if listeners confuse them, 1 for unlike."""
    a, b = plain(first), plain(second)
    if a == b:
        return _STRESS_STEP * (is_vowel(first) and ("ˈ" in first) != ("ˈ" in second))
    if is_vowel(first) != is_vowel(second) or not a or not b:
        return 1.0
    if is_vowel(first) and a[0] in _VOWELS and b[0] in _VOWELS:
        start = _apart(_VOWELS[a[0]], _VOWELS[b[0]], (0.8, 0.6, 0.25))
        ends = [[letter for letter in letters if letter in _VOWELS][-1] for letters in (a, b)]
        end = _apart(_VOWELS[ends[0]], _VOWELS[ends[1]], (0.8, 0.6, 0.25))
        step = _STRESS_STEP * (("ˈ" in first) != ("ˈ" in second)) + _R_STEP * (_has_r(a) != _has_r(b))
        return min(1.0, (start + end) / 2 + step)
    known = [letters[0] for letters in (a, b) if letters[0] in _CONSONANTS]
    if len(known) < 2:
        return 1.0
    return min(1.0, _apart(_CONSONANTS[known[0]], _CONSONANTS[known[1]], (0.6, 0.6, 0.2)))


def _has_r(letters: str) -> bool:
    return letters[-1] in "ɚɝɹr"


def _apart(a: tuple[float, ...], b: tuple[float, ...], weights: tuple[float, ...]) -> float:
    return sum(weight * abs(x - y) for weight, x, y in zip(weights, a, b, strict=True))


def _drop(phoneme: str) -> float:
    if is_vowel(phoneme):
        return _DROP_WEAK if plain(phoneme)[:1] in _WEAK else _DROP_VOWEL
    return _DROP_WEAK if plain(phoneme) in _WEAK else _DROP_CONSONANT


def word_distance(first: Sequence[str], second: Sequence[str]) -> float:
    """How different two words sound: 0 for the same phonemes, 1 for words with nothing in common.

    This is an edit distance (Levenshtein 1966), divided by the length of the longer word. A step costs as much as a
    listener notices.
    """
    return word_distances([tuple(first)], second)[0]


def word_distances(words: Sequence[Phonemes], target: Sequence[str]) -> list[float]:
    """The `word_distance` of each word from one target."""
    replacing = {phoneme: [phoneme_distance(phoneme, b) for b in target] for word in words for phoneme in word}
    dropping = {phoneme: _drop(phoneme) for phoneme in replacing}
    adding = [_drop(b) for b in target]
    top = [0.0]
    for cost in adding:
        top.append(top[-1] + cost)
    distances = []
    for word in words:
        above = top
        for phoneme in word:
            drop, costs = dropping[phoneme], replacing[phoneme]
            left = above[0] + drop
            row = [left]
            for column, cost in enumerate(costs):
                left = min(above[column] + cost, above[column + 1] + drop, left + adding[column])
                row.append(left)
            above = row
        longer = max(len(word), len(target))
        distances.append(min(1.0, above[-1] / longer) if word and target else 1.0)
    return distances


def holds(long: Sequence[str], short: Sequence[str]) -> bool:
    """Whether the long word contains the phonemes of the short word one after another. Stress does not count."""
    a, b = [plain(phoneme) for phoneme in long], [plain(phoneme) for phoneme in short]
    return any(a[start : start + len(b)] == b for start in range(len(a) - len(b) + 1))


_SIMILAR_LIMIT = 0.36  # of `phoneme_distance`; listeners confuse phonemes that are nearer


def similar_phonemes(phoneme: str, known: Sequence[str]) -> list[str]:
    """The phonemes of `known` that listeners confuse with this phoneme, the nearest first, with its stress."""
    mark = phoneme[0] if phoneme[:1] in STRESS else ""
    near = sorted((phoneme_distance(phoneme, mark + other), other) for other in known if plain(other) != plain(phoneme))
    return [mark + other for distance, other in near if distance <= _SIMILAR_LIMIT]
