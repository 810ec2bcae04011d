"""Start at login: writes or removes the file that the desktop reads at login. No Qt."""

import os
import plistlib
import sys
from pathlib import Path

from kws_app.desktop import desktop_entry
from kws_app.translation import _

LABEL = "org.kws-app.login"  # the name of the launch agent on a Mac
WINDOWS_FOLDER = ("Microsoft", "Windows", "Start Menu", "Programs", "Startup")  # below %APPDATA%
ARGUMENTS = ["--minimised", "--listen"]


def path() -> Path | None:
    """The path of the file; None if this system has no place for it."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    if sys.platform.startswith(("linux", "freebsd")):
        config = os.environ.get("XDG_CONFIG_HOME", "")
        folder = Path(config) if os.path.isabs(config) else Path.home() / ".config"  # as the XDG specification says
        return folder / "autostart" / desktop_entry.ENTRY_NAME
    if sys.platform == "win32" and os.environ.get("APPDATA"):
        return Path(os.environ["APPDATA"], *WINDOWS_FOLDER, "kws-app.cmd")
    return None


def is_on() -> bool:
    file = path()
    return file is not None and file.is_file()


def explanation() -> str:
    """What the switch does, for the user."""
    file = path()
    if file is None:
        return _("Starting at login is not offered on this system.")
    return _(
        "Writes {file}, which starts the app minimised and listening. Switching off removes the file.",
        file=file,
    )


def switch_on(arguments: list[str]) -> None:
    """Write the file. arguments: added to the command, such as ARGUMENTS. raises OSError or ValueError"""
    file = path()
    if file is None:
        raise OSError(explanation())
    command = [*desktop_entry.command(), *arguments]
    if sys.platform == "darwin":
        agent = {"Label": LABEL, "ProgramArguments": command, "RunAtLoad": True, "ProcessType": "Interactive"}
        desktop_entry.write_entry(file, plistlib.dumps(agent).decode())
    elif sys.platform == "win32":
        desktop_entry.write_entry(file, _batch_file(command))
    else:
        desktop_entry.write_entry(file, desktop_entry.desktop_entry(command))


def _batch_file(command: list[str]) -> str:
    """The batch file that Windows runs at login. It uses pythonw, which opens no console.

    raises ValueError if an argument contains a line break or a quotation mark
    """
    if any(character in argument for argument in command for character in '\n\r"'):
        raise ValueError(f"A path with a line break or a quotation mark cannot stand in a batch file: {command!r}.")
    program = Path(command[0])
    quiet = program.with_name("pythonw.exe")
    words = [str(quiet if program.name == "python.exe" and quiet.is_file() else program), *command[1:]]
    line = " ".join(f'"{word}"' for word in words).replace("%", "%%")
    return f'@chcp 65001 >nul\r\n@start "" {line}\r\n'


def switch_off() -> None:
    """Remove the file, if it is there. raises OSError"""
    file = path()
    if file is not None:
        file.unlink(missing_ok=True)
