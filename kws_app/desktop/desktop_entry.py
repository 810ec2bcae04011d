"""The .desktop file that starts the app, and its command. No Qt."""

import sys
from pathlib import Path

from kws_app.atomic_file import tidy_unfinished, write_whole
from kws_app.paths import ASSETS_DIR
from kws_app.regular_file import make_private
from kws_app.translation import _

ENTRY_NAME = "kws-app.desktop"
_RESERVED = set(" \t\n\"'\\><~|&;$*?#()`")  # an argument of Exec with one of these is quoted
_ESCAPED = set('"`$\\')  # escaped inside the quotes


def command() -> list[str]:
    """The command that starts this program from any folder.

    -I: Python takes no modules from the current folder or from PYTHONPATH.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-I", "-m", "kws_app"]


def exec_line(arguments: list[str]) -> str:
    """Arguments as the value of the Exec key (Desktop Entry Specification 1.5, "The Exec key").

    raises ValueError for a line break: the key cannot hold one
    """
    if any("\n" in argument or "\r" in argument for argument in arguments):
        raise ValueError(f"A path with a line break in it cannot stand in a .desktop file: {arguments!r}.")
    return _string(" ".join(_quoted(argument.replace("%", "%%")) for argument in arguments))


def _quoted(argument: str) -> str:
    if argument and not _RESERVED & set(argument):
        return argument
    return '"' + "".join(f"\\{c}" if c in _ESCAPED else c for c in argument) + '"'


def _string(value: str) -> str:
    """Escape a value of type string: backslashes are doubled again."""
    return value.replace("\\", "\\\\").replace("\t", "\\t")


def desktop_entry(arguments: list[str]) -> str:
    """The content of the file. arguments: the command. raises ValueError, like `exec_line`"""
    return "\n".join(
        [
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.0",
            "Name=" + _string(_("Wake word")),
            "Comment=" + _string(_("Listen for a word and show what is heard")),
            f"Exec={exec_line(arguments)}",
            f"Icon={_string(str(ASSETS_DIR / 'icon.svg'))}",
            "Terminal=false",
            "Categories=AudioVideo;Audio;",
            "Keywords=wake;keyword;speech;microphone;listen;",
            "StartupWMClass=kws-app",
            "",
        ]
    )


def write_entry(path: Path, text: str) -> None:
    """Write a file for the desktop, and make its folder if needed. raises OSError"""
    make_private(path.parent)
    tidy_unfinished(path.parent)
    write_whole(path, text.encode(errors="surrogateescape"))
