"""Translates the texts for the user with the catalogues in kws_app/locale. No Qt.

The texts in the code are English. A text that is missing in a catalogue stays English. The first translated text fixes
the language. Some constants hold texts, so `prefer` must be called before kws_app.ui is imported. Logs, --help and
output for programs are not translated.
"""

import gettext
import logging
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

DOMAIN = "kws"
FOLDER = Path(__file__).resolve().parent / "locale"  # holds <language>/LC_MESSAGES/kws.mo
FOLDER_VARIABLE = "TEXTDOMAINDIR"  # this variable names another folder, which is searched first
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # in gettext's order: the first variable that is set counts
UNTRANSLATED = ("en", "C", "POSIX")

log = logging.getLogger(__name__)


def prefer(languages: Iterable[str]) -> None:
    """Use these languages if the environment names none, as on a Mac and on Windows. Also in child processes."""
    if not any(os.environ.get(name) for name in VARIABLES):
        os.environ["LANGUAGE"] = ":".join(language.replace("-", "_") for language in languages)
        _catalogue.cache_clear()


def language() -> str:
    """The language of the catalogue in use, such as "de" or "pt_BR"; empty for English."""
    return _catalogue()[0]


def _(message: str, /, **values: object) -> str:
    """A text in the user's language. values: for the {names} in the text"""
    return _filled(_catalogue()[1].gettext(message), message, values)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name, by which scripts/strings finds the message
    """Mark a text that is translated later, when it is shown."""
    return message


def ngettext(one: str, several: str, count: int, /, **values: object) -> str:
    """A text about a number of things, in the right plural form. {count} is the number."""
    translated = _catalogue()[1].ngettext(one, several, count)
    return _filled(translated, one if count == 1 else several, {"count": count, **values})


def _filled(translated: str, message: str, values: dict[str, object]) -> str:
    if not values:
        return translated
    try:
        return translated.format(**values)
    except (LookupError, ValueError, AttributeError):  # an error in the catalogue: show the English text
        log.warning("The translation of %r does not fit it: %r.", message, translated)
        return message.format(**values)


def _wanted() -> list[str]:
    """The languages in the environment, up to English."""
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
            except Exception:  # any error of a damaged file: use English
                log.exception("The catalogue %s cannot be read: the program uses English.", path)
    return "", gettext.NullTranslations()
