"""The account of a soak: words said and heard, samples lost, faults, and the time until listening went on."""

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

HEARD_WITHIN_S = 1.5  # seconds after the player's end, because the model needs a moment
PAST_S = 2.0  # seconds of sound before a word that the model needs; after a reset it lacks them
SOUND_PATH_S = 0.5  # seconds of sound that were inside the sound server when it broke
GROWTH_MB, GROWTH_HANDLES, GROWTH_THREADS = 10.0, 4, 2  # allowed over the second half; the first half fills the caches
FEWEST_HEARD = 0.97
LAGS_KEPT = 10_000


@dataclass(frozen=True)
class Said:
    """An utterance: the monotonic seconds of its first and last sample, about. `whole` says whether it was played."""

    begun: float
    ended: float
    is_keyword: bool
    whole: bool
    clip: str = ""


class Scores:
    """The model's score of every step, 12 bytes a step. A single thread writes it."""

    def __init__(self) -> None:
        self._times, self._values = array("d"), array("f")

    def add(self, at: float, score: float) -> None:
        """at: monotonic seconds at which the score was known"""
        self._values.append(score)
        self._times.append(at)

    def highest(self, begun: float, ended: float) -> float | None:
        """The highest score in a time, or None if there was no score."""
        first, end = bisect_left(self._times, begun), bisect_left(self._times, ended)
        return max(self._values[first:end], default=None)


@dataclass
class Account:
    """The counts of a soak. They grow while it runs. Each field has a single writer thread."""

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
        """Whether no fault disturbed the word, so that the app had to hear it."""
        if not said.whole:
            return False
        return not any(
            d.fault.silences
            and d.begun - SOUND_PATH_S < said.ended
            and said.begun < (d.resumed if d.resumed is not None else float("inf")) + PAST_S
            for d in self.disturbances
        )

    def _patience_s(self, said: Said) -> float:
        """The seconds to wait for a word. A word during a stall is heard after the stall."""
        stalls = [d for d in self.disturbances if not d.fault.silences and d.begun - 1 < said.ended < d.begun + STALL_S]
        return HEARD_WITHIN_S + (STALL_S if stalls else 0.0)

    def counts(self) -> tuple[int, int, int]:
        """Three counts: keywords played, keywords that the app heard, and detections without a keyword."""
        expected, missed, false = self._match()
        return expected, expected - len(missed), len(false)

    def _match(self) -> tuple[int, list[Said], list[float]]:
        """How many keywords the app had to hear, the missed keywords, the times of detections without a keyword."""
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
        """The whole account as lines for a person."""
        expected, had, false = self.counts()
        keywords = sum(said.is_keyword for said in self.said)
        in_s, lost_s = self.samples_in / SAMPLE_RATE, self.samples_lost / SAMPLE_RATE
        lines = [
            f"listened       {self.listened_s / 3600:.2f} h",
            f"samples in     {self.samples_in} ({in_s:.1f} s)",
            f"samples lost   {self.samples_lost} ({lost_s:.1f} s, while the microphone was away); "
            f"{self.overruns} overruns",
            f"unaccounted    {self.listened_s - in_s - lost_s:.1f} s (at the start, and while it was away at the end)",
            f"words said     {len(self.said)}, with {keywords} keywords; {keywords - expected} of these while the "
            "microphone was away or had just come back",
            f"detections     {had} of {expected} keywords; {false} false alarms; {self.records_in_log} of "
            f"{len(self.detections)} lines in the log",
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
        """A line for each missed keyword and each false alarm, with the fault before it."""
        _, missed, false = self._match()
        events = [(said.begun, self._missed(said)) for said in missed] + [(at, "false alarm") for at in false]
        return [f"  {what}, {self._fault_before(at)}" for at, what in sorted(events)]

    def _missed(self, said: Said) -> str:
        """Why the word was missed: the model's highest score, or that there was no score."""
        begun_s = self.said[0].begun
        peak = self.scores.highest(said.begun, said.ended + self._patience_s(said))
        made = "no score in this time" if peak is None else f"highest probability {peak:.2f}"
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
        """A sentence for each check that failed."""
        expected, had, _ = self.counts()
        found = []
        if had < FEWEST_HEARD * expected:
            found.append(f"Only {had} of {expected} keywords were heard.")
        for d in self.disturbances:
            if d.fault.silences and not (d.noticed_s is not None and d.noticed_s <= NOTICED_S):
                found.append(f"“{d.fault.name}” was noticed {_after(d.noticed_s)}; {NOTICED_S} s are allowed.")
            if d.fault.silences and not (d.resumed_s is not None and d.resumed_s <= RESUMED_S):
                found.append(f"“{d.fault.name}” was over {_after(d.resumed_s)}; {RESUMED_S} s are allowed.")
        start, end = self.at_half, self.at_end
        if start and end:
            # If a fault lasts at half time, the microphone's handles are closed then: so the start counts too.
            first = self.at_start or start
            handles, threads = max(first.handles, start.handles), max(first.threads, start.threads)
            grown = (end.rss_mb - start.rss_mb, end.handles - handles, end.threads - threads)
            if grown[0] > GROWTH_MB or grown[1] > GROWTH_HANDLES or grown[2] > GROWTH_THREADS:
                found.append(f"The process grew from {start} to {end}.")
        return found


def _after(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds:.1f} s"
