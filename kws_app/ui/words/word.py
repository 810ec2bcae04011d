"""A word of the list. No Qt."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A row of the list."""

    keyword: str
    model: str  # the name of the model or the pair that hears the word
    on: bool  # whether it is listened for
    slot: int  # the number of its colour


def free_slot(taken: Iterable[int]) -> int:
    """The first colour that is not taken."""
    used = set(taken)
    return next(number for number in range(len(used) + 1) if number not in used)
