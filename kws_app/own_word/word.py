"""Which words can be taken: plain checks that need no voice. What a word sounds like is training's to say."""

import unicodedata

from kws_app.translation import _

MOST_LETTERS = 40  # as in a model's name
FEWEST_LETTERS = 3
JOINERS = " '-"  # between letters


def folder_name(word: str) -> str:
    """A word as a folder is called: lower case, spaces as underscores."""
    return " ".join(word.split()).lower().replace(" ", "_")


def check_word(word: str) -> str:
    """Why a word cannot be taken, in one sentence that says what to do; empty where it can."""
    word = " ".join(word.split())
    if not word:
        return _("Type a word first, such as a name that you do not say otherwise.")
    if len(word) > MOST_LETTERS:
        return _("The word has {count} letters: type at most {most}.", count=len(word), most=MOST_LETTERS)
    strange = next((c for c in word if unicodedata.category(c)[0] not in "LM" and c not in JOINERS), None)
    if strange is not None:
        name = unicodedata.name(strange, _("an unknown sign")).lower()
        if strange.isdigit():
            return _('Write numbers as they are said: "seven" in place of "7".')
        return _("The word has a sign that nobody can say ({name}): use letters and spaces.", name=name)
    if sum(c.isalpha() for c in word) < FEWEST_LETTERS:
        return _(
            "The word is too short to be told from other talk: take at least {least} letters.", least=FEWEST_LETTERS
        )
    return ""
