"""Where a run's batches come from: frames, what each step should answer, what is confused most, and a validation.

`Planned` draws them from a store of frames, as `features/plan.py` plans them. `own_word/lessons.py` has ready
sequences.
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
    """Frames, and what they ask of a network of any shape."""

    @property
    def log_mel(self) -> Tensor:
        """[B, T, F]"""

    def targets(self, shape: CrnnConfig) -> Targets: ...


class Judged(Protocol):
    """What a validation found."""

    @property
    def score(self) -> float:
        """The best checkpoint has the lowest."""

    def row(self) -> dict[str, float]:
        """Figures for log.csv."""

    def told(self) -> str:
        """The same, short, for a person."""


class Source(Protocol):
    """What a cohort hears. All chance comes from the generator that is passed in."""

    def draw(self, rng: np.random.Generator, rows: int, stream: bool, rank: int, world: int) -> Batch:
        """One process's share of a batch of `rows` sequences."""

    def mine(self, crnn: Crnn) -> Any:
        """What this network confuses most, to be given to `take_mined` in every process."""

    def take_mined(self, found: Any) -> None:
        """From now on, draw from it as well."""

    def mined_parts(self) -> list[Tensor] | None:
        """What was taken last, for a checkpoint."""

    def take_mined_parts(self, parts: Sequence[Tensor]) -> None:
        """The same again, from a checkpoint."""

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
