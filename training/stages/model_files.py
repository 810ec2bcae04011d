"""The stages that make model files: export, quantize and rebuild. training/export writes the files and their cards."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_app.engine.decision_config import DecisionConfig
from training.export.artifact import Identity, data_config, export, load_numbers, rebuild
from training.export.calibrate import MISSES, calibrate
from training.features.frame_store import open_store
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn
from training.network.dynamic_int8 import Size, measure
from training.network.packed_file import packed_bytes, packed_weight_bytes, put_on_grid
from training.progress import SILENT, Progress
from training.report.shipped import base_cost
from training.stages.places import Places


@dataclass(frozen=True)
class Exporting:
    """Which run becomes which model file."""

    run: str
    role: str | None = None  # by default the name of the run
    part: str = "none"  # the layers in dynamic int8, one of dynamic_int8.PARTS
    smoothing_steps: int = 1
    patience_steps: int = 1
    misses: float | None = None  # share of validation keywords that score below 0.5; by default MISSES of the role

    @property
    def name(self) -> str:
        """The role of the model."""
        return self.role or self.run


@dataclass(frozen=True)
class ModelFile:
    """A model file that was written."""

    path: Path
    size_bytes: int


def export_run(places: Places, asked: Exporting, progress: Progress = SILENT) -> ModelFile:
    """Calibrate, script, verify and write the best checkpoint of a run."""
    return _write_model(places, asked, *load_crnn(places.checkpoint(asked.run)), progress)


def rebuild_model(places: Places, packed: Path) -> ModelFile:
    """Make a model file again from its packed weights. Its card has no figures."""
    path = rebuild(packed, DecisionConfig(), places.models)
    return ModelFile(path, path.stat().st_size)


@dataclass(frozen=True)
class SizeRow:
    """Bytes of a network, beside the bytes of the base network in float32."""

    name: str
    raw: int  # weights alone
    file: int  # the weights and what surrounds them in a file
    base_raw: int
    base_file: int


@dataclass(frozen=True)
class Quantized:
    """A model file whose weights lie on a grid, and how much smaller int8 makes each part of the network."""

    model: ModelFile
    sizes: list[SizeRow]


def quantize_run(places: Places, asked: Exporting, bits: int = 8, progress: Progress = SILENT) -> Quantized:
    """Measure the parts of a run's network in int8. Then round all weights to a grid and write the model file.

    bits: of each weight, 2 to 8
    """
    crnn, settings = load_crnn(places.checkpoint(asked.run))
    base = base_cost()
    parts: dict[str, Size] = measure(crnn)
    rows = [SizeRow(f"dynamic, {part}", s.raw, s.saved, base.raw, base.saved) for part, s in parts.items()]
    put_on_grid(crnn, bits)
    settings["train"]["weight_bits"] = bits
    model = _write_model(places, asked, crnn, settings, progress)
    packed = packed_bytes(load_numbers(model.path)[1], crnn)
    raw = packed_weight_bytes(crnn, bits)
    return Quantized(model, [*rows, SizeRow(f"all weights, {bits} bits", raw, packed, base.raw, base.packed)])


def _write_model(
    places: Places, asked: Exporting, crnn: Crnn, settings: dict[str, Any], progress: Progress
) -> ModelFile:
    data = data_config(settings)
    store = open_store(places.data, places.cache, data, progress)
    misses = asked.misses or MISSES.get(asked.name, MISSES["teacher"])
    calibration = calibrate(crnn, store, misses)
    decision = DecisionConfig(smoothing_steps=asked.smoothing_steps, patience_steps=asked.patience_steps)
    identity = Identity(data.keyword, asked.name, asked.part)
    path = export(crnn, settings, calibration, identity, decision, places.models)
    return ModelFile(path, path.stat().st_size)
