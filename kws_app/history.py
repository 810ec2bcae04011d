"""The log of detections: one line each in detections.jsonl, on the disk at once. Written by the worker thread."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

FILE_NAME = "detections.jsonl"
READ_BACK = 200  # lines shown again after a restart
READ_BACK_BYTES = 65_536  # of the log's end: enough for them, however large it has grown


@dataclass(frozen=True)
class DetectionRecord:
    """A line of the log: what kws-detect --json prints, and when and by which microphone it was heard."""

    wall_time: str  # ISO 8601 with the offset from UTC
    file: str | None  # the audio file; None for a microphone
    microphone: str | None  # its name; None for a file
    keyword: str
    model: str
    time_s: float  # in the source's own audio, where the threshold was met
    score: float

    @property
    def clock(self) -> str:
        """The wall time as hours, minutes and seconds."""
        return datetime.fromisoformat(self.wall_time).strftime("%H:%M:%S")

    @classmethod
    def from_json(cls, line: str) -> "DetectionRecord":
        """raises ValueError if the line is not a whole record"""
        try:
            raw = json.loads(line)
            record = cls(
                wall_time=str(raw["wall_time"]),
                file=raw.get("file"),
                microphone=raw.get("microphone"),
                keyword=str(raw["keyword"]),
                model=str(raw["model"]),
                time_s=float(raw["time_s"]),
                score=float(raw["score"]),
            )
            datetime.fromisoformat(record.wall_time)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no detection: {line!r}") from error
        return record


def now_iso() -> str:
    """The wall-clock time for a record, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


class DetectionLog:
    """detections.jsonl in the user's folder. Appends are fsynced; a line that a crash cut off is passed over."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def append(self, record: DetectionRecord) -> None:
        """raises OSError if it cannot be written"""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(asdict(record)).encode() + b"\n"
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = b"\n" + line  # a crash cut the last line: do not glue this one to it
            file.write(line)
            os.fsync(handle)

    def last(self, count: int = READ_BACK) -> list[DetectionRecord]:
        """The newest records in the last READ_BACK_BYTES, oldest first; lines that are no records are left out.

        raises OSError if there is a log that cannot be read
        """
        try:
            with open(self.path, "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - READ_BACK_BYTES))
                tail = file.read().decode(errors="replace")
        except FileNotFoundError:
            return []
        records = []
        for line in tail.split("\n"):  # the first may begin in its middle: then it is no record
            try:
                records.append(DetectionRecord.from_json(line))
            except ValueError:
                continue
        return records[-count:]
