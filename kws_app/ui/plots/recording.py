"""What the plots keep of one source: its sound, scores and detections. On the window's thread; no Qt."""

from collections import deque
from dataclasses import dataclass, field

from kws_app.ui.plots.plot_history import SampleHistory
from kws_app.ui.plots.time_axis import TimeScale

MOST_MARKS = 1000


@dataclass(frozen=True)
class DetectionMark:
    """A detection on the sample clock."""

    sample: int
    word: str
    slot: int  # of the word's colour


@dataclass
class Recording:
    """The last five minutes of a source. Marks are bounded: the oldest leave."""

    live: bool = False  # a microphone: its time is clock time
    history: SampleHistory = field(default_factory=SampleHistory)
    scale: TimeScale = field(default_factory=TimeScale)
    marks: deque[DetectionMark] = field(default_factory=lambda: deque(maxlen=MOST_MARKS))
    found: dict[str, deque[int]] = field(default_factory=dict)  # by model that is only compared, its detections

    def add_found(self, model: str, sample: int) -> None:
        """A detection of a model that is only compared."""
        self.found.setdefault(model, deque(maxlen=MOST_MARKS)).append(sample)
