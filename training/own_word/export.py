"""Makes an `expert`, in both kinds of file, from the trained heads of a word. Any mismatch raises."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.engine.backends.jitted import JittedFrontend, JittedNetwork
from kws_app.engine.backends.plain_expert import PlainExpert, SpeechEmbedding
from kws_app.engine.card import ModelCard
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.expert_file import ExpertSettings, Parameters, pack_head, unpack_head
from kws_app.engine.frontend import LogMel
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.keyword_model import golden_samples, golden_scores
from kws_app.engine.model_file import MODEL_SUFFIX, read_model_file, write_model_file
from kws_app.engine.speech_body import BANDS, BODY_SHA256, STEP_FRAMES, load_body
from kws_app.engine.speech_frontend import SpeechFrontend
from kws_app.errors import ModelError
from training.export.artifact import TOLERANCE, current_commit, save_program, update_index
from training.network.speech_embedding import Expert
from training.own_word.heads import Head

CHUNKS = (1, 8, 13, 200)  # frames at a time
GOLDEN_STEPS = 25  # of two seconds


def stacked(heads: Sequence[Head], mean: NDArray[np.float32], std: NDArray[np.float32]) -> Parameters:
    """The numbers of several heads side by side, by the names in a model file."""
    each = [head.numbers() for head in heads]
    together = {name: np.stack([numbers[name] for numbers in each]) for name in each[0]}
    together["out.weight"], together["out.bias"] = together["out.weight"][:, 0], together["out.bias"][:, 0]
    return {"mean": mean, "std": std, **together}


def export_expert(
    keyword: str,
    heads: Sequence[Head],
    scale_by: tuple[NDArray[np.float32], NDArray[np.float32]],
    offset: float,
    decision: DecisionConfig,
    folder: Path,
    about: Mapping[str, Any],
    role: str = "expert",
) -> Path:
    """Write <folder>/<keyword>/<role>.safetensors and .pt, which give the same scores; returns the first.

    scale_by: mean and deviation of embeddings; offset: the margin that becomes a posterior of one half
    about: the card's figures, training and data
    raises ModelError if anything differs
    """
    config = heads[0].config
    settings = ExpertSettings(BODY_SHA256, config.window_steps, config.hidden, len(heads), 1.0, round(offset, 4))
    tensors = pack_head(settings, stacked(heads, *scale_by))
    program = program_of(settings, unpack_head(settings, tensors))
    card = ModelCard(
        keyword=keyword,
        role=role,
        threshold=decision.threshold,
        step_frames=STEP_FRAMES,
        context_frames=STEP_FRAMES,
        window_steps=settings.window_steps,
        parameters=settings.parameters,
        macs=GOLDEN_STEPS * settings.macs_a_step,
        weight_bytes=2 * settings.parameters,
        golden=golden_scores(JittedNetwork(program), SpeechFrontend(JittedFrontend())),
        decision={
            "smoothing_steps": decision.smoothing_steps,
            "patience_steps": decision.patience_steps,
            "refractory_s": decision.refractory_s,
        },
        torch_version=torch.__version__,
        commit=current_commit(),
        network=settings.for_card(),
        **about,
    )
    path = folder / keyword / f"{role}{MODEL_SUFFIX}"
    save_program(program, card, path.with_suffix(PROGRAM_SUFFIX))
    write_model_file(path, card, tensors)
    update_index(folder)
    return path


def program_of(settings: ExpertSettings, parameters: Parameters) -> Any:
    """The jitted program of an expert. raises ModelError if it differs from the plain engine"""
    body = load_body(BODY_SHA256)
    program = torch.jit.script(Expert(settings, body, parameters).eval())
    verify(PlainExpert(settings, parameters, SpeechEmbedding(body)), program)
    return program


def export_program(source: Path, target: Path) -> None:
    """Make the jitted program of a model file again, beside `target`. raises ModelError if the file is no expert"""
    file = read_model_file(source)
    try:
        settings = ExpertSettings.from_card(file.card.network)
        parameters = unpack_head(settings, file.tensors)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{source} is no expert ({error}).") from error
    save_program(program_of(settings, parameters), file.card, target.with_suffix(PROGRAM_SUFFIX))


def verify(plain: PlainExpert, program: Any) -> None:
    """raises ModelError unless both engines give the same posteriors, in any chunking"""
    frontend = SpeechFrontend(LogMel())
    golden = frontend(golden_samples(), frontend.initial_tail())[0][:, -BANDS:]
    noise = np.random.default_rng(0).normal(30, 20, (400, BANDS)).astype(np.float32)
    for bands in (np.ascontiguousarray(golden), noise):
        network = JittedNetwork(program)
        expected = network.step(bands, network.initial_state())[0]
        for chunk in (*CHUNKS, len(bands)):
            state, found = plain.initial_state(), []
            for first in range(0, len(bands), chunk):
                some, state = plain.step(bands[first : first + chunk], state)
                found.append(some)
            worst = float(np.abs(np.concatenate(found) - expected).max())
            if worst > TOLERANCE:
                raise ModelError(
                    f"The plain engine differs from the scripted expert in chunks of {chunk} frames by {worst:.2e} "
                    f"(at most {TOLERANCE:g} is allowed); it was not exported."
                )
