"""The lines of the log as values: a detection, and later facts about it. Pure; any thread."""

import hashlib
import json
import math
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from kws_app.engine.decision_config import DecisionConfig

WRONG_TYPES = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)  # errors of foreign JSON
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
    clip: str | None = None  # name of the file in the folder of clips; it may have been removed
    decision: DecisionConfig | None = None  # the decision at that time
    missed: bool = False  # the user says that the word was missed; `score` is the highest of the last seconds

    @property
    def clock(self) -> str:
        """The wall time as hours, minutes and seconds."""
        return datetime.fromisoformat(self.wall_time).strftime("%H:%M:%S")

    @property
    def key(self) -> str:
        """The id. An old line without an id gets one from its content."""
        known = f"{self.wall_time} {self.model} {self.time_s}"
        return self.id or hashlib.sha256(known.encode()).hexdigest()[:12]

    def to_json(self) -> str:
        raw = asdict(self)
        return json.dumps({"event": "missed", **raw} if raw.pop("missed") else raw)

    @classmethod
    def from_json(cls, line: str) -> "DetectionRecord":
        """A record from a line. raises ValueError if the line is not a whole record"""
        try:
            return cls.from_object(json.loads(line))
        except WRONG_TYPES as error:
            raise ValueError(f"no detection: {line!r}") from error

    @classmethod
    def from_object(cls, raw: dict[str, Any]) -> "DetectionRecord":
        """A record from JSON. raises ValueError or one of WRONG_TYPES if it is no record"""
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
    """A detection has ended: the score is below the threshold again."""

    id: str
    peak: float
    above_s: float


@dataclass(frozen=True)
class Labelled:
    """The user's label of a detection: "right", "false alarm", or empty if the user removed it."""

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
    """How long a model has listened to a microphone since the last line of this kind."""

    wall_time: str
    model: str
    decision: DecisionConfig
    heard_s: float


@dataclass(frozen=True)
class ActionDone:
    """An action after a detection has ended."""

    id: str
    action: str  # the value of its Kind in kws_app/actions/runner.py
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
    """The decision in a line; None without a decision, or if this version does not know it."""
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
