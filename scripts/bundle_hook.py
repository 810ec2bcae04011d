"""Runs first in a bundle: lets Python find the bundle's own libraries."""

import ctypes.util
import sys
from pathlib import Path

find_on_the_system = ctypes.util.find_library


def find_library(name: str) -> str | None:
    """Find a library such as PortAudio by its name, first in the bundle and then on the system."""
    own = sorted(Path(sys._MEIPASS).glob(f"lib{name}.so*"))  # type: ignore[attr-defined]
    return str(own[0]) if own else find_on_the_system(name)


ctypes.util.find_library = find_library
