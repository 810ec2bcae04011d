"""Files that are there whole or not at all, also where two processes write the same one at once.

For all to read, as the system's mask has it; what is its owner's alone kws_app/atomic_file.py writes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write instead of `path`, whose place it takes at the end; nothing is left of what was cut off."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
