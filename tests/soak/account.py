"""The account of a soak: what was said and heard, what was lost, what went wrong and how soon it was over."""

import statistics
from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from dataclasses import dataclass, field

from kws_app.audio.source import Feed
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.history.facts import DetectionRecord
from tests.soak.faults import NOTICED_S, RESUMED_S, STALL_S, Disturbance
from tests.soak.process import Footprint

HEARD_WITHIN_S = 1.5  # of the player's end: it ends when the server has played all, and the model needs a moment
PAST_S = 2.0  # of sound before a word, which a model that was reset lacks
SOUND_PATH_S = 0.5  # what was on its way through the sound server when it broke
GROWTH_MB, GROWTH_HANDLES, GROWTH_THREADS = 10.0, 4, 2  # over the second half: caches have filled in the first
FEWEST_HEARD = 0.97
LAGS_KEPT = 10_000


@dataclass(frozen=True)
class Said:
    """An utterance: monotonic seconds of its first and last sample, about; `whole` if it could be played."""

    begun: float
    ended: float
    is_keyword: bool
    whole: bool
    clip: str = ""


class Scores:
    """What the model made of all that it heard; 12 bytes a step. Written by one thread."""

    def __init__(self) -> None:
        self._times, self._values = array("d"), array("f")

    def add(self, at: float, score: float) -> None:
        """at: monotonic seconds, when it was known"""
        self._values.append(score)
        self._times.append(at)

    def highest(self, begun: float, ended: float) -> float | None:
        """None if there was none in that time."""
        first, end = bisect_left(self._times, begun), bisect_left(self._times, ended)
        return max(self._values[first:end], default=None)


@dataclass
class Account:
    """Filled while the soak runs, each field by one thread."""

    said: list[Said] = field(default_factory=list)
    detections: list[tuple[float, DetectionRecord]] = field(default_factory=list)
    scores: Scores = field(default_factory=Scores)
    disturbances: list[Disturbance] = field(default_factory=list)
    listened_s: float = 0.0
    samples_in: int = 0  # at 16 kHz
    samples_lost: int = 0
    overruns: int = 0
    restarts: int = 0  # of the stream
    records_in_log: int = 0
    lags_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LAGS_KEPT))
    feed: Feed | None = None
    reported_s: float = 0.0
    at_start: Footprint | None = None
    at_half: Footprint | None = None
    at_end: Footprint | None = None

    def _undisturbed(self, said: Said) -> bool:
        """Whether nothing but the listening itself could have kept the word from being heard."""
        if not said.whole:
            return False
        return not any(
            d.fault.silences
            and d.begun - SOUND_PATH_S < said.ended
            and said.begun < (d.resumed if d.resumed is not None else float("inf")) + PAST_S
            for d in self.disturbances
        )

    def _patience_s(self, said: Said) -> float:
        """A word that is said while something stalls is heard after that."""
        stalls = [d for d in self.disturbances if not d.fault.silences and d.begun - 1 < said.ended < d.begun + STALL_S]
        return HEARD_WITHIN_S + (STALL_S if stalls else 0.0)

    def counts(self) -> tuple[int, int, int]:
        """(keywords that had to be heard, those of them that were, detections without a keyword)."""
        expected, missed, false = self._match()
        return expected, expected - len(missed), len(false)

    def _match(self) -> tuple[int, list[Said], list[float]]:
        """How many keywords had to be heard, those of them that were not, and the times of detections without one."""
        left = [at for at, _ in self.detections]
        expected, missed = 0, []
        for said in self.said:
            if not said.is_keyword:
                continue
            due = said.ended + self._patience_s(said)
            match = next((at for at in left if said.begun <= at <= due), None)
            if match is not None:
                left.remove(match)
            if self._undisturbed(said):
                expected += 1
                if match is None:
                    missed.append(said)
        return expected, missed, left

    def brief(self) -> str:
        expected, had, false = self.counts()
        return (
            f"{had} of {expected} keywords heard, {false} false alarms, {len(self.disturbances)} faults, "
            f"{self.restarts} restarts"
        )

    def lines(self) -> list[str]:
        """The whole account, for people."""
        expected, had, false = self.counts()
        keywords = sum(said.is_keyword for said in self.said)
        in_s, lost_s = self.samples_in / SAMPLE_RATE, self.samples_lost / SAMPLE_RATE
        lines = [
            f"listened       {self.listened_s / 3600:.2f} h",
            f"samples in     {self.samples_in} ({in_s:.1f} s)",
            f"samples lost   {self.samples_lost} ({lost_s:.1f} s, while the microphone was away); "
            f"{self.overruns} overruns",
            f"unaccounted    {self.listened_s - in_s - lost_s:.1f} s (its start, and one that was away at the end)",
            f"words said     {len(self.said)}, of which keywords {keywords}, {keywords - expected} of them while the "
            "microphone was away or had just come back",
            f"detections     expected {expected}, had {had}; false alarms {false}; lines in the log "
            f"{self.records_in_log} of {len(self.detections)}",
            f"restarts       {self.restarts} of the stream, {len(self.disturbances)} faults",
            f"lag            {statistics.median(self.lags_ms or [0.0]):.0f} ms median of the status line",
            f"at the start   {self.at_start}",
            f"at half time   {self.at_half}",
            f"at the end     {self.at_end}",
        ]
        for name, (count, noticed, resumed) in self._by_fault().items():
            lines.append(f"  {count:3d} x {name}{noticed}{resumed}")
        return lines + self.puzzles()

    def puzzles(self) -> list[str]:
        """Each keyword missed and each false alarm, with the fault before it."""
        _, missed, false = self._match()
        events = [(said.begun, self._missed(said)) for said in missed] + [(at, "false alarm") for at in false]
        return [f"  {what}, {self._fault_before(at)}" for at, what in sorted(events)]

    def _missed(self, said: Said) -> str:
        """What kept it from being heard: the model's opinion, or that there was none."""
        begun_s = self.said[0].begun
        peak = self.scores.highest(said.begun, said.ended + self._patience_s(said))
        made = "nothing was heard meanwhile" if peak is None else f"highest probability {peak:.2f}"
        return f"missed {said.clip} at {said.begun - begun_s:.1f} s, {said.ended - said.begun:.1f} s long, {made}"

    def _fault_before(self, at: float) -> str:
        before = [d for d in self.disturbances if d.begun <= at]
        if not before:
            return "before any fault"
        return f"{at - before[-1].begun:.1f} s after “{before[-1].fault.name}” began"

    def _by_fault(self) -> dict[str, tuple[int, str, str]]:
        groups: dict[str, list[Disturbance]] = defaultdict(list)
        for disturbance in self.disturbances:
            groups[disturbance.fault.name].append(disturbance)
        rows = {}
        for name, group in sorted(groups.items()):
            times = []
            for word, values in (
                (": noticed after", [d.noticed_s for d in group if d.fault.silences]),
                ("; resumed after", [d.resumed_s for d in group if d.fault.silences]),
            ):
                known = [value for value in values if value is not None]
                text = f"{word} {statistics.median(known):.2f} s (at most {max(known):.2f})" if known else ""
                times.append(text + (f", {len(values) - len(known)} never" if len(known) < len(values) else ""))
            rows[name] = (len(group), times[0], times[1])
        return rows

    def failures(self) -> list[str]:
        """What did not hold, one sentence each."""
        expected, had, _ = self.counts()
        found = []
        if had < FEWEST_HEARD * expected:
            found.append(f"Only {had} of {expected} keywords were heard.")
        for d in self.disturbances:
            if d.fault.silences and not (d.noticed_s is not None and d.noticed_s <= NOTICED_S):
                found.append(f"“{d.fault.name}” was noticed after {d.noticed_s} s instead of {NOTICED_S}.")
            if d.fault.silences and not (d.resumed_s is not None and d.resumed_s <= RESUMED_S):
                found.append(f"After “{d.fault.name}” it resumed in {d.resumed_s} s instead of {RESUMED_S}.")
        start, end = self.at_half, self.at_end
        if start and end:
            first = self.at_start or start  # a fault may be on at half time, when the microphone's handles are closed
            handles, threads = max(first.handles, start.handles), max(first.threads, start.threads)
            grown = (end.rss_mb - start.rss_mb, end.handles - handles, end.threads - threads)
            if grown[0] > GROWTH_MB or grown[1] > GROWTH_HANDLES or grown[2] > GROWTH_THREADS:
                found.append(f"It grew: {start} became {end}.")
        return found
