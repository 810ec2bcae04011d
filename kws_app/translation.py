"""Translates what the user reads, from the catalogues in kws_app/locale. No Qt.

The code has English sentences: English needs no catalogue, and a sentence that a catalogue lacks stays English. The
language is fixed by the first sentence. Some constants hold sentences, and are made at import: so `prefer` is called
before kws_app.ui is imported. Logs, --help and output for programs are not translated.
"""

import gettext
import logging
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

DOMAIN = "kws"
FOLDER = Path(__file__).resolve().parent / "locale"  # holds <language>/LC_MESSAGES/kws.mo
FOLDER_VARIABLE = "TEXTDOMAINDIR"  # the variable that names another folder, which is searched first
VARIABLES = (
    "LANGUAGE",
    "LC_ALL",
    "LC_MESSAGES",
    "LANG",
)  # in the order in which gettext reads them: the first that is set counts
UNTRANSLATED = ("en", "C", "POSIX")

log = logging.getLogger(__name__)


def prefer(languages: Iterable[str]) -> None:
    """Use these languages if the environment names none, as on a Mac and on Windows. Child processes do so too."""
    if not any(os.environ.get(name) for name in VARIABLES):
        os.environ["LANGUAGE"] = ":".join(language.replace("-", "_") for language in languages)
        _catalogue.cache_clear()


def language() -> str:
    """The language of the catalogue in use, such as "de" or "pt_BR"; empty for English."""
    return _catalogue()[0]


def _(message: str, /, **values: object) -> str:
    """A sentence in the user's language. values: by the {names} in the sentence"""
    return _filled(_catalogue()[1].gettext(message), message, values)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, by which scripts/strings finds the message
    """Mark a message that is translated later, where it is shown."""
    return message


def ngettext(one: str, several: str, count: int, /, **values: object) -> str:
    """A sentence about a number of things, in the plural form of the language. {count} is the number."""
    translated = _catalogue()[1].ngettext(one, several, count)
    return _filled(translated, one if count == 1 else several, {"count": count, **values})


def _filled(translated: str, message: str, values: dict[str, object]) -> str:
    if not values:
        return translated
    try:
        return translated.format(**values)
    except (LookupError, ValueError, AttributeError):  # a mistake in the catalogue: English is better than no window
        log.warning("The translation of %r does not fit it: %r.", message, translated)
        return message.format(**values)


def _wanted() -> list[str]:
    """The languages that the environment names, up to English."""
    named = next((os.environ[name] for name in VARIABLES if os.environ.get(name)), "")
    wanted: list[str] = []
    for each in named.split(":"):
        if each.partition(".")[0].partition("_")[0] in UNTRANSLATED:
            break
        wanted.append(each)
    return wanted


@cache
def _catalogue() -> tuple[str, gettext.NullTranslations]:
    for folder in (os.environ.get(FOLDER_VARIABLE), FOLDER):
        path = gettext.find(DOMAIN, folder, _wanted()) if folder else None
        if path is not None:
            try:
                with open(path, "rb") as file:
                    return Path(path).parts[-3], gettext.GNUTranslations(file)
            except Exception:  # a damaged file may fail in any way, and English is better than no window
                log.exception("The catalogue %s cannot be read: the program speaks English.", path)
    return "", gettext.NullTranslations()
