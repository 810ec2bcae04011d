"""How often people say a word, and lists of common words, from the package wordfreq if it is installed."""

import importlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from kws_app.paths import default_data_dir
from training.atomic_file import written_whole
from training.corpus.phonemes import Phonemes
from training.corpus.pronunciations import phonemes_of
from training.corpus.synthetic_speech import ADJECTIVES, COMMON_WORDS, NEAR_WORDS, NOUNS, VERBS

LISTED_WORDS = 8000  # the most common words of a language
WORDS_AN_HOUR = 9000  # words in an hour of talk, 150 a minute


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


def word_lists_dir() -> Path:
    """Where the lists of words are kept: in the user's data folder, as all words of a user share them."""
    return default_data_dir() / "word-lists"


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
