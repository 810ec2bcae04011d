"""Runs a finished expert on embeddings in large blocks. Its students learn from its scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from kws_app.engine.expert_file import ExpertSettings, unpack_head
from kws_app.engine.model_file import read_model_file
from kws_app.engine.speech_body import EMBEDDING
from training.network.speech_embedding import Heads

BLOCK_STEPS = 4096


class KnownExpert:
    """The heads of a model file. The margin is above 0 if the score is above the expert's own threshold."""

    def __init__(self, path: Path, lean: float = 0.0) -> None:
        """lean: is added to every margin. raises ModelError if the file is damaged or is not an expert"""
        file = read_model_file(path)
        settings = ExpertSettings.from_card(file.card.network)
        self.settings = replace(settings, offset=settings.offset - lean / settings.scale) if lean else settings
        parameters = unpack_head(self.settings, file.tensors)
        self._heads = Heads(self.settings)
        self._heads.load(parameters)
        self.name = f"{self.settings.offset} {float(sum(abs(p).sum() for p in parameters.values())):.6g}"
        self.mean, self.std = (np.array(parameters[name], np.float32) for name in ("mean", "std"))

    @torch.inference_mode()
    def margins(self, embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
        """The margin after each embedding of a stream, [S, 96] -> [S]. The first embedding fills the time before."""
        width = self.settings.window_steps
        scaled = ((embeddings.astype(np.float32) - self.mean) / self.std).astype(np.float32)
        padded = torch.from_numpy(np.concatenate([np.repeat(scaled[:1], width - 1, axis=0), scaled]))
        windows = padded.contiguous().as_strided((len(scaled), width * EMBEDDING), (EMBEDDING, 1))
        found = torch.cat([self._heads(block) for block in windows.split(BLOCK_STEPS)])
        return (self.settings.scale * (found - self.settings.offset)).numpy()

    def margins_of_each(self, embeddings: NDArray[np.floating]) -> NDArray[np.float32]:
        """The margins of sequences. [N, S, 96] -> [N, S]"""
        found = [self.margins(one) for one in embeddings]
        return np.stack(found) if found else np.zeros(embeddings.shape[:2], np.float32)
