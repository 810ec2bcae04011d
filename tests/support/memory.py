"""The highest memory of a process, for scripts that tests start."""

import sys
from pathlib import Path

CAN_TELL = sys.platform.startswith("linux")


def most_mb() -> float:
    """The highest memory in MB of this program alone: `ru_maxrss` also counts its parent's memory at the start."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1000
