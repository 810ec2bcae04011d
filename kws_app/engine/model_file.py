"""KeywordModel: an artifact, verified and loaded, with its frontend.

An artifact is a TorchScript archive with a JSON card among its extra files. Before it is handed out, its SHA-256 is
compared with what was shipped, its frontend with ours, and its answer to a golden input with the card's. One that no
index lists is a stranger's: only arithmetic on tensors is let through (kws_app/trust).
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kws_app.engine.card import ModelCard, read_card
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.engine.index import listed_content
from kws_app.errors import ModelError
from kws_app.translation import _
from kws_app.trust.archive import checked_archive

GOLDEN_SECONDS = 2.0

State = tuple[Tensor, Tensor, Tensor, Tensor]


def prepare_torch() -> None:
    """Set this process's torch up for steps that are far too small to share among threads, or to prepare at length.

    oneDNN prepares each convolution anew, which takes longer than convolving: 270 us a step with it, 170 without.
    """
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]  # a property of the module, which mypy cannot see


def golden_samples() -> Tensor:
    """Two seconds of swept tones in faint noise, made by formula: the same on every machine. [1, N] float32

    Without the noise, mel bins between the tones would hold nothing but rounding, which differs between processors.
    """
    n = np.arange(int(GOLDEN_SECONDS * SAMPLE_RATE), dtype=np.uint64)
    noise = n * n * np.uint64(2654435761) % np.uint64(2**32) / 2**32 - 0.5  # whole numbers: exact everywhere
    t = n / SAMPLE_RATE
    sweep = 0.3 * np.sin(2 * np.pi * (150 * t + 600 * t**2)) + 0.1 * np.sin(2 * np.pi * (2500 * t - 500 * t**2))
    envelope = 0.5 - 0.5 * np.cos(2 * np.pi * 3 * t)
    return torch.from_numpy((sweep * envelope + 2e-3 * noise).astype(np.float32))[None]


def golden_scores(module: Any, frontend: LogMel) -> dict[str, list[float]]:
    """Posteriors of the golden input and the GRU's state after it."""
    with torch.inference_mode():
        log_mel, _ = frontend(golden_samples(), frontend.initial_tail())
        posterior, _, state = module(log_mel, module.initial_state())
    return {
        "posterior": [round(value, 6) for value in posterior.flatten().tolist()],
        "hidden": [round(value, 6) for value in state[1].flatten().tolist()],
    }


class KeywordModel:
    """A loaded artifact with its frontend, ready to stream."""

    def __init__(self, card: ModelCard, module: Any) -> None:
        self.card = card
        self.module = module
        # frames and state in, posterior, attention and state out; what torch wraps round a call takes a fifth of a step
        self.step = module.forward
        self.frontend = LogMel(FrontendConfig(**self.card.frontend))  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path, vouched_for: bool = True) -> "KeywordModel":
        """raises ModelError, in one sentence, if the artifact is damaged, foreign or answers wrongly

        vouched_for: one that its folder's index lists is run as it is; every other is first looked through
        """
        card = read_card(path)
        content = listed_content(path) if vouched_for else None
        return cls._verified(path, card, checked_archive(path) if content is None else content)

    @classmethod
    def load_own(cls, path: Path) -> "KeywordModel":
        """The same for what was made on this machine: it may hold operators that no stranger's model may."""
        card = read_card(path)
        return cls._verified(path, card, listed_content(path) or path.read_bytes())

    @classmethod
    def _verified(cls, path: Path, card: ModelCard, content: bytes) -> "KeywordModel":
        if card.frontend != FrontendConfig().to_dict():
            raise ModelError(
                _(
                    "{path} was made for another frontend ({frontend}): export it again.",
                    path=path,
                    frontend=card.frontend,
                )
            )
        try:
            module = torch.jit.load(io.BytesIO(content), map_location="cpu")
            module.eval()
            model = cls(card, module)
            scores = golden_scores(module, model.frontend)
        except (RuntimeError, TypeError, ValueError, AttributeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(_("{path} is no usable model: {reason}", path=path, reason=reason)) from error
        for name, expected in card.golden.items():
            same_length = len(expected) == len(scores[name])
            if not (same_length and np.allclose(scores[name], expected, atol=card.golden_tolerance)):
                raise ModelError(
                    _("{path} does not give the scores its card promises: it is damaged, get it again.", path=path)
                )
        return model
