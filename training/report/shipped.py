"""The models that ship, in the order of the report, and what each costs in bytes and multiply-accumulates."""

from dataclasses import asdict, dataclass
from pathlib import Path

from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry, find_models
from kws_app.engine.expert_file import FAMILY as EXPERT
from kws_app.engine.index import PROGRAM_SUFFIX
from training.evaluate.figures import Figures
from training.export.artifact import load_numbers, settings_of
from training.export.calibrate import Calibration
from training.network.costs import count_macs
from training.network.crnn import Crnn
from training.network.dynamic_int8 import raw_bytes, saved_bytes
from training.network.packed_file import grid_state, packed_bytes
from training.recipes import RECIPES

ORDER = ("teacher", "student", "quantized", "tiny", "micro")  # of the rows; other models follow


@dataclass(frozen=True)
class Cost:
    """Bytes of a model, counted in three ways, and its multiply-accumulates for two seconds."""

    raw: int  # weights alone
    saved: int  # torch.save of the state dict, which is how the lineage counted
    packed: int  # a model file whose card holds only the settings of the network
    macs: int


@dataclass(frozen=True)
class Shipped:
    """A model with its figures."""

    entry: ModelEntry
    figures: Figures

    @property
    def card(self) -> ModelCard:
        return self.entry.card


def cost_of(entry: ModelEntry) -> Cost:
    """The cost of a model, from its numbers. If the model is only a program, the size of that file counts."""
    if entry.path.suffix == PROGRAM_SUFFIX:
        size = entry.path.stat().st_size
        return Cost(entry.card.weight_bytes, size, size, entry.card.macs)
    crnn, settings = load_numbers(entry.path)
    saved = saved_bytes(grid_state(crnn, settings.weight_bits) if settings.weight_bits else crnn.state_dict())
    return Cost(entry.card.weight_bytes, saved, packed_bytes(settings, crnn), entry.card.macs)


def base_cost() -> Cost:
    """The cost of the lineage's base network, h = 32, in single precision. All ratios are relative to it."""
    shape = RECIPES["teacher"].crnn
    crnn = Crnn(shape)
    settings = settings_of({"crnn": asdict(shape), "train": {}}, Calibration())
    return Cost(raw_bytes(crnn), saved_bytes(crnn.state_dict()), packed_bytes(settings, crnn), count_macs(shape))


def shipped(models: Path) -> dict[str, list[Shipped]]:
    """The models by keyword, sorted by ORDER.

    raises ValueError if a model was not scored on the test set
    """
    found: dict[str, list[Shipped]] = {}
    for entry in find_models(models):
        if entry.card.network.get("family") == EXPERT:
            continue  # results.py shows experts in a table of their own: they are measured in another way
        model = Shipped(entry, Figures.of_card(entry.card))
        if "testing" not in model.figures.clips:
            raise ValueError(
                f"{entry.name} has not been scored: run python -m training evaluate --model {entry.name} "
                "--split all --stream --conditions all --write-card"
            )
        found.setdefault(entry.card.keyword, []).append(model)
    return {keyword: sorted(found[keyword], key=_place) for keyword in sorted(found)}


def _place(model: Shipped) -> tuple[int, str]:
    role = model.card.role
    return ORDER.index(role) if role in ORDER else len(ORDER), model.entry.name
