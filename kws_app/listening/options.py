"""The options that the window sends to the worker, as one value in a command. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kws_app.detection.tuning import Tuning


@dataclass(frozen=True)
class ListeningOptions:
    """How to listen. The worker takes a new value before it reads the next sound."""

    tunings: Mapping[str, Tuning] = field(default_factory=dict)  # by model, also for models that do not listen
    watched: bool = True  # True while the plots are on the screen: they get sound 30 times a second
    keep_clips: bool = True  # whether the sound around each detection is kept
