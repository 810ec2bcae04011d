"""The log of detections: JSON lines in detections.jsonl. A line is on the disk at once, and no line ever changes.

A line without "event" is a detection. Other lines have an "event": a missed word, the hours of listening, or a fact
about an earlier detection, which they name by its id (its peak, a label, a deletion, an action). Any thread may append.
"""

import errno
import json
import os
import threading
from dataclasses import asdict
from pathlib import Path

from kws_app.history.facts import (
    EVENTS,
    DetectionRecord,
    Fact,
    parse,
)
from kws_app.regular_file import make_private, open_regular

FILE_NAME = "detections.jsonl"
READ_BACK = 200  # detections that `last` returns
READ_BYTES = 64 * 2**20  # bytes that are read at the end of the log; about 200,000 lines


class DetectionLog:
    """The file detections.jsonl. Each append is synced to the disk. A line that a crash cut off is ignored."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.Lock()

    def append(self, entry: DetectionRecord | Fact) -> None:
        """Add a line, and sync it to the disk. raises OSError if it cannot be written"""
        if isinstance(entry, DetectionRecord):
            text = entry.to_json()
        else:
            text = json.dumps({"event": EVENTS[type(entry)], **asdict(entry)})
        line = text.encode() + b"\n"
        make_private(self.path.parent)
        with self._lock:
            handle = open_regular(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
            with os.fdopen(handle, "r+b", buffering=0) as file:
                if file.seek(0, os.SEEK_END):
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        line = b"\n" + line  # a crash cut the last line: begin a new line
                if file.write(line) != len(line):  # the part that was written is ignored at the next start
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(handle)

    def read(self) -> tuple[list[DetectionRecord | Fact], int]:
        """All lines of the last READ_BYTES, oldest first, and the number of damaged lines.

        raises OSError if the log cannot be read
        """
        said: list[DetectionRecord | Fact] = []
        bad = 0
        try:
            with os.fdopen(open_regular(self.path, os.O_RDONLY), "rb") as file:
                begin = max(0, file.seek(0, os.SEEK_END) - READ_BYTES)
                file.seek(begin)
                if begin:
                    file.readline()  # the first line is cut
                for line in file:
                    if not line.strip():
                        continue
                    try:
                        entry = parse(line.decode(errors="replace"))
                    except ValueError:
                        bad += 1
                    else:
                        if entry is not None:
                            said.append(entry)
        except FileNotFoundError:
            pass
        return said, bad

    def last(self, count: int = READ_BACK) -> list[DetectionRecord]:
        """The newest detections, oldest first. raises OSError if the log cannot be read"""
        said, _ = self.read()
        return [entry for entry in said if isinstance(entry, DetectionRecord) and not entry.missed][-count:]
