"""The rate: detections in the hours of listening, and false alarms by the user's labels. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kws_app.detection.intervals import poisson_interval
from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.entries import FALSE_ALARM, Entry, ModelSetup
from kws_app.translation import _

LEAST_HOURS = 1.0  # hours of listening that a rate needs


@dataclass(frozen=True)
class Listened:
    """How long each setup has listened. It never changes, so any thread may read it."""

    is_live: bool = True  # True for a microphone, False for a file
    setups: Mapping[str, ModelSetup] = field(default_factory=dict)  # by keyword, of the models that listen
    seconds: Mapping[ModelSetup, float] = field(default_factory=dict)  # heard in this run, or of the present file


@dataclass(frozen=True)
class Rate:
    """The counts of one setup."""

    detections: int
    false_alarms: int
    hours: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of false alarms per hour. raises ValueError if no time has passed"""
        return poisson_interval(self.false_alarms, self.hours)

    @property
    def text(self) -> str:
        """The counts for the user, such as "3 in 2.4 h, 1 labelled false: 0.4 an hour (0.0 to 2.3)"."""
        counts = {"detections": self.detections, "time": self._time, "false": self.false_alarms}
        if self.false_alarms:
            counted = _("{detections} in {time}, {false} labelled false", **counts)
        else:
            counted = _("{detections} in {time}, none labelled false", **counts)
        if self.hours < LEAST_HOURS:
            return counted
        low, high = self.interval
        rate = self.false_alarms / self.hours
        return _(
            "{counted}: {rate:.1f} an hour ({low:.1f} to {high:.1f})", counted=counted, rate=rate, low=low, high=high
        )

    @property
    def _time(self) -> str:
        minutes = 60 * self.hours
        if minutes < 1:
            return _("under a minute")
        return _("{minutes:.0f} min", minutes=minutes) if minutes < 60 else f"{self.hours:.1f} h"


@dataclass
class DetectionCounter:
    """Counts detections by setup. A deleted detection counts; a missed word does not."""

    _detections: dict[ModelSetup, int] = field(default_factory=dict)
    _false: dict[ModelSetup, set[str]] = field(
        default_factory=dict
    )  # ids of detections that the user labelled as false alarms
    _setups: dict[str, ModelSetup] = field(default_factory=dict)  # by id

    def add(self, entries: Iterable[Entry]) -> None:
        """Count detections, each once."""
        for entry in entries:
            decision = entry.record.decision
            if entry.record.missed or decision is None or entry.id in self._setups:
                continue
            setup = (entry.record.model, decision)
            self._setups[entry.id] = setup
            self._detections[setup] = self._detections.get(setup, 0) + 1
            self.label(entry.id, entry.label)

    def label(self, id: str, label: str) -> None:
        """The user gave a detection a label. A detection that was not added is ignored."""
        if id in self._setups:
            marked = self._false.setdefault(self._setups[id], set())
            (marked.add if label == FALSE_ALARM else marked.discard)(id)

    def rate(self, model: str, decision: DecisionConfig, heard_s: float) -> Rate:
        setup = (model, decision)
        return Rate(self._detections.get(setup, 0), len(self._false.get(setup, ())), heard_s / 3600)
