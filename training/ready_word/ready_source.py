"""Draws the batches of a word that ships: sequences, talk, clips in talk, and single clips. Validates on all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.config import CrnnConfig, RunConfig
from training.fit.validate import AREA_NOISE
from training.network.crnn import Crnn
from training.own_word.lessons import Heard, LessonBatch, Lessons, LessonSource
from training.ready_word.clip_lessons import ClipBatch, TaughtClips, area_of, clip_peaks
from training.ready_word.laid_words import laid_words

HARD_SHARE = 0.05  # share of the other words that count as hard: the words that the network confuses most
LAID_SHARE = 0.4  # share of a batch of streams that is talk with a clip in it
LAID_KEYWORD_SHARE = 0.5  # of these clips


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
            return self._streams(rng, rows, slice(rank, None, world))
        chosen = self._chosen(rng, rows, self.config.augment.clips_keyword_share)
        log_mel = self.streams.disturbed(rng, torch.from_numpy(self.clips.sequences.frames[chosen]).float())
        mine = slice(rank, None, world)
        return ClipBatch(
            log_mel[mine],
            torch.from_numpy(self.clips.margin[chosen])[mine],
            torch.from_numpy(self.clips.is_keyword[chosen])[mine],
        )

    def _chosen(self, rng: np.random.Generator, rows: int, keyword_share: float) -> NDArray[np.int64]:
        """Numbers of clips. Some of the other words are words that the network confuses."""
        is_keyword = rng.random(rows) < keyword_share
        chosen = np.where(is_keyword, rng.choice(self._words, rows), rng.choice(self._others, rows))
        if self.hard is not None:
            again = ~is_keyword & (rng.random(rows) < self.config.train.mined_share)
            chosen = np.where(again, rng.choice(self.hard, rows), chosen)
        return chosen

    def _streams(self, rng: np.random.Generator, rows: int, mine: slice) -> LessonBatch:
        """Sequences, talk, and talk with a clip in it."""
        count = round(rows * LAID_SHARE)
        drawn = self.streams.draw(rng, rows - count, True, 0, 1)
        laid = laid_words(rng, self.clips, self._chosen(rng, count, LAID_KEYWORD_SHARE), self.streams.lessons.talk)
        log_mel = self.streams.disturbed(rng, torch.from_numpy(laid.frames))
        order = rng.permutation(rows)  # the state of a row goes on to another row of the next batch
        return LessonBatch(
            torch.cat([drawn.log_mel, log_mel])[order][mine],
            torch.cat([drawn.margin, torch.from_numpy(laid.margin)])[order][mine],
            np.concatenate([drawn.end, laid.end])[order][mine],
            torch.cat([drawn.is_keyword, torch.from_numpy(laid.is_keyword)])[order][mine],
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
