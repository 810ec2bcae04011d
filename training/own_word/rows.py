"""Arrays with a row for each sequence, and such arrays in files, a part in each file.

A finished part is not made again, so a run that was cut goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.atomic_file import written_whole

SomeRows = TypeVar("SomeRows", bound="Rows")


class Rows:
    """The base of a frozen dataclass whose fields are arrays with as many rows."""

    def __len__(self) -> int:
        return len(self._columns()[0])

    def of(self: SomeRows, chosen: NDArray[np.bool_]) -> SomeRows:
        """The chosen rows. chosen: [N]"""
        return type(self)(*(column[chosen] for column in self._columns()))

    @classmethod
    def of_all(cls: type[SomeRows], parts: Sequence[SomeRows]) -> SomeRows:
        """The rows of all parts, one part after another. Numbers of takes and clips stay as they are in each part."""
        columns = zip(*(part._columns() for part in parts), strict=True)
        return cls(*(np.concatenate(column) for column in columns))

    @classmethod
    def names(cls) -> list[str]:
        """The names of the arrays, in order."""
        return [field.name for field in fields(cls)]  # type: ignore[arg-type]  # every subclass is a dataclass

    def _columns(self) -> list[NDArray[np.generic]]:
        return [getattr(self, name) for name in self.names()]


def kept(kind: type[SomeRows], path: Path, make: Callable[[], SomeRows]) -> SomeRows:
    """The rows in a file. If there is no such file, `make` makes them. kind: the class of the rows"""
    if not path.is_file():
        made = make()
        with written_whole(path) as part, part.open("wb") as file:
            np.savez(file, **vars(made))
    with np.load(path) as saved:
        return kind(*(saved[name] for name in kind.names()))


def kept_in_parts(
    kind: type[SomeRows], stem: Path, count: int, part_items: int, make: Callable[[range], SomeRows]
) -> list[SomeRows]:
    """The rows of `count` items, from files <stem>-<part>.npz of `part_items` items each.

    make: makes the rows of some of the items
    """
    firsts = range(0, count, part_items)
    parts = [range(first, min(count, first + part_items)) for first in firsts]
    return [kept(kind, stem.with_name(f"{stem.name}-{n}.npz"), partial(make, part)) for n, part in enumerate(parts)]
