"""How much memory a process has taken at most, for scripts that tests start."""

import sys
from pathlib import Path

CAN_TELL = sys.platform.startswith("linux")


def most_mb() -> float:
    """Of this program alone: `ru_maxrss` counts what the parent had when it was started."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1000
