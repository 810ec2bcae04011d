"""A model that hears loudness as its word, and sounds for it: detections that a test can predict."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kws_app.engine.card import CARD_FILE, ModelCard
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.model_file import golden_scores

STEP_FRAMES, CONTEXT_FRAMES = 8, 20  # as in `forward`
STEP_SAMPLES = 1280
FIRST_STEP_SAMPLES = 3440  # 19 hops and a window

State = tuple[Tensor, Tensor, Tensor, Tensor]


class Loudness(nn.Module):
    """Stands in for a keyword model: its posterior is near 1 for loud sound, near 0 for quiet, predictably."""

    @torch.jit.export
    def initial_state(self, batch: int = 1) -> State:
        nothing = torch.zeros(batch, 0)
        return torch.zeros(batch, 0, 40), torch.zeros(1, batch, 1), nothing, nothing

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        context, hidden, a, b = state
        frames = torch.cat([context, log_mel], dim=1)
        steps = max(0, (frames.shape[1] - 20) // 8 + 1)
        if steps == 0:
            return frames.new_zeros(1, 0), frames.new_zeros(1, 0, 1), (frames, hidden, a, b)
        last_frames = frames.unfold(1, 20, 8)[..., 12:]  # [1, S, F, 8]
        posterior = torch.sigmoid(last_frames.mean(dim=(2, 3)) + 5.0)
        hidden = posterior[:, -1:].unsqueeze(0)
        return posterior, posterior.unsqueeze(-1), (frames[:, steps * 8 :], hidden, a, b)


def save_loudness_model(path: Path, threshold: float = 0.5, **card: object) -> None:
    """Write an artifact of `Loudness` with its card, or with parts of the card changed."""
    module = torch.jit.script(Loudness().eval())
    fields = {
        "keyword": path.parent.name,
        "role": path.stem,
        "threshold": threshold,
        "step_frames": STEP_FRAMES,
        "context_frames": CONTEXT_FRAMES,
        "window_steps": 1,
        "parameters": 1,
        "macs": 1,
        "weight_bytes": 4,
        "golden": golden_scores(module, LogMel()),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = ModelCard(**{**fields, **card}).to_json()
    torch.jit.save(module, str(path), _extra_files={CARD_FILE: text})


def bursts(*at_s: float, duration_s: float, amplitude: float = 0.2, burst_s: float = 0.3) -> NDArray[np.float32]:
    """Near-silence with bursts of noise that begin at the given times: what `Loudness` hears as its word."""
    generator = np.random.default_rng(0)
    samples = generator.normal(0, 1e-5, round(duration_s * SAMPLE_RATE))
    for start_s in at_s:
        first = round(start_s * SAMPLE_RATE)
        count = round(burst_s * SAMPLE_RATE)
        samples[first : first + count] = np.clip(generator.normal(0, amplitude, count), -0.9, 0.9)
    return samples.astype(np.float32)
