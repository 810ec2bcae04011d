"""Keeps the test areas of other seeds in models/seeds.json, so that their runs may be deleted."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from kws_app.engine.catalogue import ModelEntry, find_models
from training.atomic_file import written_whole
from training.evaluate.figures import Figures

FILE = "seeds.json"


@dataclass(frozen=True)
class Seed:
    """A model that does not ship, with its area on the test set."""

    keyword: str
    role: str
    seed: str  # the name of its folder
    parameters: int
    area: float  # lineage-equivalent


def known_seeds(models: Path) -> list[Seed]:
    """The seeds in the file beside the models."""
    path = models / FILE
    return [Seed(**row) for row in json.loads(path.read_text())] if path.is_file() else []


def keep_seeds(models: Path, folders: Path) -> None:
    """Add the scored models below `folders`, which has a folder for each seed. A newer model replaces an older one."""
    found = {(seed.keyword, seed.role, seed.seed): seed for seed in known_seeds(models)}
    for folder in sorted(folders.glob("*")):
        for entry in find_models(folder):
            card = entry.card
            clips = Figures.of_card(card).clips
            if "testing" in clips:
                area = clips["testing"].lineage_area
                seed = Seed(card.keyword, card.role, folder.name, card.parameters, area)
                found[card.keyword, card.role, folder.name] = seed
    rows = [json.dumps(vars(found[name])) for name in sorted(found)]
    if rows:
        with written_whole(models / FILE) as part:
            part.write_text("[\n " + ",\n ".join(rows) + "\n]\n")


def seed_range(entry: ModelEntry, seeds: list[Seed]) -> str:
    """The median and the range of the test areas of a model and its other seeds, as text."""
    card = entry.card
    own = (card.keyword, card.role, card.parameters)  # another shape is another network
    areas = [seed.area for seed in seeds if (seed.keyword, seed.role, seed.parameters) == own]
    if not areas:
        return "one seed"
    areas.append(Figures.of_card(card).clips["testing"].lineage_area)
    return f"{statistics.median(areas):.2e} ({min(areas):.1e} to {max(areas):.1e}), {len(areas)} seeds"
