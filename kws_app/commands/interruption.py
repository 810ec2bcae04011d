"""Ends a command cleanly after Ctrl-C, and after the signals that end a program. On the main thread of a command."""

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

INTERRUPTED = 130  # exit status, as in a shell: 128 + SIGINT
# SIGTERM: a service manager or `kill`; SIGHUP: the terminal was closed
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interruption:
    """Turns Ctrl-C into a KeyboardInterrupt, but not during a step that is held.

    A decoder in C that calls Python code would ignore the exception and go on as if the file had ended. So Ctrl-C waits
    for the end of the step. A second Ctrl-C does not wait.
    """

    def __init__(self) -> None:
        self.status = INTERRUPTED  # exit status after the signal
        self._is_held = False
        self._is_pending = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals."""
        self.status = 128 + number
        if self._is_held and not self._is_pending:
            self._is_pending = True
            return
        raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Ctrl-C waits until the end of the block."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
        if self._is_pending:
            raise KeyboardInterrupt

    def each(self, items: Iterable[T]) -> Iterator[T]:
        """The items. Ctrl-C waits until the next item is ready."""
        iterator = iter(items)
        while True:
            with self.held():
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Within the block, Ctrl-C and the other ENDING signals raise KeyboardInterrupt by the rules of `Interruption`."""
    interruption = Interruption()
    before = {}
    with suppress(ValueError):  # not the main thread: only the main thread can set handlers
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` sets it
                before[number] = signal.signal(number, interruption.handle)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def children_ignore_ctrl_c() -> Iterator[None]:
    """Processes that are started within the block ignore Ctrl-C: they inherit the blocked signal."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
