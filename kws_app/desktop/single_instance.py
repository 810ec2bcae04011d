"""One window for each data folder: two windows would overwrite each other's settings.

The lock belongs to the operating system. It ends with the process, however the process ends.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from kws_app.regular_file import open_regular

FILE_NAME = "lock"
LOCKED_AT = 1 << 20  # the byte that Windows locks; it lies after the process number, which other processes read
CAN_CALL = hasattr(signal, "SIGUSR1")  # whether another process can be asked to show its window


class AlreadyRunningError(Exception):
    """Another window uses the folder. The message is one sentence."""

    def __init__(self, folder: Path, process: int | None) -> None:
        named = f" (process {process})" if process else ""
        shown = ", and its window is shown" if CAN_CALL else ""
        super().__init__(
            f"The app is already running with the data folder {folder}{named}{shown}: "
            "use its window, or name another folder with --data-dir."
        )
        self.process = process


def hold(folder: Path) -> IO[bytes] | None:
    """Lock the folder until the returned file is closed; None on a file system without locks.

    raises AlreadyRunningError if another process has the lock; NotRegularError if the lock is no plain file
    """
    handle = open_regular(folder / FILE_NAME, os.O_RDWR | os.O_CREAT)
    file = open(handle, "r+b", buffering=0)  # noqa: SIM115 - kept open; unbuffered, as a full disk fails each flush
    try:
        _lock(handle)
    except BlockingIOError as error:
        with file:
            raise AlreadyRunningError(folder, _number(file.read(20))) from error
    except OSError:  # a file system without locks
        file.close()
        return None
    with suppress(OSError):  # on a full disk the process number is missing, and the lock still holds
        file.truncate(0)
        file.write(str(os.getpid()).encode())
    return file


def _lock(handle: int) -> None:
    """raises BlockingIOError if another process has the lock, OSError where there are no locks"""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(handle, LOCKED_AT, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError from error
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def call(process: int | None) -> None:
    """Ask the window of another process to show itself, where this system can."""
    if process is not None and hasattr(signal, "SIGUSR1"):
        with suppress(OSError):  # the process has just ended, or belongs to another user
            os.kill(process, signal.SIGUSR1)


def _number(text: bytes) -> int | None:
    return int(text) if text.isdigit() else None
