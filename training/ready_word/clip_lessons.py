"""Single clips that teach, with the expert's margins and with labels.

A clip begins from a fresh state and ends in silence. The expert's score at every step teaches it, and its label: where
the two disagree, the label wins.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import CrnnConfig
from training.evaluate.metrics import clip_area
from training.fit.distill import interpolate_steps
from training.fit.validate import margins
from training.network.crnn import Crnn
from training.own_word.known_expert import KnownExpert
from training.own_word.lessons import EXPERT_PACE, TaughtTargets
from training.ready_word.clip_sequences import ClipSequences

SURE = 2.0  # margin; where the expert contradicts a label, its margin is moved to at least this far on the right side
SURE_STEPS = 1  # steps before and after the expert's peak that are raised with it
ANSWER_FRAMES = 30  # an answer to a keyword is wanted from here to the end of the sequence
ROWS = 512


@dataclass(frozen=True)
class TaughtClips:
    """Clips of the word and of other words, and the margins that teach them."""

    sequences: ClipSequences
    margin: NDArray[np.float32]  # [N, S], at the expert's steps
    is_keyword: NDArray[np.bool_]  # [N]

    def __len__(self) -> int:
        return len(self.margin)


def taught_clips(words: ClipSequences, others: ClipSequences, expert: KnownExpert) -> TaughtClips:
    """Clips with the expert's margins. If a label contradicts the expert, the margin is moved to the label's side."""
    said = expert.margins_of_each(words.embeddings)
    peaks = said.argmax(axis=1)
    near = np.abs(np.arange(said.shape[1]) - peaks[:, None]) <= SURE_STEPS
    said = np.where(near, np.maximum(said, np.float32(SURE)), said)
    unsaid = expert.margins_of_each(others.embeddings)
    unsaid = np.minimum(unsaid, np.float32(-SURE))
    is_keyword = np.arange(len(words) + len(others)) < len(words)
    return TaughtClips(ClipSequences.of_all([words, others]), np.concatenate([said, unsaid]), is_keyword)


@dataclass(frozen=True)
class ClipBatch:
    """Frames of clips, and the expert's margins."""

    log_mel: Tensor  # [B, T, F]
    margin: Tensor  # [B, S'], at the expert's steps
    is_keyword: Tensor  # [B]

    def targets(self, shape: CrnnConfig) -> TaughtTargets:
        steps = shape.steps(self.log_mel.shape[1])
        ends = torch.arange(steps) * shape.stride_frames + shape.kernel_frames
        keyword = self.is_keyword[:, None]
        window = keyword & (ends > ANSWER_FRAMES)[None]
        negative = ~keyword.expand(-1, steps)
        margin = interpolate_steps(self.margin[..., None], EXPERT_PACE, shape, steps)[..., 0]
        return TaughtTargets(self.is_keyword, negative, window, margin)


@torch.inference_mode()
def clip_peaks(crnn: Crnn, frames: NDArray[np.float16]) -> NDArray[np.float64]:
    """The highest margin in each clip, from a fresh state. [N, T, F] -> [N]"""
    crnn.eval()
    parts = [margins(crnn, part.float()).amax(dim=1) for part in torch.from_numpy(frames).split(ROWS)]
    return torch.cat(parts).double().numpy()


def area_of(crnn: Crnn, clips: TaughtClips) -> float:
    """The lineage-equivalent area over clips."""
    peaks = clip_peaks(crnn, clips.sequences.frames)
    return clip_area(peaks[clips.is_keyword], peaks[~clips.is_keyword]).lineage_area
