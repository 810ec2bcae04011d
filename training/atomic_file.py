"""Writes a file whole or not at all, even if two processes write the same file at once.

Everybody may read these files. kws_app/atomic_file.py writes files that only their owner may read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to. Afterwards that file replaces `path`. If writing fails, it is removed."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
