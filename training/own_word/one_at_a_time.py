"""One training of a word at a time: two would write the same files. The lock ends with the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_app.desktop.single_instance import AlreadyRunningError, hold


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the work folder of a word.

    raises ValueError, in one sentence, if another process trains the word; OSError if the folder cannot be made
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = hold(folder)
    except AlreadyRunningError as error:
        named = f" (process {error.process})" if error.process else ""
        raise ValueError(f"This word is being trained already{named}: wait until that training ends.") from error
    try:
        yield
    finally:
        if lock is not None:
            lock.close()
