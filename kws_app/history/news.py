"""What the disk thread tells: what it has loaded, written, removed or read, and what failed."""

from dataclasses import dataclass

from kws_app.audio.ring import Samples
from kws_app.history.entries import Entry, History
from kws_app.history.facts import DetectionRecord, Fact
from kws_app.history.rate import DetectionCounter

MOST_RECENT = 2000  # a log may hold a hundred thousand detections: the window must not go through them


@dataclass(frozen=True)
class Loaded:
    """What the log and the folder of clips hold at the start."""

    history: History
    clips: frozenset[str]  # ids that have a clip
    bad_lines: int
    recent: list[Entry]  # not deleted, oldest first: the newest MOST_RECENT, and all that have a clip
    counts: DetectionCounter  # of all detections of microphones


@dataclass(frozen=True)
class ClipKept:
    """A clip was written, or was looked at. outline: [bins], the peaks of its waveform"""

    id: str
    outline: Samples


@dataclass(frozen=True)
class ClipGone:
    """A clip is not there, or was removed."""

    id: str


@dataclass(frozen=True)
class ClipRead:
    """The answer to `read_clip`."""

    id: str
    samples: Samples


@dataclass(frozen=True)
class Noted:
    """A line was added to the log; if that failed, Trouble follows."""

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
