"""Opens the user's files only if they are plain files, and makes folders that only their owner can open.

A link, a pipe or a device in place of a file could stop the program, fill its memory or redirect a write.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from kws_app.translation import _

# Windows has none of these flags
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
OWNERS = stat.S_IRUSR | stat.S_IWUSR
_BINARY = getattr(os, "O_BINARY", 0)


class NotRegularError(OSError):
    """The path is no regular file. The message is one sentence."""


def open_regular(path: Path, flags: int, mode: int = 0o600) -> int:
    """A handle of a regular file, like os.open. It never waits for a pipe and never follows a link.

    raises NotRegularError for a link, a pipe, a device or a folder; FileNotFoundError and other OSErrors
    """
    if path.is_symlink():  # gives a clear reason, and works on Windows, which has no O_NOFOLLOW
        raise NotRegularError(_("{path} is a link, and links are not followed: replace it with a file", path=path))
    try:
        handle = os.open(path, flags | _SAFE | _BINARY, mode)
    except OSError as error:
        if path.exists() and not path.is_file():
            raise _not_regular(path) from error
        raise
    found = os.fstat(handle).st_mode
    if not stat.S_ISREG(found):
        os.close(handle)
        raise _not_regular(path)
    if flags & os.O_CREAT and found & OWNERS != OWNERS:
        keep_for_owner(handle, mode)
    return handle


def keep_for_owner(handle: int, mode: int = 0o600) -> None:
    """Let the owner of a new file open it again: a umask may have taken that away. Windows has no such modes."""
    if hasattr(os, "fchmod"):
        with suppress(OSError):  # a file system without modes
            os.fchmod(handle, mode)


def _not_regular(path: Path) -> NotRegularError:
    return NotRegularError(_("{path} is not a regular file: move it away", path=path))


def read_regular(path: Path, most_bytes: int) -> bytes:
    """The content of a regular file.

    raises NotRegularError, also for more than `most_bytes`; FileNotFoundError and other OSErrors
    """
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise NotRegularError(_("{path} is larger than {most} bytes", path=path, most=most_bytes))
    return content


def make_private(folder: Path) -> None:
    """Make a folder and all missing folders above it. Only their owner can open them, whatever the umask.

    raises OSError
    """
    if folder.is_dir():
        return
    if folder.is_symlink():
        raise NotRegularError(_("{path} is a broken link: remove it", path=folder))
    if folder.exists():
        raise NotRegularError(_("{path} is not a folder", path=folder))
    if folder.parent != folder:
        make_private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)  # the umask may have taken the owner's own rights away
