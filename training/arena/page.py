"""Writes the results of contests: a table in Markdown, a plot, and all counts as JSON."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # files only, no window
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from training.arena.standings import AT, Share, Standing, from_json

MIDDLE = AT[1]  # false alarms an hour of the plot, and of the conditions but the first
WIDTH_IN, ROW_IN, DPI = 8.0, 0.26, 120
MARKERS = ("o", "s")  # of the first two conditions: filled, and hollow
OURS_COLOUR, OTHERS_COLOUR = "#1f77b4", "#7f7f7f"

Contests = Mapping[str, Sequence[Standing]]  # by word


def as_table(word: str, standings: Sequence[Standing]) -> str:
    """The table of a word in Markdown."""
    first, others = standings[0].first, list(standings[0].counts)[1:]
    at = [f"missed at <= {rate:g}/h" for rate in AT] + [f"{name}, threshold of {MIDDLE:g}/h" for name in others]
    notes = [
        f"With {name}: {found.keywords} recordings in {found.hours:.1f} h, at the thresholds of the first sound."
        for name, found in list(standings[0].counts.items())[1:]
    ]
    silent = [f"{rate:g}" for rate in AT if rate * first.hours < 1]
    if silent:
        notes.append(f"In {first.hours:.1f} h no false alarm is allowed at {' and '.join(silent)} an hour.")
    lines = [
        f"## {word}",
        "",
        f"{first.keywords} recordings of the word in {first.hours:.1f} h of real speech, the same for all engines.",
        "Thresholds are chosen on this sound, for all alike. Shares with their 95 % intervals.",
        *notes,
        "",
        f"| engine | {' | '.join(at)} | processor s per h | memory MB | download MB |",
        "| --- |" + " --- |" * len(at) + " ---: | ---: | ---: |",
    ]
    for standing in standings:
        cells = [_share(standing.missed_at(rate)) for rate in AT]
        cells += [_share(standing.missed_at(MIDDLE, name)) for name in others]
        name = f"{standing.engine} {standing.version}".strip()
        cost = f"{standing.cpu_s_per_hour:.1f} | {standing.peak_mb:.0f} | {standing.download_mb:.0f}"
        lines.append(f"| {name} | {' | '.join(cells)} | {cost} |")
    return "\n".join(lines) + "\n"


def _share(found: Share | None) -> str:
    if found is None:
        return "none"
    return f"{found.missed:.1%} ({found.interval.low:.1%} to {found.interval.high:.1%})"


PAGE = """# Wake-word engines on the same sound

`python -m training arena --publish` wrote this page. [training/README.md](../training/README.md) tells how it
measures and which models of ours play. Processor time depends on the machine and on other work on it.

"""


def write_page(contests: Contests, path: Path) -> None:
    """Write the tables of all words."""
    path.write_text(PAGE + "\n".join(as_table(word, contests[word]) for word in sorted(contests)))


def read_counts(path: Path) -> dict[str, list[Standing]]:
    """The contests of a file by word; none where there is no such file."""
    if not path.is_file():
        return {}
    return {word: [from_json(row) for row in rows] for word, rows in json.loads(path.read_text()).items()}


def write_counts(contests: Contests, path: Path) -> None:
    """Write all counts, for other plots and tables."""
    rows = {word: [standing.as_json() for standing in contests[word]] for word in sorted(contests)}
    words = (
        f" {json.dumps(word)}: [\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows[word]) + "\n ]" for word in rows
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(words) + "\n}\n")


def plot(contests: Contests, path: Path) -> None:
    """Plot the misses at MIDDLE false alarms an hour with their intervals: a row for each engine, a panel a word."""
    rows = [len(standings) for standings in contests.values()]
    figure, panels = plt.subplots(
        len(contests),
        1,
        figsize=(WIDTH_IN, ROW_IN * sum(rows) + 0.75 * len(rows) + 0.4),
        height_ratios=rows,
        sharex=True,
        squeeze=False,
    )
    for axes, (word, standings) in zip(panels[:, 0], contests.items(), strict=True):
        _panel(axes, word, standings)
    panels[-1, 0].set_xlabel(f"% of the words missed, at no more than {MIDDLE:g} false alarms an hour; 95 % intervals")
    conditions = next(iter(contests.values()))[0].counts
    marks = [
        Line2D([], [], color="black", marker=marker, mfc="black" if marker == MARKERS[0] else "white", lw=1.2, ms=5)
        for marker in MARKERS
    ]
    names = list(conditions)[: len(MARKERS)]
    figure.legend(marks[: len(names)], names, frameon=False, fontsize=8, loc="upper right", ncols=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _panel(axes: Axes, word: str, standings: Sequence[Standing]) -> None:
    def middle(standing: Standing) -> float:
        found = standing.missed_at(MIDDLE)
        return 1.0 if found is None else found.missed

    ordered = sorted(standings, key=middle, reverse=True)
    for row, standing in enumerate(ordered):
        colour = OURS_COLOUR if standing.engine.startswith("our ") else OTHERS_COLOUR
        for lower, name, marker in zip((0.13, -0.13), standing.counts, MARKERS, strict=False):
            found = standing.missed_at(MIDDLE, name)
            if found is None:
                axes.text(100, row, "never below this rate ", ha="right", va="center", fontsize=8, color=colour)
                continue
            share, bounds = 100 * found.missed, (100 * found.interval.low, 100 * found.interval.high)
            bar = [[max(0.0, share - bounds[0])], [max(0.0, bounds[1] - share)]]
            fill = colour if marker == MARKERS[0] else "white"
            axes.errorbar(share, row + lower, xerr=bar, fmt=marker, color=colour, mfc=fill, ms=5, lw=1.2, capsize=2)
    axes.set_yticks(range(len(ordered)), [f"{standing.engine} {standing.version}".strip() for standing in ordered])
    axes.tick_params(axis="y", labelsize=9)
    axes.set_xscale("symlog", linthresh=1.0)
    ticks = [0, 0.5, 1, 2, 5, 10, 20, 50, 100]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlim(-0.1, 110)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    first = standings[0].first
    said = word.replace("_", " ")
    axes.set_title(f"“{said}”: {first.keywords} recordings, {first.hours:.1f} h of speech", fontsize=10, loc="left")
    axes.grid(True, axis="x", alpha=0.25)
