"""The source of a run's batches: it draws frames and targets, mines, and validates.

`Planned` draws batches from a store of frames, by the plans of `features/plan.py`. `own_word/lessons.py` is another
source, with ready sequences.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from training.config import CrnnConfig, RunConfig
from training.features.batches import Targets, assemble, step_targets
from training.features.frame_store import FrameStore
from training.features.plan import Mined, Plan, Planner, sequence_frames
from training.fit.mine import mine
from training.fit.validate import validate
from training.network.crnn import Crnn


class Batch(Protocol):
    """Frames, and their targets for a network of any shape."""

    @property
    def log_mel(self) -> Tensor:
        """[B, T, F]"""

    def targets(self, shape: CrnnConfig) -> Targets:
        """The targets at the steps of a network with this shape."""
        ...


class Judged(Protocol):
    """The result of a validation."""

    @property
    def score(self) -> float:
        """The checkpoint score; the best checkpoint has the lowest."""

    def row(self) -> dict[str, float]:
        """The figures for log.csv."""

    def told(self) -> str:
        """The figures as a short text for a person."""


class Source(Protocol):
    """The batches of a cohort. All random numbers come from the generator that is passed in."""

    def draw(self, rng: np.random.Generator, rows: int, stream: bool, rank: int, world: int) -> Batch:
        """Draw a batch of `rows` sequences and return this process's share."""

    def mine(self, crnn: Crnn) -> Any:
        """Find the sound that this network confuses most. Every process gives it to `take_mined`."""

    def take_mined(self, found: Any) -> None:
        """From now on, draw from the mined sound as well."""

    def mined_parts(self) -> list[Tensor] | None:
        """The mined sound that was taken last, for a checkpoint."""

    def take_mined_parts(self, parts: Sequence[Tensor]) -> None:
        """Take the mined sound from a checkpoint."""

    def validate(self, crnn: Crnn, shape: CrnnConfig) -> Judged: ...


class PlannedBatch(NamedTuple):
    """The frames of a plan."""

    log_mel: Tensor
    plan: Plan

    def targets(self, shape: CrnnConfig) -> Targets:
        return step_targets(self.plan, self.log_mel.shape[1], shape)


class Planned:
    """Batches that are planned from the items of a store."""

    def __init__(self, store: FrameStore, config: RunConfig) -> None:
        self.store, self.config = store, config
        self.planner = Planner(store, config.augment, config.train)
        self.validation = Planner(store, config.augment, config.train, "validation")

    def draw(self, rng: np.random.Generator, rows: int, stream: bool, rank: int, world: int) -> PlannedBatch:
        plan = self.planner.draw(rng, rows, stream).share(rank, world)
        return PlannedBatch(assemble(self.store, plan, sequence_frames(self.config.augment, stream)), plan)

    def mine(self, crnn: Crnn) -> Mined:
        return mine(crnn, self.store, self.config.train.mine_keep_share)

    def take_mined(self, found: Mined) -> None:
        self.planner.mined = found

    def mined_parts(self) -> list[Tensor] | None:
        mined = self.planner.mined
        if mined is None:
            return None
        return [torch.from_numpy(part) for part in (mined.speech_item, mined.speech_frame, mined.word_weight)]

    def take_mined_parts(self, parts: Sequence[Tensor]) -> None:
        self.planner.mined = Mined(*(part.numpy() for part in parts))

    def validate(self, crnn: Crnn, shape: CrnnConfig) -> Judged:
        return validate(crnn, shape, self.validation)
