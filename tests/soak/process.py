"""The memory, files and threads of this process, from /proc. Linux only."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Footprint:
    """Memory in MB, open files and threads at a moment."""

    rss_mb: float
    handles: int
    threads: int

    @classmethod
    def now(cls) -> "Footprint":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(os.listdir("/proc/self/fd")), threading.active_count())

    def __str__(self) -> str:
        return f"{self.rss_mb:.0f} MB, {self.handles} file handles, {self.threads} threads"
