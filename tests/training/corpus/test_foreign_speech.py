"""Speech in other languages: frequent words, no English among them, the same each time."""

from itertools import islice

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus import foreign_speech
from training.corpus.foreign_speech import LANGUAGES, can_speak, phrases, words_of

pytestmark = pytest.mark.skipif(bool(can_speak()), reason="espeak-ng says the words of wordfreq")


def test_words_are_frequent_words_of_the_language_and_not_english() -> None:
    german = words_of("de")
    assert {"nicht", "haben"} <= set(german) and not {"computer", "in", "die"} & set(german)
    assert "です" in words_of("ja") and not any(
        "\u4e00" <= letter <= "\u9fff" for word in words_of("ja") for letter in word
    )


def test_every_language_has_many_words() -> None:
    assert min(len(words_of(language)) for language in LANGUAGES) > 500
    assert not {"cs", "nl"} & set(LANGUAGES)  # the test talk has them


@pytest.mark.parametrize("language", ["es", "cmn", "hr"])
def test_the_same_language_gives_the_same_phrases_until_they_last_long_enough(language: str) -> None:
    said = list(phrases(language, 3.0))
    seconds = [len(sound) / SAMPLE_RATE for _, sound in said]
    assert sum(seconds) >= 3.0 > sum(seconds[:-1])
    again = list(islice(phrases(language, 3.0), len(said)))
    for (name, sound), (other_name, other) in zip(said, again, strict=True):
        assert name == other_name and np.array_equal(sound, other)


def test_a_language_that_the_machine_lacks_gives_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_speech, "LANGUAGES", (*LANGUAGES, "xx"))
    monkeypatch.setattr(foreign_speech, "words_of", lambda language: ["one", "two"])
    with pytest.raises(OSError, match="'xx'"):
        next(phrases("xx", 1.0))
