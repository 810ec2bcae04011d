"""Files that are there whole or not at all, whenever the program is ended and however full the disk is."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".unfinished-"  # what the name begins with of a file that a kill left behind


def tidy_unfinished(folder: Path) -> None:
    """Remove what a kill left behind in a folder; a file that cannot be removed stays."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name.startswith(UNFINISHED)]
    except OSError:
        return  # no such folder, or none that can be read
    for name in names:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file for its owner alone, in place of the one that has its name; the folder must be there.

    raises OSError if the disk refuses: then the old file is as it was, and nothing is left of the new one
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)  # made readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
