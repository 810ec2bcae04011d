"""How a typed word sounds: one pronunciation for each accent that differs, from espeak-ng.

`check_word` explains in a sentence why a text cannot be a wake word.
"""

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from training.corpus.phonemes import STRESS, Phonemes, is_vowel, plain, word_distance

LONGEST_WORD = 40  # letters
MOST_WORDS = 4  # of a phrase
SAME = 0.06  # of `word_distance`; accents that are nearer count as one pronunciation
MAIN = ("en-us", "en-gb")  # these accents count apart even if a single phoneme differs

# English accents, the most common first. espeak-ng itself lists the accents of other languages.
_ACCENTS = {
    "en": {
        "en-us": "American",
        "en-gb": "British",
        "en-gb-scotland": "Scottish",
        "en-gb-x-gbclan": "northern English",
        "en-029": "Caribbean",
    }
}
_SCRIPTS = {
    "CYRILLIC": {"ru", "uk", "bg", "be", "mk", "sr", "kk", "ky", "ba", "cv", "tt"},
    "GREEK": {"el", "grc"},
    "ARABIC": {"ar", "fa", "ur", "sd", "ug"},
    "HEBREW": {"he"},
    "DEVANAGARI": {"hi", "mr", "ne", "kok"},
    "BENGALI": {"bn", "as"},
    "HANGUL": {"ko"},
    "CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA": {"ja"},
    "CJK": {"cmn", "yue", "hak"},
    "GEORGIAN": {"ka"},
    "ARMENIAN": {"hy", "hyw"},
    "TAMIL": {"ta"},
    "TELUGU": {"te"},
    "KANNADA": {"kn"},
    "MALAYALAM": {"ml"},
    "GUJARATI": {"gu"},
    "GURMUKHI": {"pa"},
    "THAI": {"th"},
}
# The vowel of each English letter when it is said with care.
_FULL_VOWELS = {"a": "æ", "e": "ɛ", "i": "ɪ", "o": "oʊ", "u": "ʌ"}


_IPA_ALONE = set("ɐɑɒɔəɚɛɜɝɡɣɪɫɬɭɯɱɲɳŋɵɸɹɻɾʀʁʂʃʈʉʊʋʌʍʎʏʐʑʒʔʕʝβθχˈˌː")  # in no spelling of a word


@dataclass(frozen=True)
class Pronunciation:
    """A way to say the word."""

    text: str  # as the user types it
    words: tuple[Phonemes, ...]  # the phonemes of each word
    accent: str  # espeak-ng's voice with this pronunciation, such as "en-us"
    description: str  # for the user, such as "American"
    from_text: bool = True  # whether a voice of this accent pronounces the text like this

    @property
    def phonemes(self) -> Phonemes:
        """All phonemes, without the spaces between words."""
        return tuple(phoneme for word in self.words for phoneme in word)

    @property
    def ipa(self) -> str:
        """The phonemes in a line, for people to read."""
        return " ".join("".join(word) for word in self.words)


def check_word(text: str, language: str = "en") -> str:
    """The word with single spaces and in lower case.

    raises ValueError with a sentence for the user if it cannot be a wake word
    """
    word = " ".join(unicodedata.normalize("NFC", text).split())
    if not word:
        raise ValueError("Type a word first.")
    if any(letter.isnumeric() for letter in word):
        raise ValueError(f"'{_short(word)}' has a digit. Write the number in letters, such as 'seven'.")
    strange = [c for c in word if not (unicodedata.category(c)[0] in "LM" or c in " -'’")]
    if strange:
        raise ValueError(f"'{_short(word)}' has the sign {strange[0]}, which nobody can say. Use only letters.")
    if word.startswith(("'", "’", "-")) or word.endswith(("'", "’", "-")):
        raise ValueError(f"{_short(word)} begins or ends with a quote or a dash. Use only letters.")
    letters = sum(unicodedata.category(c)[0] == "L" for c in word)
    if letters > LONGEST_WORD:
        raise ValueError(f"The word has {letters} letters; {LONGEST_WORD} is the most. Choose a shorter word.")
    if len(word.split()) > MOST_WORDS:
        raise ValueError(f"The phrase has {len(word.split())} words; {MOST_WORDS} is the most. Choose a shorter one.")
    scripts = _scripts_of(language)
    for letter in word:
        name = unicodedata.name(letter, "UNKNOWN").split()[0]
        if unicodedata.category(letter)[0] == "L" and name not in scripts:
            raise ValueError(f"The language '{language}' has no letter '{letter}'. Choose the word's own language.")
    return word.lower()


def _scripts_of(language: str) -> set[str]:
    root = language.split("-")[0]
    for names, languages in _SCRIPTS.items():
        if root in languages:
            return set(names.split())
    return {"LATIN"}


def _short(word: str) -> str:
    return word if len(word) <= 20 else word[:20] + "..."


def pronunciations_of(text: str, language: str = "en") -> list[Pronunciation]:
    """The ways to say the word, the most common way first. Accents that hardly differ count once.

    American and British stay apart if a phoneme differs: a voice says the phonemes of its own accent best.
    raises ValueError with a sentence if the text cannot be a wake word or no voice can say it,
    OSError if espeak-ng is missing
    """
    word = check_word(text, language)
    accents = accents_of(language)
    found: list[Pronunciation] = []
    for accent, description in accents.items():
        words = _ask(word, accent)
        if not any(is_vowel(phoneme) for phonemes in words for phoneme in phonemes):
            continue
        found.append(Pronunciation(word, words, accent, description))
    if not found:
        raise ValueError(f"No voice can say '{_short(word)}'. Choose another word, or spell it as it sounds.")
    if language.split("-")[0] == "en":
        found = _with_careful_speech(found)
    kept: list[Pronunciation] = []
    for candidate in found:
        limit = 0.0 if candidate.accent in MAIN else SAME
        if all(word_distance(candidate.phonemes, other.phonemes) > limit for other in kept):
            kept.append(candidate)
    return kept


def accents_of(language: str) -> dict[str, str]:
    """espeak-ng's accents of a language, each with a name for people to read.

    raises ValueError if espeak-ng does not speak the language, OSError if espeak-ng is missing
    """
    if language in _ACCENTS:
        return _ACCENTS[language]
    accents = {}
    for line in _run(["--voices=" + language]).splitlines()[1:]:
        columns = line.split()
        if len(columns) >= 5 and not columns[4].startswith("mb/"):  # MBROLA voices need files of their own
            accents[columns[1]] = columns[3].replace("_", " ")
    if not accents:
        raise ValueError(f"espeak-ng does not speak the language '{language}'.")
    return accents


def phonemes_of(texts: list[str], accent: str) -> list[Phonemes]:
    """The phonemes of many words in one accent, from a single run of espeak-ng.

    raises OSError if espeak-ng is missing or fails
    """
    lines = _run(["-q", "--ipa", "--sep=_", "-v", accent, "--stdin"], "\n\n".join(texts) + "\n").splitlines()
    if len(lines) != len(texts):
        return [sum(_ask(text, accent), ()) for text in texts]  # espeak-ng read a text as two clauses
    return [sum((_split(word, accent) for word in line.split()), ()) for line in lines]


@lru_cache(maxsize=512)
def _ask(text: str, accent: str) -> tuple[Phonemes, ...]:
    said = _run(["-q", "--ipa", "--sep=_", "-v", accent, "--stdin"], text + "\n")
    return tuple(phonemes for phonemes in (_split(word, accent) for word in said.split()) if phonemes)


def _split(word: str, accent: str) -> Phonemes:
    """Split espeak-ng's answer for a word into phonemes, without marks of another language such as (en).

    espeak-ng writes the vowel of "bird" alike in American and British, but the American vowel has an r in it.
    """
    parts = re.sub(r"\([\w-]+\)", "", word).split("_")
    joined: list[str] = []
    for part in parts:
        if plain(part):
            phoneme = "".join(letter for letter in part if not letter.isdigit() and letter != "-")
            joined.append(phoneme.replace("ɜː", "ɜːɹ") if accent == "en-us" and "ɹ" not in phoneme else phoneme)
    return tuple(joined)


def _with_careful_speech(found: list[Pronunciation]) -> list[Pronunciation]:
    """Add how Americans speak with care: a clear t in place of a flapped t, and a full first vowel."""
    american = found[0]
    more = []
    british = next((other for other in found if other.accent == "en-gb"), None)
    if british and any("ɾ" in phoneme or "ʔ" in phoneme for phoneme in american.phonemes):
        stops = [phoneme for phoneme in british.phonemes if plain(phoneme) in ("t", "d")]
        words = tuple(tuple(_clear(phoneme, stops) for phoneme in word) for word in american.words)
        more.append(Pronunciation(american.text, words, "en-us", "American, with a clear t", from_text=False))
    first = american.words[0]
    full = _FULL_VOWELS.get(american.text[0])
    if full and plain(first[0]) in ("ɐ", "ə") and len(first) > 1:
        words = ((full, *first[1:]), *american.words[1:])
        more.append(Pronunciation(american.text, words, "en-us", "American, with a full first vowel", from_text=False))
    return [american, *more, *found[1:]]


def _clear(phoneme: str, stops: list[str]) -> str:
    if plain(phoneme) not in ("ɾ", "ʔ"):
        return phoneme
    return plain(stops[0]) if len({plain(stop) for stop in stops}) == 1 else "t"


def typed_pronunciation(text: str, ipa: str, language: str = "en") -> Pronunciation:
    """A pronunciation that the user types in phonetic letters (IPA).

    raises ValueError with a sentence if it is empty or a letter is not a phonetic letter
    """
    words = tuple(_units(word) for word in ipa.split())
    if not any(is_vowel(phoneme) for word in words for phoneme in word):
        raise ValueError(f"'{ipa}' has no vowel. Write how the word sounds, in phonetic letters, such as 'hˈæpi'.")
    accent = next(iter(accents_of(language)))
    return Pronunciation(check_word(text, language), words, accent, "your own", from_text=False)


def pronunciation_like(text: str, like: str, language: str = "en") -> Pronunciation:
    """A pronunciation that the user adds: phonetic letters, or letters that sound like the word ("kompjutah").

    raises ValueError with a sentence if it cannot be said, OSError if espeak-ng is missing
    """
    like = " ".join(like.split())
    if _IPA_ALONE & set(like):
        return typed_pronunciation(text, like, language)
    said = pronunciations_of(like, language)[0]
    return Pronunciation(check_word(text, language), said.words, said.accent, f"like {like}", from_text=False)


def chosen_pronunciations(text: str, ipas: Sequence[str], language: str = "en") -> list[Pronunciation]:
    """The pronunciations that a user chose, by their IPA. The program need not have found them itself.

    raises ValueError with a sentence if one cannot be said, OSError if espeak-ng is missing
    """
    found = {way.ipa: way for way in pronunciations_of(text, language)}
    return [found.get(ipa) or typed_pronunciation(text, ipa, language) for ipa in ipas]


def _units(word: str) -> Phonemes:
    """Split a word into letters with their marks. A vowel and the vowel letter after it make one unit."""
    units: list[str] = []
    mark = ""
    for letter in word:
        if letter in STRESS:
            mark = letter
        elif plain(letter):
            pair = (
                units
                and not mark
                and (
                    plain(units[-1]) + letter in ("tʃ", "dʒ")
                    or (letter in "ɪʊ" and is_vowel(units[-1]) and len(plain(units[-1])) == 1)
                )
            )
            if pair:
                units[-1] += letter
            else:
                units.append(mark + letter)
            mark = ""
        elif units and (unicodedata.category(letter)[0] == "M" or letter in "ːˑʰʲʷᵝ"):
            units[-1] += letter
        else:
            raise ValueError(f"'{letter}' is not a phonetic letter. Write the sounds of the word, such as 'hˈæpi'.")
    return tuple(units)


def _run(arguments: list[str], text: str = "") -> str:
    """What espeak-ng prints. raises OSError if espeak-ng is missing or fails"""
    if shutil.which("espeak-ng") is None:
        raise OSError("Pronunciations need the program espeak-ng, which was not found: install espeak-ng.")
    done = subprocess.run(["espeak-ng", *arguments], input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"espeak-ng failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")
