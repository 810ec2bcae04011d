"""Progress: a stage tells it how far it is, and asks it whether to go on. So a stage itself prints nothing.

The command line shows bars and lines. The window reads them as JSON (own_word/progress_json.py). All methods are called
in the stage's thread.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
Curve = Sequence[tuple[float, float]]  # false alarms an hour, and the share of missed words


class StageStoppedError(Exception):
    """Somebody wants the stage to end. Its finished work stays on the disk, and a later start goes on from there."""


def _ignore(what: str, done: int, total: int, note: str) -> None:
    pass


def _ignore_line(line: str) -> None:
    pass


def _ignore_curve(curve: Curve) -> None:
    pass


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Progress:
    """What a stage calls while it runs."""

    tell: Callable[[str, int, int, str], None] = _ignore  # name of the work, parts done, parts in all, a short note
    say: Callable[[str], None] = _ignore_line  # a line for a person to read, such as a result
    show_curve: Callable[[Curve], None] = _ignore_curve  # the figures of the model so far
    is_cancelled: Callable[[], bool] = _never

    def step(self, what: str, done: int, total: int, note: str = "") -> None:
        """Tell how far the work is. raises StageStoppedError if the stage should end"""
        if self.is_cancelled():
            raise StageStoppedError(f"{what}: stopped after {done} of {total}")
        self.tell(what, done, total, note)

    def track(self, items: Sequence[Item], what: str) -> Iterator[Item]:
        """Yield the items, and tell before each item how many are done. raises StageStoppedError if it should end"""
        for done, item in enumerate(items):
            self.step(what, done, len(items))
            yield item
        self.tell(what, len(items), len(items), "")


SILENT = Progress()


class Bars:
    """A bar on the error stream for each kind of work, if that stream is a terminal. A bar goes when its work ends."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm] = {}

    def tell(self, what: str, done: int, total: int, note: str) -> None:
        bar = self._bars.get(what)
        if bar is None:
            bar = self._bars[what] = tqdm(total=total, desc=what, disable=None, leave=False, file=sys.stderr)
        if note:
            bar.set_postfix_str(note, refresh=False)
        bar.update(done - bar.n)
        if done >= total:
            self._bars.pop(what).close()


def terminal_progress() -> Progress:
    """Bars on the error stream, lines on the output stream."""
    return Progress(tell=Bars().tell, say=_print_at_once)


def _print_at_once(line: str) -> None:
    print(line, flush=True)
