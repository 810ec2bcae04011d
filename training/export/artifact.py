"""Makes the model files of a checkpoint, and writes the model's card.

The network is scripted and compared with the eager network before it is written. `evaluate --write-card` later adds
figures to the card.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kws_app.engine.backends import JITTED, Network
from kws_app.engine.backends.jitted import JittedFrontend, JittedNetwork
from kws_app.engine.backends.plain import PlainCrnn
from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.engine.card import CURVE_FIELD, ModelCard
from kws_app.engine.crnn_file import CrnnSettings, pack, unpack
from kws_app.engine.crnn_shape import CrnnShape
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.frontend import Frames
from kws_app.engine.index import PROGRAM_SUFFIX, note_own, own_program, write_index
from kws_app.engine.keyword_model import KeywordModel, golden_samples, golden_scores
from kws_app.engine.model_file import CARD_FILE, MODEL_SUFFIX, read_card, read_model_file, write_model_file
from kws_app.engine.names import is_name
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from training.config import CrnnConfig, DataConfig, saved_config
from training.export.calibrate import Calibration
from training.network.costs import count_macs, count_parameters
from training.network.crnn import Crnn, State, StreamingCrnn
from training.network.dynamic_int8 import quantise_dynamic, raw_bytes
from training.network.packed_file import packed_weight_bytes, parameters_of, take_parameters

TOLERANCE = 1e-5  # of posteriors: float32 sums differ by their order, and a real fault differs far more
DYNAMIC_TOLERANCE = 0.05  # of golden scores: dynamic int8 rounds activations differently on other processors
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
    """The name of a model, and the form of its weights."""

    keyword: str
    role: str
    part: str = "none"  # the layers in dynamic int8, one of dynamic_int8.PARTS

    def __post_init__(self) -> None:
        if not is_name(self.role):
            raise ValueError(f"A role has only letters, digits, - and _, such as student; got {self.role!r}.")


def data_config(settings: dict[str, Any]) -> DataConfig:
    """The data settings of a run or a card."""
    return saved_config(DataConfig(), settings.get("data", {}))


def stream(module: Any, log_mel: Tensor, chunk_frames: int) -> tuple[Tensor, State]:
    """All posteriors [B, S] of frames [B, T, F] that are given in chunks, and the last state."""
    state = module.initial_state(log_mel.shape[0])
    posteriors = []
    for chunk in log_mel.split(chunk_frames, dim=1):
        posterior, _, state = module(chunk, state)
        posteriors.append(posterior)
    return torch.cat(posteriors, dim=1), state


@torch.inference_mode()
def verify(eager: nn.Module, scripted: Any, chunk_tolerance: float = TOLERANCE) -> None:
    """Compare the eager and the scripted network, in chunks of several lengths.

    chunk_tolerance: how far chunks may differ from the whole. It is infinite for dynamic int8, which scales activations
    by the largest value of a chunk.
    raises ModelError unless both networks give the same posteriors and states
    """
    frontend = LogMel()
    log_mel, _ = frontend(torch.from_numpy(golden_samples())[None], frontend.initial_tail())
    torch.manual_seed(0)
    for frames in (log_mel, -6 + 4 * torch.randn(3, 200, log_mel.shape[2])):
        whole = stream(eager, frames, frames.shape[1])
        for chunk in (*CHUNKS, frames.shape[1]):
            ours, theirs = stream(eager, frames, chunk), stream(scripted, frames, chunk)
            _compare(theirs, ours, TOLERANCE, f"The scripted model differs from the eager one in chunks of {chunk}")
            _compare(ours, whole, chunk_tolerance, f"The model differs from itself in chunks of {chunk}")


def _compare(found: tuple[Tensor, State], expected: tuple[Tensor, State], tolerance: float, what: str) -> None:
    """Compare posteriors, GRU state and past outputs of two streams. raises ModelError if they differ by too much"""
    pairs = zip((found[0], *found[1][1:3]), (expected[0], *expected[1][1:3]), strict=True)
    worst = max(float((a - b).abs().max()) for a, b in pairs)
    if worst > tolerance:
        raise ModelError(f"{what} frames by {worst:.2e}; at most {tolerance:g} is allowed. It was not exported.")


def verify_plain(settings: CrnnSettings, crnn: Crnn, scripted: Any) -> None:
    """Compare NumPy with the scripted network, in chunks of several lengths.

    raises ModelError unless both give the same posteriors and states
    """
    plain = PlainCrnn(settings, unpack(settings, pack(settings, parameters_of(crnn))))
    frontend = LogMel()
    golden, _ = frontend(torch.from_numpy(golden_samples())[None], frontend.initial_tail())
    sounds = (golden[0].numpy(), np.random.default_rng(0).normal(-6, 4, (400, settings.shape.mel_bins)))
    for log_mel in (sound.astype(np.float32) for sound in sounds):
        expected = _plain_stream(JittedNetwork(scripted), log_mel, len(log_mel))
        for chunk in (*CHUNKS, len(log_mel)):
            found = _plain_stream(plain, log_mel, chunk)
            worst = max(float(np.abs(a - b).max()) for a, b in zip(found, expected, strict=True))
            if worst > TOLERANCE:
                raise ModelError(
                    f"The plain engine differs from the scripted model in chunks of {chunk} frames by {worst:.2e}; "
                    f"at most {TOLERANCE:g} is allowed. It was not exported."
                )


def _plain_stream(network: Network, log_mel: Frames, chunk_frames: int) -> tuple[Frames, Frames, Frames]:
    """All posteriors of frames [T, F] that are given in chunks, the GRU's last state and the past outputs."""
    state, posteriors = network.initial_state(), []
    for first in range(0, len(log_mel), chunk_frames):
        some, state = network.step(log_mel[first : first + chunk_frames], state)
        posteriors.append(some)
    return np.concatenate(posteriors), state[1], state[2]


def settings_of(config: dict[str, Any], calibration: Calibration) -> CrnnSettings:
    """The settings of a run's network, in the form of a model file."""
    bits = int(config["train"].get("weight_bits", 0))
    return CrnnSettings(CrnnShape(**config["crnn"]), calibration.scale, calibration.offset, bits)


def build_card(
    crnn: Crnn, scripted: Any, config: dict[str, Any], identity: Identity, decision: DecisionConfig
) -> ModelCard:
    """The card of a network, without figures: `evaluate` measures the file later and adds them."""
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
        golden=golden_scores(JittedNetwork(scripted), JittedFrontend()),
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


def save_program(module: Any, card: ModelCard, path: Path, check: Callable[[Any], None] | None = None) -> None:
    """Write the jitted model with its card, whole or not at all, and add it to the list of programs made here.

    check: gets the module that was written and loaded again, before the file takes its place; raises on a fault
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
        temporary = Path(folder) / path.name
        torch.jit.save(module, str(temporary), _extra_files={CARD_FILE: card.to_json()})
        note_own(temporary.read_bytes())
        loaded = KeywordModel.load(temporary, JITTED)
        if check is not None:
            check(loaded.network.module)  # type: ignore[attr-defined]  # of the jitted engine
        os.replace(temporary, path)


def export(
    crnn: Crnn,
    config: dict[str, Any],
    calibration: Calibration,
    identity: Identity,
    decision: DecisionConfig,
    folder: Path,
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Script the network, verify it, write both files, load them again and verify them. Returns the model's path.

    A network in dynamic int8 has only the program: its numbers alone would be another network.
    about: fields of the card to state in place of what it says of every model
    raises ModelError if anything differs
    """
    eager = quantise_dynamic(StreamingCrnn(crnn, calibration.scale, calibration.offset), identity.part).eval()
    scripted = torch.jit.freeze(torch.jit.script(eager), preserved_attrs=["initial_state"])
    has_numbers = identity.part == "none"
    chunk_tolerance = TOLERANCE if has_numbers else float("inf")
    verify(eager, scripted, chunk_tolerance)
    card = build_card(crnn, scripted, config | {"calibration": asdict(calibration)}, identity, decision)
    program = folder / identity.keyword / f"{identity.role}{PROGRAM_SUFFIX}"
    numbers = program.with_suffix(MODEL_SUFFIX)
    if has_numbers:
        settings = settings_of(config, calibration)
        verify_plain(settings, crnn, scripted)
        card = replace(card, network=settings.for_card())
    card = replace(card, **(about or {}))
    save_program(scripted, card, program, lambda module: verify(eager, module, chunk_tolerance))
    if has_numbers:
        write_model_file(numbers, card, pack(settings, parameters_of(crnn)))
    else:
        numbers.unlink(missing_ok=True)
    update_index(folder)
    return numbers if has_numbers else program


def load_numbers(path: Path) -> tuple[Crnn, CrnnSettings]:
    """The network of a model file in single precision, and its settings."""
    file = read_model_file(path)
    settings = CrnnSettings.from_card(file.card.network)
    crnn = Crnn(CrnnConfig(**asdict(settings.shape)))
    take_parameters(crnn, unpack(settings, file.tensors))
    return crnn.eval(), settings


def rebuild(path: Path, decision: DecisionConfig, folder: Path) -> Path:
    """Make both files of a model again from its model file, with the same weights bit for bit, without figures."""
    crnn, settings = load_numbers(path)
    card = read_card(path)
    config = {"crnn": asdict(settings.shape), "train": {"weight_bits": settings.weight_bits}}
    calibration = Calibration(settings.scale, settings.offset)
    return export(crnn, config, calibration, Identity(card.keyword, card.role), decision, folder)


def update_card(path: Path, figures: dict[str, Any], decision: DecisionConfig | None = None) -> None:
    """Add measured figures to the card in both files of a model.

    Figures of other sets and of other conditions stay. A card keeps the operating curve of the test set alone.
    decision: the new decision settings; None leaves them
    """
    card = read_card(path)
    known = card.figures
    kept = {name: value for name, value in figures.items() if name != CURVE_FIELD or value["split"] == "testing"}
    if "clips" in kept:
        kept["clips"] = known.get("clips", {}) | kept["clips"]
    if "streams" in kept:
        streams = known.get("streams", {})
        kept["streams"] = streams | {split: streams.get(split, {}) | found for split, found in kept["streams"].items()}
    card = replace(card, figures=known | kept)
    if decision is not None:
        settings = {name: value for name, value in asdict(decision).items() if name != "threshold"}
        card = replace(card, threshold=decision.threshold, decision=settings)
    program = path.with_suffix(PROGRAM_SUFFIX)
    if program.is_file():
        save_program(JittedNetwork.open(own_program(program)).module, card, program)
    if path.suffix == MODEL_SUFFIX:
        write_model_file(path, card, read_model_file(path).tensors)
    update_index(path.parent.parent)


def update_index(folder: Path) -> None:
    """Write the index of programs if this is the app's own folder of models. Other folders have no index."""
    if folder.resolve() == MODELS_DIR.resolve():
        write_index(folder)
