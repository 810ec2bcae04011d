"""Writes files whole or not at all, even if the program is killed or the disk is full."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from kws_app.regular_file import keep_for_owner

UNFINISHED = ".unfinished-"  # the name of an unfinished file begins with this; a killed program may leave one


def tidy_unfinished(folder: Path) -> None:
    """Remove unfinished files from a folder. A file that cannot be removed stays."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(UNFINISHED)]
    except OSError:
        return  # the folder is missing or cannot be read
    for name in names:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, in place of the old file. The folder must exist.

    raises OSError if it cannot be written: then the old file is unchanged
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)  # only its owner can read it
    keep_for_owner(handle)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
