"""Draws the plots of the report, from cards and logs."""

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # files only, no window
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from training.report.shipped import Shipped, base_cost, cost_of

MOST_ALARMS = 200.0  # an hour; at higher rates scores stay high between words, and detections merge
LEAST_AREA = 1e-7  # stands for an area of 0 on a logarithmic axis
WIDTH_IN, HEIGHT_IN, DPI = 8.0, 4.2, 120
# Published figures: area, times smaller and times fewer MACs than their own base. Their sets are split by file.
LINEAGE = {
    "erasedwalt": (5.21e-5, 27.1, 14.2),
    "diddone": (4.34e-5, 5.5, 10.0),
    "huwarr": (5.49e-5, 10.3, 10.9),
    "mak-corp": (5.23e-5, 11.8, 8.2),
}


def _save(path: Path) -> None:
    plt.tight_layout()
    plt.savefig(path, dpi=DPI)
    plt.close()


def fa_fr_curves(models: list[Shipped], path: Path) -> None:
    """Plot false rejects over false alarms, on test clips and on test streams, on logarithmic axes."""
    _, (clips, streams) = plt.subplots(1, 2, figsize=(WIDTH_IN, HEIGHT_IN))
    for model in models:
        figures = model.figures
        rates = figures.clips["testing"].curve
        clips.plot(*zip(*[(max(a, 1e-4), max(r, 1e-3)) for a, r in rates], strict=True), label=model.card.role)
        stream = figures.streams.get("testing", {}).get("clean")
        if stream:
            floor = 0.5 / stream.speech.hours
            rows = (row for row in stream.curve if row.frr < 1)
            points = [(max(row.speech_fa_per_hour, floor), max(row.frr, 1e-3)) for row in rows]
            streams.plot(*zip(*points, strict=True), label=model.card.role)
    _finish(clips, "false alarms, share of other clips", "Test clips")
    _finish(streams, "false alarms an hour of real speech", "Keywords in continuous speech")
    streams.set_xlim(0.1, MOST_ALARMS)
    clips.set_ylabel("false rejects, share of keywords")
    clips.legend(frameon=False)
    _save(path)


def _finish(axes: Axes, xlabel: str, title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel=xlabel, title=title)
    axes.grid(True, which="both", alpha=0.2)


def area_against_cost(models: list[Shipped], path: Path) -> None:
    """Plot test areas over sizes and MACs, as ratios to the base network, beside the lineage's figures."""
    base = base_cost()
    _, (size, macs) = plt.subplots(1, 2, figsize=(WIDTH_IN, HEIGHT_IN), sharey=True)
    for (name, (area, smaller, fewer)), marker in zip(LINEAGE.items(), "x+12", strict=False):
        for axes, ratio in ((size, smaller), (macs, fewer)):
            axes.scatter(ratio, area, color="0.4", marker=marker, label=name)
    for i, model in enumerate(models):
        cost = cost_of(model.entry)
        clips = model.figures.clips["testing"]
        area = max(LEAST_AREA, clips.lineage_area)
        low, high = clips.lineage_area_interval
        for axes, ratio in ((size, base.packed / cost.packed), (macs, base.macs / cost.macs)):
            interval = [[max(0.0, area - low)], [max(0.0, high - area)]]
            axes.errorbar(ratio, area, interval, fmt="o", markersize=9 - 1.5 * i, capsize=3, label=model.card.role)
    size.set(xscale="log", yscale="log", xlabel="times smaller: files, ours packed", ylabel="area, lineage-equivalent")
    macs.set(xscale="log", xlabel="times fewer MACs")
    size.set_title("Ours: speakers apart, bars of 95 %. Grey: as published, split by file", fontsize=9)
    for axes in (size, macs):
        axes.set_xlim(0.7, 90)
        axes.grid(True, which="both", alpha=0.2)
    macs.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0.13, 0.0))
    _save(path)


def training_curves(logs: dict[str, Path], path: Path) -> None:
    """Loss, validation area and learning rate over the epochs of each run."""
    _, panels = plt.subplots(1, 3, figsize=(WIDTH_IN, HEIGHT_IN * 0.8))
    for name, log in logs.items():
        with log.open() as file:
            rows = list(csv.DictReader(file))
        epochs = [int(row["epoch"]) for row in rows]
        for axes, column in zip(panels, ("loss", "lineage_area", "learning_rate"), strict=True):
            axes.plot(epochs, [float(row[column]) for row in rows], label=name, linewidth=1)
    for axes, title in zip(panels, ("loss", "validation area", "learning rate"), strict=True):
        axes.set(yscale="linear" if title == "learning rate" else "log", xlabel="epoch", title=title)
        axes.grid(True, alpha=0.2)
    panels[0].legend(frameon=False, fontsize=8)
    _save(path)
