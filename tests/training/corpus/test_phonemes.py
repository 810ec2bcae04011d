"""Distances between phonemes and words, for pairs that anybody can judge by ear."""

import pytest

from training.corpus.phonemes import (
    holds,
    is_vowel,
    phoneme_distance,
    plain,
    similar_phonemes,
    syllables,
    word_distance,
    word_distances,
)

HAPPY = ("h", "ˈæ", "p", "i")


def test_marks_are_no_part_of_a_phoneme() -> None:
    assert [plain(phoneme) for phoneme in ("ˈuː", "tʃ", "n̩", "ˌaʊ", "tʰ")] == ["u", "ʧ", "n", "aʊ", "t"]
    assert is_vowel("ˈɪ") and is_vowel("n̩") and not is_vowel("n")
    assert syllables(("k", "ə", "m", "p", "j", "ˈuː", "ɾ", "ɚ")) == 3


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (("p", "b"), ("p", "s")),
        (("m", "n"), ("m", "f")),
        (("s", "ʃ"), ("s", "ɡ")),
        (("i", "ɪ"), ("i", "ɑ")),
        (("ə", "ɐ"), ("ə", "i")),
        (("aʊ", "əʊ"), ("aʊ", "iː")),
        (("ɚ", "ɝ"), ("ɚ", "ə")),
    ],
)
def test_sounds_that_listeners_confuse_are_nearer(nearer: tuple[str, str], farther: tuple[str, str]) -> None:
    assert phoneme_distance(*nearer) < phoneme_distance(*farther)
    assert phoneme_distance(*nearer) == phoneme_distance(*nearer[::-1])


def test_a_vowel_is_unlike_a_consonant_and_a_phoneme_is_like_itself() -> None:
    assert phoneme_distance("ə", "t") == 1
    assert phoneme_distance("t", "t") == 0
    assert 0 < phoneme_distance("ˈæ", "æ") < 0.2  # only the stress differs


def test_word_distance_is_the_cheapest_edit_over_the_longer_word() -> None:
    assert word_distance(HAPPY, HAPPY) == 0
    one_consonant_changed = phoneme_distance("h", "n") / 4
    assert word_distance(HAPPY, ("n", *HAPPY[1:])) == pytest.approx(one_consonant_changed)
    assert word_distance(HAPPY, HAPPY[1:]) == pytest.approx(0.7 / 4)  # the h is left out
    assert word_distance(HAPPY, ()) == 1
    assert word_distance(HAPPY, HAPPY[1:]) == word_distance(HAPPY[1:], HAPPY)


def test_many_words_have_the_distances_of_each() -> None:
    words = [HAPPY, HAPPY[1:], ("n", "ˈaʊ"), ()]
    assert word_distances(words, HAPPY) == [word_distance(word, HAPPY) for word in words]


def test_a_word_inside_another_is_found_whatever_its_stress() -> None:
    assert holds(("ʌ", "n", "h", "æ", "p", "i"), HAPPY)
    assert not holds(("h", "æ", "p", "ə", "n"), HAPPY)


def test_similar_sounds_keep_the_stress() -> None:
    similar = similar_phonemes("ˈæ", ["ɛ", "u", "æ", "t"])
    assert similar == ["ˈɛ"]
