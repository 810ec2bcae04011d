"""Runs first in a bundle: puts right what a program without a Python of its own finds otherwise."""

import ctypes.util
import os
import sys
from pathlib import Path

# A model from a stranger is tried in a process of its own, by `PYTHON -m MODULE`; here the program is the Python.
if sys.argv[1:3] == ["-m", "kws_app.trust.child"]:
    from kws_app.trust.child import main

    status = main(Path(sys.argv[3]))
    if sys.stdout is not None:  # as on Windows, where a program with windows has none
        sys.stdout.flush()
    os._exit(status)

find_on_the_system = ctypes.util.find_library


def find_library(name: str) -> str | None:
    """Libraries that are looked up by name, such as PortAudio, are in the bundle itself."""
    own = sorted(Path(sys._MEIPASS).glob(f"lib{name}.so*"))  # type: ignore[attr-defined]
    return str(own[0]) if own else find_on_the_system(name)


ctypes.util.find_library = find_library
