"""One window for each data folder: two that write the same log and settings would undo each other.

The lock is the system's, on an open file: it ends with the process, however that ends.
"""

import os
import signal
from pathlib import Path
from typing import IO

FILE_NAME = "lock"


class AlreadyRunningError(Exception):
    """Another program has the folder; one sentence."""

    def __init__(self, folder: Path, process: int | None) -> None:
        named = f" (process {process})" if process else ""
        super().__init__(
            f"It is already running with the data folder {folder}{named}, and its window is shown: "
            "use that one, or name another folder with --data-dir."
        )
        self.process = process


def hold(folder: Path) -> IO[str] | None:
    """Take the folder for this process, as long as what is returned is kept; None where there are no locks.

    raises AlreadyRunningError if another has it
    """
    try:
        import fcntl

        file = open(os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")  # noqa: SIM115
    except (ImportError, OSError):  # Windows; a folder that cannot be written, which others will say
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        with file:
            raise AlreadyRunningError(folder, _number(file.read(20))) from error
    except OSError:  # a file system without locks
        file.close()
        return None
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


def call(process: int | None) -> None:
    """Ask the window of another process to show itself."""
    if process is not None and hasattr(signal, "SIGUSR1"):
        try:
            os.kill(process, signal.SIGUSR1)
        except OSError:  # it has just ended, or is another user's
            return


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() else None
