"""The log of detections: JSON lines in detections.jsonl. A line is on the disk at once, and no line ever changes.

A line without "event" is a detection. Other lines have an "event": a missed word, the hours of listening, or a fact
about an earlier detection, which they name by its id (its peak, a label, a deletion, an action). Any thread may append.
"""

import errno
import hashlib
import json
import math
import os
import re
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from kws_app.engine.decision_config import DecisionConfig
from kws_app.regular_file import make_private, open_regular

FILE_NAME = "detections.jsonl"
READ_BACK = 200  # detections that `last` gives
READ_BYTES = 64 * 2**20  # that are read from the end of the log; some 200,000 lines
WRONG_TYPES = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)  # that foreign JSON may raise
CLIP_SUFFIX = ".flac"
_CLIP_NAME = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}\.flac", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")  # an id names a file: it must not lead out of the folder


@dataclass(frozen=True)
class DetectionRecord:
    """A detection as a line of the log: the fields of kws-detect --json, the wall time and the microphone."""

    wall_time: str  # ISO 8601 with the offset from UTC
    file: str | None  # the audio file; None for a microphone
    microphone: str | None  # name; None for a file
    keyword: str
    model: str
    time_s: float  # seconds from the start of the source to the step that met the threshold
    score: float
    id: str = ""
    clip: str | None = None  # file in the folder of clips; it may have been removed since
    decision: DecisionConfig | None = None  # how scores were judged then
    missed: bool = False  # the user says that the word was missed; `score` is the highest of the last seconds

    @property
    def clock(self) -> str:
        """The wall time as hours, minutes and seconds."""
        return datetime.fromisoformat(self.wall_time).strftime("%H:%M:%S")

    @property
    def key(self) -> str:
        """The id. A line from before there were ids gets an id from its content."""
        known = f"{self.wall_time} {self.model} {self.time_s}"
        return self.id or hashlib.sha256(known.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        raw = asdict(self)
        return json.dumps({"event": "missed", **raw} if raw.pop("missed") else raw)

    @classmethod
    def from_json(cls, line: str) -> "DetectionRecord":
        """raises ValueError if the line is not a whole record"""
        try:
            return cls.from_object(json.loads(line))
        except WRONG_TYPES as error:
            raise ValueError(f"no detection: {line!r}") from error

    @classmethod
    def from_object(cls, raw: dict[str, Any]) -> "DetectionRecord":
        """raises ValueError, or what a wrong type raises, if it is no record"""
        wall_time = str(raw["wall_time"])
        datetime.fromisoformat(wall_time)
        id = str(raw.get("id", ""))
        id = id if _ID.fullmatch(id) else ""
        return cls(
            wall_time=wall_time,
            file=_text(raw.get("file")),
            microphone=_text(raw.get("microphone")),
            keyword=str(raw["keyword"]),
            model=str(raw["model"]),
            time_s=_number(raw["time_s"]),
            score=_number(raw["score"]),
            id=id,
            clip=clip_name(id) if id and raw.get("clip") else None,
            decision=_decision(raw.get("decision")),
            missed=raw.get("event") == "missed",
        )


@dataclass(frozen=True)
class Ended:
    """A detection is over: the score is below the threshold again."""

    id: str
    peak: float
    above_s: float


@dataclass(frozen=True)
class Labelled:
    """The user's label of a detection: "right", "false alarm", or empty if it was taken back."""

    id: str
    label: str


@dataclass(frozen=True)
class Deleted:
    id: str


@dataclass(frozen=True)
class Restored:
    """A deletion was undone."""

    id: str


@dataclass(frozen=True)
class HoursHeard:
    """How long a model has listened to a microphone since the line before of this kind."""

    wall_time: str
    model: str
    decision: DecisionConfig
    heard_s: float


@dataclass(frozen=True)
class ActionDone:
    """A detection set off an action, and the action has ended."""

    id: str
    action: str  # its kind, as kws_app/actions/runner.py names it
    failure: str  # one sentence; empty if it worked


Fact = Ended | Labelled | Deleted | Restored | HoursHeard | ActionDone
EVENTS: dict[type[Fact], str] = {
    Ended: "end",
    Labelled: "label",
    Deleted: "delete",
    Restored: "restore",
    HoursHeard: "heard",
    ActionDone: "action",
}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no measure")
    return number


def _decision(raw: Any) -> DecisionConfig | None:
    """None if there is no decision, or one that this version does not know."""
    if not isinstance(raw, dict):
        return None
    try:
        return DecisionConfig(**raw)
    except (TypeError, ValueError):
        return None


def parse(line: str) -> DetectionRecord | Fact | None:
    """A line of the log. Returns None for an event that this version does not know.

    raises ValueError if the line is damaged
    """
    try:
        raw = json.loads(line)
        match raw.get("event"):
            case None | "missed":
                return DetectionRecord.from_object(raw)
            case "end":
                return Ended(str(raw["id"]), _number(raw["peak"]), _number(raw["above_s"]))
            case "label":
                return Labelled(str(raw["id"]), str(raw["label"]))
            case "delete":
                return Deleted(str(raw["id"]))
            case "restore":
                return Restored(str(raw["id"]))
            case "action":
                return ActionDone(str(raw["id"]), str(raw["action"]), str(raw["failure"]))
            case "heard":
                decision, heard_s = _decision(raw["decision"]), _number(raw["heard_s"])
                if decision is not None:
                    return HoursHeard(str(raw["wall_time"]), str(raw["model"]), decision, heard_s)
        return None
    except WRONG_TYPES as error:
        raise ValueError(f"no line of the log: {line!r}") from error


def now_iso() -> str:
    """The wall-clock time for a record, to the millisecond."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def clip_name(id: str) -> str:
    """The name of the clip of an id, in the folder of clips."""
    return f"{id}{CLIP_SUFFIX}"


def is_clip_name(name: str) -> bool:
    """Whether a file of this name is a clip of this program."""
    return _CLIP_NAME.fullmatch(name) is not None


def new_id() -> str:
    """A new id. Ids sort by the time at which they were made."""
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


class DetectionLog:
    """The file detections.jsonl. Each append is synced to the disk. A line that a crash cut off is ignored."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.Lock()

    def append(self, entry: DetectionRecord | Fact) -> None:
        """raises OSError if it cannot be written"""
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
                        line = b"\n" + line  # a crash cut the last line: this line must not be glued to it
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
