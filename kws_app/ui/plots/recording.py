"""The sound, scores and detections of one source, for the plots. On the window's thread; no Qt."""

from collections import deque
from dataclasses import dataclass, field

from kws_app.ui.plots.plot_history import SampleHistory
from kws_app.ui.plots.time_axis import TimeScale

MOST_MARKS = 1000


@dataclass(frozen=True)
class DetectionMark:
    """A detection of a word at a sample."""

    sample: int
    word: str
    slot: int  # the number of the word's colour


@dataclass
class Recording:
    """The last five minutes of a source. When MOST_MARKS marks are kept, a new mark replaces the oldest."""

    live: bool = False  # True for a microphone, which has clock time
    history: SampleHistory = field(default_factory=SampleHistory)
    scale: TimeScale = field(default_factory=TimeScale)
    marks: deque[DetectionMark] = field(default_factory=lambda: deque(maxlen=MOST_MARKS))
    found: dict[str, deque[int]] = field(default_factory=dict)  # by compared model, the samples of its detections

    def add_found(self, model: str, sample: int) -> None:
        """Add a detection of a compared model."""
        self.found.setdefault(model, deque(maxlen=MOST_MARKS)).append(sample)
