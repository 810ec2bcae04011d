"""Draws batches of clips beside the sequences and the talk of own_word/lessons.py, and validates on both.

A clip begins from a fresh state and ends in silence. The expert's score at every step teaches it, and its label: where
the two disagree, the label wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import CrnnConfig, RunConfig
from training.evaluate.metrics import clip_area
from training.fit.distill import interpolate_steps
from training.fit.validate import AREA_NOISE, margins
from training.network.crnn import Crnn
from training.own_word.known_expert import KnownExpert
from training.own_word.lessons import EXPERT_PACE, Heard, LessonBatch, Lessons, LessonSource, TaughtTargets
from training.ready_word.clip_sequences import ClipSequences

SURE = 2.0  # margin; where the expert contradicts a label, its margin is moved to at least this far on the right side
SURE_STEPS = 1  # steps before and after the expert's peak that are raised with it
ANSWER_FRAMES = 30  # an answer to a keyword is wanted from here to the end of the sequence
HARD_SHARE = 0.05  # share of the other words that count as hard: the words that the network confuses most
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


@dataclass(frozen=True)
class HeardAll:
    """What a network makes of the clips, the words and the talk that it was not trained on."""

    area: float  # lineage-equivalent, over clips
    heard: Heard

    @property
    def score(self) -> float:
        """The checkpoint score; the best checkpoint has the lowest."""
        return self.heard.score + float(np.log10(self.area + AREA_NOISE))

    def row(self) -> dict[str, float]:
        return self.heard.row() | {"score": self.score, "lineage_area": self.area}

    def told(self) -> str:
        return f"area {self.area:.2e}, {self.heard.told()}"


class ReadySource:
    """Draws the batches of a run: streams from the lessons, and clips. It is a Source, as in fit/source.py."""

    def __init__(self, lessons: Lessons, clips: TaughtClips, kept_clips: TaughtClips, config: RunConfig) -> None:
        self.streams, self.config = LessonSource(lessons, config), config
        self.clips, self.kept_clips = clips, kept_clips
        self._words, self._others = np.flatnonzero(clips.is_keyword), np.flatnonzero(~clips.is_keyword)
        self.hard: NDArray[np.int64] | None = None  # other words that the network confused most

    def draw(self, rng: np.random.Generator, rows: int, stream: bool, rank: int, world: int) -> LessonBatch | ClipBatch:
        if stream:
            return self.streams.draw(rng, rows, stream, rank, world)
        is_keyword = rng.random(rows) < self.config.augment.clips_keyword_share
        chosen = np.where(is_keyword, rng.choice(self._words, rows), rng.choice(self._others, rows))
        if self.hard is not None:
            again = ~is_keyword & (rng.random(rows) < self.config.train.mined_share)
            chosen = np.where(again, rng.choice(self.hard, rows), chosen)
        log_mel = self.streams.disturbed(rng, torch.from_numpy(self.clips.sequences.frames[chosen]).float())
        mine = slice(rank, None, world)
        return ClipBatch(
            log_mel[mine],
            torch.from_numpy(self.clips.margin[chosen])[mine],
            torch.from_numpy(is_keyword)[mine],
        )

    @torch.inference_mode()
    def mine(self, crnn: Crnn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The steps of the talk at which the network most exceeds the expert, and the other words that it confuses."""
        talk = self.streams.mine(crnn)
        peaks = clip_peaks(crnn, self.clips.sequences.frames[self._others])
        most = max(1, round(HARD_SHARE * len(peaks)))
        return talk, self._others[np.argsort(-peaks, kind="stable")[:most]]

    def take_mined(self, found: tuple[NDArray[np.int64], NDArray[np.int64]]) -> None:
        talk, self.hard = found
        self.streams.take_mined(talk)

    def mined_parts(self) -> list[Tensor] | None:
        talk = self.streams.mined_parts()
        return None if talk is None or self.hard is None else [*talk, torch.from_numpy(self.hard)]

    def take_mined_parts(self, parts: Sequence[Tensor]) -> None:
        self.streams.take_mined_parts(parts[:1])
        self.hard = parts[1].numpy()

    def validate(self, crnn: Crnn, shape: CrnnConfig) -> HeardAll:
        return HeardAll(area_of(crnn, self.kept_clips), self.streams.validate(crnn, shape))


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
