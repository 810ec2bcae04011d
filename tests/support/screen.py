"""A private display. A test can read its pixels at any time, because the X server keeps them in a file."""

import os
import struct
import subprocess
from pathlib import Path

import numpy as np

HEADER = struct.Struct(">25I")  # of an X window dump, version 7
WIDTH, HEIGHT = 1400, 900


class Screen:
    """An X server without a real screen. `name` is the value for DISPLAY."""

    def __init__(self, folder: Path) -> None:
        """Start the server and wait until it answers. folder: an empty folder for the pixels"""
        read_end, write_end = os.pipe()
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(
            [*command, "-fbdir", str(folder)], pass_fds=[write_end], stderr=subprocess.DEVNULL
        )
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        assert number, "Xvfb did not start"
        self.name = f":{number}"
        self._pixels = folder / "Xvfb_screen0"

    def share(self, color: str) -> float:
        """The share of the screen with this colour, #rrggbb, within the rounding."""
        dump = self._pixels.read_bytes()
        header = HEADER.unpack_from(dump)
        first, colors = header[0], header[19]
        pixels = np.frombuffer(dump, dtype="<u4", count=WIDTH * HEIGHT, offset=first + 12 * colors)
        wanted = int(color[1:], 16)
        distances = [np.abs(((pixels >> s) & 255).astype(int) - ((wanted >> s) & 255)) for s in (0, 8, 16)]
        return float((np.max(distances, axis=0) < 3).mean())
