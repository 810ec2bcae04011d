"""An expert with made-up heads on the real speech embedding, as a model file."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.backends.plain_expert import PlainExpert, SpeechEmbedding
from kws_app.engine.card import ModelCard
from kws_app.engine.expert_file import ExpertSettings, Parameters, pack_head, unpack_head
from kws_app.engine.frontend import LogMel
from kws_app.engine.keyword_model import golden_scores
from kws_app.engine.model_file import write_model_file
from kws_app.engine.speech_body import BODY_SHA256, STEP_FRAMES, load_body
from kws_app.engine.speech_frontend import SpeechFrontend

SETTINGS = ExpertSettings(BODY_SHA256, window_steps=10, hidden=16, heads=2, scale=40.0, offset=-0.1)


def made_up_head(settings: ExpertSettings = SETTINGS, seed: int = 0) -> Parameters:
    """Random weights that give scores from 0 to 1."""
    rng = np.random.default_rng(seed)
    head: dict[str, NDArray[np.float32]] = {
        name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in settings.shapes.items()
    }
    head["std"] = np.full_like(head["std"], 15.0)
    return unpack_head(settings, pack_head(settings, head))


def made_expert(settings: ExpertSettings = SETTINGS, seed: int = 0) -> PlainExpert:
    return PlainExpert(settings, made_up_head(settings, seed), SpeechEmbedding(load_body(BODY_SHA256)))


def write_made_expert(folder: Path, keyword: str = "zebra", settings: ExpertSettings = SETTINGS) -> Path:
    """Write folder/<keyword>/expert.safetensors."""
    golden = golden_scores(made_expert(settings), SpeechFrontend(LogMel()))
    card = ModelCard(
        keyword=keyword,
        role="expert",
        threshold=0.5,
        step_frames=STEP_FRAMES,
        context_frames=STEP_FRAMES,
        window_steps=settings.window_steps,
        parameters=settings.parameters,
        macs=25 * settings.macs_a_step,
        weight_bytes=2 * settings.parameters,
        golden=golden,
        network=settings.for_card(),
    )
    path = folder / keyword / "expert.safetensors"
    write_model_file(path, card, pack_head(settings, made_up_head(settings)))
    return path
