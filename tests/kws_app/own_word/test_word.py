"""Typed words: each bad word gets a sentence that says what to do."""

import pytest

from kws_app.own_word.word import check_word, folder_name


@pytest.mark.parametrize("word", ["jarvis", "Hey Kitchen", "o'clock", "Küche", "नमस्ते", "well-known", "  spaced   out "])
def test_words_that_somebody_can_say_are_taken(word: str):
    assert check_word(word) == ""


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "Type a word"),
        ("   ", "Type a word"),
        ("R2D2", "numbers as words"),
        ("hello 😀", "grinning face"),
        ("a" * 200, "200 letters"),
        ("a/b", "solidus"),
        ('say "it"', "quotation mark"),
        ("ab", "too short"),
        ("it\nis/so", "solidus"),
        ("\x1b[31mred", "unknown character"),
        ("-dash", "quote or a dash"),
        ("rock'", "quote or a dash"),
    ],
)
def test_a_word_that_cannot_be_taken_gets_its_sentence(word: str, said: str):
    assert said in check_word(word)


def test_spaces_become_underscores():
    assert folder_name("Hey  Kitchen ") == "hey_kitchen"
