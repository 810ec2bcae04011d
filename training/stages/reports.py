"""The stages that tell and compare: the report, the arena and the benchmarks."""

from dataclasses import dataclass
from pathlib import Path

from kws_app.engine.catalogue import find_model
from training.arena import page
from training.arena.contest import Contest, compare
from training.features.frame_store import open_store
from training.progress import SILENT, Progress
from training.recipes import RECIPES
from training.report import benchmark, plots, results
from training.report.seeds import keep_seeds
from training.report.shipped import shipped
from training.stages.places import Places

RESULTS_FILE = "RESULTS.md"  # in the models folder
ARENA_FILE = "ARENA.md"  # in the models folder


@dataclass(frozen=True)
class Report:
    """A text that was written, and its file."""

    path: Path
    text: str


def report(places: Places) -> Report:
    """Write RESULTS.md and the plots, from the cards of the models and the logs of the runs."""
    keep_seeds(places.models, places.work / "seeds")
    text = results.results(places.models)
    path = places.models / RESULTS_FILE
    path.write_text(text)
    for keyword, models in shipped(places.models).items():
        plots.fa_fr_curves(models, places.assets / f"fa-fr-{keyword}.png")
        if len(models) > 1:
            plots.area_against_cost(models, places.assets / f"area-cost-{keyword}.png")
    logs = {path.parent.name: path for path in sorted(places.work.glob("*/log.csv"))}
    if logs:
        plots.training_curves(logs, places.assets / "training.png")
    return Report(path, text)


def arena(places: Places, asked: Contest, publish: bool = False, progress: Progress = SILENT) -> Report:
    """Compare wake-word engines on the same sound. Writes a table, a plot and all counts below `work`/arena.

    publish: put the results among those that ship, too: the models' ARENA.md and arena.json, the assets' arena.png
    """
    found = compare(places.data, places.work / "arena", asked, progress)
    if publish:
        counts = places.models / "arena.json"
        contests = page.read_counts(counts) | {found.word: list(found.standings)}
        page.write_counts(contests, counts)
        page.write_page(contests, places.models / ARENA_FILE)
        page.plot(contests, places.assets / "arena.png")
    return Report(found.path, found.text)


def benchmark_model(places: Places, name: str) -> list[str]:
    """Lines that say how long one step of sound takes, on one thread."""
    return benchmark.report(find_model(name, places.models).path)


def benchmark_training(places: Places, progress: Progress = SILENT) -> list[str]:
    """Lines that say how many sequences a second are made, and how many are learnt from."""
    config = RECIPES["teacher"]
    store = open_store(places.data, places.cache, config.data, progress)
    return benchmark.training_report(store, config, places.work / "benchmark")
