"""The accents of a typed word by espeak-ng, and texts that cannot be a wake word."""

import shutil

import pytest

from training.corpus import pronunciations
from training.corpus.pronunciations import check_word, phonemes_of, pronunciations_of, typed_pronunciation

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@needs_espeak
def test_computer_has_a_flap_a_clear_t_and_a_british_end() -> None:
    found = {p.description: p.ipa for p in pronunciations_of("Computer")}
    assert found["American"] == "kəmpjˈuːɾɚ"
    assert found["American, with a clear t"] == "kəmpjˈuːtɚ"
    assert found["British"] == "kəmpjˈuːtə"


@needs_espeak
def test_an_accent_that_hardly_differs_counts_once() -> None:
    found = [p.ipa for p in pronunciations_of("alexa")]
    assert found[:2] == ["ɐlˈɛksə", "ælˈɛksə"]  # with a weak and with a full first vowel
    assert len(found) < len(pronunciations.accents_of("en"))


@needs_espeak
def test_a_phrase_keeps_its_words_apart() -> None:
    (first, *_) = pronunciations_of("  Smart   mirror ")
    assert first.text == "smart mirror"
    assert [len(word) for word in first.words] == [4, 4]
    assert first.phonemes == first.words[0] + first.words[1]


@needs_espeak
def test_other_languages_have_their_own_accents() -> None:
    (german,) = pronunciations_of("Guten Morgen", "de")
    assert german.accent == "de" and german.ipa.startswith("ɡˈuːtən")
    assert [p.accent for p in pronunciations_of("привет", "ru")] == ["ru"]
    assert (
        "-" not in pronunciations_of("la maison", "fr")[0].ipa
    )  # espeak-ng marks a word that belongs to the next word
    with pytest.raises(ValueError, match="does not speak the language 'qq'"):
        pronunciations_of("word", "qq")


@needs_espeak
def test_many_words_are_asked_for_at_once() -> None:
    together = phonemes_of(["happy", "smart mirror", "bird"], "en-us")
    assert together[0] == ("h", "ˈæ", "p", "i")
    assert together[1] == pronunciations_of("smart mirror")[0].phonemes
    assert together[2] == ("b", "ˈɜːɹ", "d")  # the American vowel has an r in it


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a word first."),
        ("  \t", "Type a word first."),
        ("42", "has a digit"),
        ("route ６６", "has a digit"),
        ("😀", "nobody can say"),
        ("a/b", "nobody can say"),
        ('"hey"', "nobody can say"),
        ("hey\0you", "nobody can say"),
        ("'", "begins or ends with a quote or a dash"),
        ("-hey", "begins or ends with a quote or a dash"),
        ("a" * 200, "has 200 letters; 40 is the most"),
        ("one two three four five", "has 5 words; 4 is the most"),
        ("привет", "The language 'en' has no letter"),
    ],
)
def test_a_text_that_cannot_be_a_word_gives_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        check_word(text)
    assert len(str(caught.value)) < 160 and "\n" not in str(caught.value)


def test_words_with_marks_inside_are_fine() -> None:
    assert check_word("don't") == "don't"
    assert check_word("Ho-ho") == "ho-ho"
    assert check_word("Grüß Gott", "de") == "grüß gott"


def test_a_word_that_no_voice_can_say_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pronunciations, "_ask", lambda text, accent: (("ʃ",),))
    with pytest.raises(ValueError, match="No voice can say 'shh'"):
        pronunciations_of("shh")


def test_without_espeak_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(OSError, match="install espeak-ng"):
        phonemes_of(["happy"], "en-us")


def test_the_user_adds_a_pronunciation() -> None:
    own = typed_pronunciation("house chain", "hˈaʊs tʃˈeɪn")
    assert own.words == (("h", "ˈaʊ", "s"), ("tʃ", "ˈeɪ", "n"))
    assert own.description == "your own" and not own.from_text
    for wrong in ("", "tk", "h2o"):
        with pytest.raises(ValueError):
            typed_pronunciation("house", wrong)
