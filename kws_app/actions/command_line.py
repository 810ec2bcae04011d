"""Splits a line into arguments as a shell does, and joins arguments to a line. No shell runs the line."""

import re
import shlex
import sys
from collections.abc import Iterable

from kws_app.translation import _

_PLAIN = re.compile(r"[\w@%+=:,./{}~\\-]+" if sys.platform == "win32" else r"[\w@%+=:,./{}~-]+")


def arguments_of(line: str) -> tuple[str, ...]:
    """The program and its arguments. Spaces separate words, and quotation marks hold words together.

    raises ValueError if a quotation mark is not closed
    """
    words = shlex.shlex(line, posix=True)
    words.whitespace_split = True
    words.commenters = ""
    if sys.platform == "win32":
        words.escape = ""  # the backslash is part of paths there
    try:
        return tuple(words)
    except ValueError as error:
        raise ValueError(_("the command ends inside quotation marks or with a backslash")) from error


def line_of(arguments: Iterable[str]) -> str:
    """One line that `arguments_of` reads as these arguments."""
    return " ".join(
        argument if _PLAIN.fullmatch(argument) else "'" + argument.replace("'", "'\"'\"'") + "'"
        for argument in arguments
    )
