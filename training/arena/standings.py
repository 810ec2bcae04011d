"""The results of a contest: misses at given rates of false alarms with their intervals, and each engine's cost."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")  # files only, no window
import matplotlib.pyplot as plt

from kws_app.detection.intervals import wilson_interval
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend_config import SAMPLE_RATE
from training.arena.play import Answer
from training.evaluate.figures import Interval
from training.evaluate.hits_and_alarms import LATE_S, StreamScores, operating_curve

AT = (0.1, 0.5, 2.0)  # false alarms an hour of real speech at which misses are stated
DECISION = DecisionConfig(threshold=1.0)  # at most one detection a second and no smoothing, for all engines


@dataclass(frozen=True)
class Point:
    """The counts at a threshold."""

    threshold: float
    missed: int
    alarms: int  # in real speech


@dataclass(frozen=True)
class Standing:
    """The result of an engine under a condition."""

    engine: str
    condition: str
    keywords: int
    hours: float  # of real speech
    points: tuple[Point, ...]
    cpu_s_per_hour: float  # seconds of processor time for an hour of sound
    peak_mb: float
    download_mb: float | None

    def missed_at(self, fa_per_hour: float) -> tuple[float, Interval] | None:
        """The lowest share of misses at no more than this rate of false alarms. None if no threshold keeps to it."""
        allowed = [point.missed for point in self.points if point.alarms <= fa_per_hour * self.hours + 1e-9]
        if not allowed:
            return None
        missed = min(allowed)
        return missed / self.keywords, Interval(*wilson_interval(missed, self.keywords))


def standing_of(engine: str, condition: str, answer: Answer, download_mb: float | None) -> Standing:
    """Count misses and alarms at the highest score of each keyword. raises ValueError without keywords or speech"""
    scores, step = answer.scores, answer.cost.frame_samples
    if not scores.occurrences or scores.speech_hours <= 0:
        raise ValueError("The arena needs recordings of the word and of real speech without it.")
    curve = operating_curve(scores, DECISION, step, _thresholds(scores))
    hours = int(scores.kind_ends[-1]) / SAMPLE_RATE / 3600
    return Standing(
        engine=engine,
        condition=condition,
        keywords=len(scores.occurrences),
        hours=scores.speech_hours,
        points=tuple(Point(p.threshold, p.missed, p.speech_alarms) for p in curve),
        cpu_s_per_hour=answer.cost.cpu_s / hours,
        peak_mb=answer.cost.peak_mb,
        download_mb=download_mb,
    )


def _thresholds(scores: StreamScores) -> np.ndarray:
    """The highest score of each keyword, because no keyword is lost between two of them, and a threshold above all."""
    late = int(LATE_S * SAMPLE_RATE)
    peaks = []
    for occurrence in scores.occurrences:
        first, last = np.searchsorted(scores.step_ends, [occurrence.start, occurrence.end + late])
        peaks.append(scores.scores[first:last].max(initial=0.0))
    found = np.unique(np.clip(peaks, 1e-6, 1.0))
    return np.append(found, min(1.0, np.nextafter(found[-1], 2.0)))


def as_table(word: str, standings: list[Standing]) -> str:
    """The table in Markdown."""
    first = standings[0]
    at = " | ".join(f"missed at <= {rate:g}/h" for rate in AT)
    lines = [
        f"## {word}",
        "",
        f"{first.keywords} recordings of the word in {first.hours:.2f} h of real speech, the same for all engines.",
        "Thresholds are chosen on this sound, for all alike. Shares with their 95 % intervals.",
        "",
        f"| engine | condition | {at} | processor s per h | memory MB | download MB |",
        "| --- | --- |" + " --- |" * len(AT) + " ---: | ---: | ---: |",
    ]
    for standing in standings:
        cells = [_share(standing.missed_at(rate)) for rate in AT]
        download = "" if standing.download_mb is None else f"{standing.download_mb:.0f}"
        cost = f"{standing.cpu_s_per_hour:.1f} | {standing.peak_mb:.0f} | {download}"
        lines.append(f"| {standing.engine} | {standing.condition} | {' | '.join(cells)} | {cost} |")
    return "\n".join(lines) + "\n"


def _share(found: tuple[float, Interval] | None) -> str:
    return "none" if found is None else f"{found[0]:.1%} ({found[1].low:.1%} to {found[1].high:.1%})"


def write_json(standings: list[Standing], path: Path) -> None:
    """Write all counts, for other plots and tables."""
    path.write_text(json.dumps([asdict(standing) for standing in standings], indent=1) + "\n")


def plot(word: str, standings: list[Standing], path: Path) -> None:
    """Plot misses over false alarms an hour: a line for each engine and condition, on logarithmic axes."""
    figure, axes = plt.subplots(figsize=(7.0, 4.5))
    for standing in standings:
        floor = 0.5 / standing.hours  # stands for no alarm on a logarithmic axis
        x = [max(point.alarms / standing.hours, floor) for point in standing.points]
        y = [max(point.missed / standing.keywords, 0.3 / standing.keywords) for point in standing.points]
        style = "-" if standing.condition == standings[0].condition else "--"
        axes.step(x, y, style, where="post", label=f"{standing.engine}, {standing.condition}", linewidth=1.2)
    axes.set(xscale="log", yscale="log", xlabel="false alarms an hour of real speech", ylabel="share of words missed")
    axes.set_title(f"{word!r}: {standings[0].keywords} recordings, {standings[0].hours:.1f} h of speech", fontsize=10)
    axes.grid(True, which="both", alpha=0.2)
    axes.legend(frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
