"""Keeps the messages of C libraries off the terminal. For programs of the command line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STDERR = 2  # the file descriptor that libraries in C write to


@contextmanager
def native_noise_silenced() -> Iterator[None]:
    """Drop all messages that C libraries, such as decoders and drivers, write to stderr. Python's own messages stay.

    This changes the whole process: enter it in the main program, from its start to its end.
    """
    try:
        kept = os.dup(STDERR)
    except OSError:  # the program was started without stderr
        yield
        return
    python_stderr, sys_stderr_is_own = sys.stderr, False
    with suppress(OSError, ValueError, AttributeError):
        sys_stderr_is_own = sys.stderr.fileno() == STDERR
    if sys_stderr_is_own:
        sys.stderr.flush()
        sys.stderr = os.fdopen(
            os.dup(kept), "w", encoding=python_stderr.encoding, errors="backslashreplace", buffering=1
        )
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    try:
        yield
    finally:
        if sys_stderr_is_own:
            with suppress(OSError):
                sys.stderr.close()
            sys.stderr = python_stderr
        os.dup2(kept, STDERR)
        os.close(kept)
