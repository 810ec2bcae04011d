"""Keeps the messages of ALSA and JACK off the terminal: PortAudio tries many devices, and each failure prints a page.

What goes wrong with the microphone that was chosen is said by the program itself.
"""

import ctypes
import os
import sys
from functools import cache

LIBRARIES = {  # by their file: the functions that take a handler for messages
    "libasound.so.2": ("snd_lib_error_set_handler",),
    "libjack.so.0": ("jack_set_error_function", "jack_set_info_function"),
}


@cache
def silence_alsa() -> None:
    """Have the libraries hand their messages to a function that does nothing, once in a process."""
    if not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    # a function of C that takes anything and does nothing: one in Python would need Python's lock in the audio thread
    nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for file, functions in LIBRARIES.items():
        try:
            library = ctypes.CDLL(file)
        except OSError:
            continue  # PortAudio has no use for it either
        for function in functions:
            getattr(library, function)(nothing)
