"""Checks whether a typed word can be used. How a word sounds is checked in training."""

import unicodedata

from kws_app.translation import _

MOST_LETTERS = 40  # fits into the name of a model
FEWEST_LETTERS = 3
JOINERS = " '-"  # allowed between letters


def folder_name(word: str) -> str:
    """The name of a word's folder: lower case, with underscores for spaces."""
    return " ".join(word.split()).lower().replace(" ", "_")


def check_word(word: str) -> str:
    """Why a word cannot be used, in one sentence that says what to do; empty if it can."""
    word = " ".join(word.split())
    if not word:
        return _("Type a word first, such as a name that you use for nothing else.")
    if len(word) > MOST_LETTERS:
        return _("The word has {count} letters: type at most {most}.", count=len(word), most=MOST_LETTERS)
    strange = next((c for c in word if unicodedata.category(c)[0] not in "LM" and c not in JOINERS), None)
    if strange is not None:
        name = unicodedata.name(strange, _("an unknown character")).lower()
        if strange.isdigit():
            return _("Write numbers as words: “seven”, not “7”.")
        return _("The word contains a character that cannot be said ({name}): use letters and spaces.", name=name)
    if word[0] in JOINERS or word[-1] in JOINERS:
        return _("The word begins or ends with a quote or a dash: use only letters there.")
    if sum(c.isalpha() for c in word) < FEWEST_LETTERS:
        return _(
            "The word is too short and sounds like other talk: use at least {least} letters.", least=FEWEST_LETTERS
        )
    return ""
