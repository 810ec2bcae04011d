"""Keeps the messages of ALSA and JACK off the terminal. PortAudio tries many devices, and each failure prints a page.

The program itself reports an error of the chosen microphone.
"""

import ctypes
import os
import sys
from functools import cache

LIBRARIES = {  # by file of the library: its functions that set a handler for messages
    "libasound.so.2": ("snd_lib_error_set_handler",),
    "libjack.so.0": ("jack_set_error_function", "jack_set_info_function"),
}


@cache
def silence_alsa() -> None:
    """Make the libraries send their messages to a function that does nothing. Works once in a process."""
    if not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    # a C function that ignores its arguments; a Python function would need Python's lock in the audio thread
    nothing = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)
    for file, functions in LIBRARIES.items():
        try:
            library = ctypes.CDLL(file)
        except OSError:
            continue  # then PortAudio does not use it
        for function in functions:
            getattr(library, function)(nothing)
