"""Runs first in a bundle: puts right what a program without a Python of its own finds otherwise."""

import ctypes.util
import sys
from pathlib import Path

find_on_the_system = ctypes.util.find_library


def find_library(name: str) -> str | None:
    """Libraries that are looked up by name, such as PortAudio, are in the bundle itself."""
    own = sorted(Path(sys._MEIPASS).glob(f"lib{name}.so*"))  # type: ignore[attr-defined]
    return str(own[0]) if own else find_on_the_system(name)


ctypes.util.find_library = find_library
