"""The history: each detection of the log, with all later facts about it. Pure; any thread."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.facts import ActionDone, Deleted, DetectionRecord, Ended, Fact, HoursHeard, Labelled, Restored
from kws_app.translation import _

RIGHT = "right"
FALSE_ALARM = "false alarm"
LABELS = ("", RIGHT, FALSE_ALARM)  # in the log; the empty label removes a label
MOST_ACTIONS = 20  # actions that are kept for a detection; there are six kinds
LABEL_WORDS = {"": "", RIGHT: _("right"), FALSE_ALARM: _("false alarm")}  # for the user


@dataclass(frozen=True)
class Entry:
    """A detection or a missed word, with all that is known about it."""

    record: DetectionRecord
    peak: float | None = None  # the highest score; None until the detection ends
    above_s: float | None = None  # how long the score stayed at or above the threshold
    label: str = ""
    deleted: bool = False
    actions: tuple[ActionDone, ...] = ()  # actions after the detection, in the order in which they ended

    @property
    def id(self) -> str:
        return self.record.key

    @property
    def is_labelled(self) -> bool:
        """Whether the user labelled it. A missed word counts as labelled."""
        return bool(self.label) or self.record.missed

    def after(self, fact: Fact) -> "Entry":
        """This entry with one more fact."""
        match fact:
            case Ended(peak=peak, above_s=above_s):
                return replace(self, peak=peak, above_s=above_s)
            case Labelled(label=label):
                return replace(self, label=label if label in LABELS else "")
            case ActionDone() if len(self.actions) < MOST_ACTIONS:
                return replace(self, actions=(*self.actions, fact))
            case Deleted():
                return replace(self, deleted=True)
            case Restored():
                return replace(self, deleted=False)
        return self


ModelSetup = tuple[str, DecisionConfig]  # a model and its decision; each setup has its own rate


@lru_cache(maxsize=64)  # called with every piece of sound
def model_setup(model: str, decision: DecisionConfig) -> ModelSetup:
    """A setup whose threshold is rounded to three digits, as in the window, so that equal digits are one setup."""
    return model, replace(decision, threshold=round(decision.threshold, 3) or decision.threshold)


@dataclass
class History:
    """All entries, and the hours of listening."""

    entries: dict[str, Entry] = field(default_factory=dict)  # by id, oldest first; deleted entries too
    heard_s: dict[ModelSetup, float] = field(default_factory=dict)  # seconds heard from microphones, by setup


def add_up(said: Iterable[DetectionRecord | Fact]) -> History:
    """The history of a log. said: its lines, oldest first. A fact about an unknown detection is ignored."""
    history = History()
    early: list[Fact] = []  # two threads write the log: a fact may stand before its detection
    for entry in said:
        if isinstance(entry, DetectionRecord):
            history.entries.setdefault(entry.key, Entry(entry))
        elif isinstance(entry, HoursHeard):
            setup = (entry.model, entry.decision)
            history.heard_s[setup] = history.heard_s.get(setup, 0.0) + entry.heard_s
        elif entry.id in history.entries:
            history.entries[entry.id] = history.entries[entry.id].after(entry)
        else:
            early.append(entry)
    for fact in early:
        if not isinstance(fact, HoursHeard) and fact.id in history.entries:
            history.entries[fact.id] = history.entries[fact.id].after(fact)
    return history
