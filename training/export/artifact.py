"""From a checkpoint to an artifact: script, compare with eager, write with its card. Any mismatch raises."""

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from kws_app.engine.card import CARD_FILE, CURVE_FIELD, NAME, ModelCard
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import LogMel
from kws_app.engine.model_file import KeywordModel, golden_samples, golden_scores
from kws_app.errors import ModelError
from training.atomic_file import written_whole
from training.config import CrnnConfig, DataConfig, saved_config
from training.export.calibrate import Calibration
from training.network.costs import count_macs, count_parameters
from training.network.crnn import Crnn, State, StreamingCrnn
from training.network.dynamic_int8 import quantise_dynamic, raw_bytes
from training.network.packed_file import load_packed, packed_weight_bytes, save_packed

TOLERANCE = 1e-5  # float32 arithmetic in another order; a real fault is orders of magnitude larger
DYNAMIC_TOLERANCE = 0.05  # of golden scores between processors: dynamic int8 rounds activations
PACKED_SUFFIX = ".safetensors"
CHUNKS = (1, 7, 8, 50)  # frames at a time
DATA_NOTE = {
    "description": "Google Speech Commands (Warden 2018), a part, with continuous speech from LibriSpeech, "
    "speechocean762, Picovoice's benchmarks, Rhasspy's voices and LJ Speech, and synthetic speech by espeak-ng; "
    "noise and rooms as credited",
    "licence": "CC BY 4.0 (Speech Commands, LibriSpeech); Apache-2.0, CC0, MIT, public domain (the rest)",
    "credit": "models/README.md",
}


@dataclass(frozen=True)
class Identity:
    """What an artifact is called, and in what form its weights are."""

    keyword: str
    role: str
    part: str = "none"  # in dynamic int8, see quantize.PARTS

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.role):
            raise ValueError(f"a role is a name of letters, digits, - and _, such as student; got {self.role!r}")


def data_config(settings: dict[str, Any]) -> DataConfig:
    """The data settings of a run or a card."""
    return saved_config(DataConfig(), settings.get("data", {}))


def stream(module: Any, log_mel: Tensor, chunk_frames: int) -> tuple[Tensor, State]:
    """All posteriors [B, S] of frames [B, T, F] given in chunks, and the last state."""
    state = module.initial_state(log_mel.shape[0])
    posteriors = []
    for chunk in log_mel.split(chunk_frames, dim=1):
        posterior, _, state = module(chunk, state)
        posteriors.append(posterior)
    return torch.cat(posteriors, dim=1), state


@torch.inference_mode()
def verify(eager: nn.Module, scripted: Any, chunk_tolerance: float = TOLERANCE) -> None:
    """raises ModelError unless both give the same posteriors and states, and any chunking what the whole gives

    Dynamic int8 scales activations by the largest of a chunk, so there chunks do differ: chunk_tolerance is infinite.
    """
    frontend = LogMel()
    log_mel, _ = frontend(golden_samples(), frontend.initial_tail())
    torch.manual_seed(0)
    for frames in (log_mel, -6 + 4 * torch.randn(3, 200, log_mel.shape[2])):
        whole = stream(eager, frames, frames.shape[1])
        for chunk in (*CHUNKS, frames.shape[1]):
            ours, theirs = stream(eager, frames, chunk), stream(scripted, frames, chunk)
            _compare(theirs, ours, TOLERANCE, f"The scripted model differs from the eager one in chunks of {chunk}")
            _compare(ours, whole, chunk_tolerance, f"The model differs from itself in chunks of {chunk}")


def _compare(found: tuple[Tensor, State], expected: tuple[Tensor, State], tolerance: float, what: str) -> None:
    """Posteriors, GRU state and past outputs of two streams."""
    pairs = zip((found[0], *found[1][1:3]), (expected[0], *expected[1][1:3]), strict=True)
    worst = max(float((a - b).abs().max()) for a, b in pairs)
    if worst > tolerance:
        raise ModelError(f"{what} frames by {worst:.2e} (at most {tolerance:g} is allowed); it was not exported.")


def build_card(
    crnn: Crnn, scripted: Any, config: dict[str, Any], identity: Identity, decision: DecisionConfig
) -> ModelCard:
    """The card of a network, its figures still empty: they are measured on the artifact and added by `evaluate`."""
    shape = CrnnConfig(**config["crnn"])
    bits = int(config["train"].get("weight_bits", 0))
    return ModelCard(
        keyword=identity.keyword,
        role=identity.role,
        threshold=decision.threshold,
        step_frames=shape.stride_frames,
        context_frames=shape.kernel_frames,
        window_steps=shape.window_steps,
        parameters=count_parameters(crnn),
        macs=count_macs(shape),
        weight_bytes=raw_bytes(crnn, identity.part) if not bits else packed_weight_bytes(crnn, bits),
        golden_tolerance=1e-3 if identity.part == "none" else DYNAMIC_TOLERANCE,
        golden=golden_scores(scripted, LogMel()),
        decision={
            "smoothing_steps": decision.smoothing_steps,
            "patience_steps": decision.patience_steps,
            "refractory_s": decision.refractory_s,
        },
        training=config,
        data=DATA_NOTE,
        torch_version=torch.__version__,
        commit=current_commit(),
    )


def current_commit() -> str:
    """The commit of this code, or "unknown" outside a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def save_artifact(
    module: Any, card: ModelCard, path: Path, check: Callable[[KeywordModel], None] | None = None
) -> None:
    """Write the archive with its card, whole or not at all; the archive's inner folder is called as the file is.

    check: what must hold of the file, loaded again, before it takes its place; raises if it does not
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        temporary = Path(folder) / path.name
        torch.jit.save(module, str(temporary), _extra_files={CARD_FILE: card.to_json()})
        loaded = KeywordModel.load_own(temporary)
        if check is not None:
            check(loaded)
        os.replace(temporary, path)


def export(
    crnn: Crnn,
    config: dict[str, Any],
    calibration: Calibration,
    identity: Identity,
    decision: DecisionConfig,
    folder: Path,
) -> Path:
    """Script, verify, save, load again and verify that; returns the artifact's path.

    raises ModelError if anything differs
    """
    eager = quantise_dynamic(StreamingCrnn(crnn, calibration.scale, calibration.offset), identity.part).eval()
    scripted = torch.jit.freeze(torch.jit.script(eager), preserved_attrs=["initial_state"])
    chunk_tolerance = TOLERANCE if identity.part == "none" else float("inf")
    verify(eager, scripted, chunk_tolerance)
    card = build_card(crnn, scripted, config | {"calibration": asdict(calibration)}, identity, decision)
    path = folder / identity.keyword / f"{identity.role}.pt"
    save_artifact(scripted, card, path, lambda loaded: verify(eager, loaded.module, chunk_tolerance))
    bits = int(config["train"].get("weight_bits", 0))
    run = {"crnn": config["crnn"], "train": {"weight_bits": bits}}
    recipe = {"run": run, "calibration": asdict(calibration), "identity": asdict(identity)}
    save_packed(crnn, bits, recipe, path.with_suffix(PACKED_SUFFIX))
    update_index(folder)
    return path


def load_packed_crnn(packed: Path) -> tuple[Crnn, dict[str, Any]]:
    """The network of a packed file, in single precision, and how its artifact is made from it."""
    crnn, recipe = load_packed(packed, lambda recipe: Crnn(CrnnConfig(**recipe["run"]["crnn"])))
    return cast(Crnn, crnn).eval(), recipe


def rebuild(packed: Path, decision: DecisionConfig, folder: Path) -> Path:
    """The artifact of a packed file again, its weights bit for bit, with a card without figures."""
    crnn, recipe = load_packed_crnn(packed)
    identity, calibration = Identity(**recipe["identity"]), Calibration(**recipe["calibration"])
    return export(crnn, recipe["run"], calibration, identity, decision, folder)


def update_card(path: Path, figures: dict[str, Any], decision: DecisionConfig | None = None) -> None:
    """Put measured figures, and the decision they were measured with, into an artifact's card.

    Figures of other sets stay, by split, and so does the operating curve, which is of the test set alone.
    """
    model = KeywordModel.load_own(path)
    known = model.card.figures
    kept = {name: value for name, value in figures.items() if name != CURVE_FIELD or value["split"] == "testing"}
    for name in ("clips", "streams"):
        if name in kept:
            kept[name] = known.get(name, {}) | kept[name]
    card = replace(model.card, figures=known | kept)
    if decision is not None:
        settings = {name: value for name, value in asdict(decision).items() if name != "threshold"}
        card = replace(card, threshold=decision.threshold, decision=settings)
    save_artifact(model.module, card, path)
    update_index(path.parent.parent)


def update_index(folder: Path) -> None:
    """List every artifact below `folder` with its SHA-256 in index.json."""
    models = {
        f"{path.parent.name}/{path.stem}": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in sorted(folder.glob("*/*.pt"))
    }
    with written_whole(folder / "index.json") as part:
        part.write_text(json.dumps({"models": models}, indent=1) + "\n")
