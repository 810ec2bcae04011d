"""Writes files whole or not at all, also when two processes write the same file at once.

These files are for all to read. kws_app/atomic_file.py writes files for their owner alone.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path to write to. At the end the file takes the place of `path`; if writing fails, nothing is left of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
