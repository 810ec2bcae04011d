"""What the window wants of the worker: one value, sent whole in a command. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kws_app.detection.tuning import Tuning


@dataclass(frozen=True)
class ListeningOptions:
    """How to listen. The window sends a new value; the worker takes it before it reads the next sound."""

    tunings: Mapping[str, Tuning] = field(default_factory=dict)  # by model, whether the model listens yet or not
    watched: bool = True  # the plots are on the screen: they get sound 30 times a second
    keep_clips: bool = True  # of what is heard around each detection
