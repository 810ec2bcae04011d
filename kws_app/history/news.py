"""The reports of the disk thread: what it has loaded, written, removed or read, and what failed."""

from dataclasses import dataclass

from kws_app.audio.ring import Samples
from kws_app.history.entries import Entry, History
from kws_app.history.facts import DetectionRecord, Fact
from kws_app.history.rate import DetectionCounter

MOST_RECENT = 2000  # newest detections for the window; a log may hold a hundred thousand


@dataclass(frozen=True)
class Loaded:
    """The contents of the log and of the folder of clips at the start."""

    history: History
    clips: frozenset[str]  # ids that have a clip
    bad_lines: int
    recent: list[Entry]  # oldest first, without deleted entries: the newest MOST_RECENT, and all with a clip
    counts: DetectionCounter  # of all detections from microphones


@dataclass(frozen=True)
class ClipKept:
    """A clip was written, or its outline was read. outline: [bins], the peaks of its waveform"""

    id: str
    outline: Samples


@dataclass(frozen=True)
class ClipGone:
    """A clip is missing or was removed."""

    id: str


@dataclass(frozen=True)
class ClipRead:
    """The answer to `read_clip`."""

    id: str
    samples: Samples


@dataclass(frozen=True)
class Noted:
    """A line is being added to the log. If that fails, Trouble follows."""

    fact: DetectionRecord | Fact


@dataclass(frozen=True)
class Trouble:
    """Something failed: one sentence for the user."""

    text: str


@dataclass(frozen=True)
class Done:
    """An export worked: one sentence for the user."""

    text: str


News = Loaded | ClipKept | ClipGone | ClipRead | Noted | Trouble | Done
