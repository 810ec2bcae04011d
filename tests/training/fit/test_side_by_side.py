"""Runs side by side: the first run equals a run alone, teachers answer once, and all runs go on after a cut."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.support.toy_speech import RUN, TINY_CRNN
from training.config import DistillConfig, RunConfig
from training.features.frame_store import FrameStore
from training.fit.distill import DistillLoss, Teachers
from training.fit.distributed import Team
from training.fit.run import Run
from training.fit.side_by_side import Cohort
from training.network.crnn import Crnn

SHORT = replace(RUN, train=replace(RUN.train, epochs=2, stream_batches=3, clip_batches=2))
OTHER = replace(SHORT, train=replace(SHORT.train, seed=1, learning_rate=1e-3))


def members(folder: Path, store: FrameStore, *configs: RunConfig) -> list[Run]:
    return [Run(folder / str(i), config, store, Team()) for i, config in enumerate(configs)]


def weights(folder: Path) -> torch.Tensor:
    saved = torch.load(folder / "last.pt", weights_only=True)
    return torch.cat([value.flatten() for value in saved["crnn"].values()])


def test_the_first_run_equals_a_run_alone_and_the_others_learn_differently(
    toy_store: FrameStore, tmp_path: Path
) -> None:
    Cohort(members(tmp_path / "alone", toy_store, SHORT)).train()
    best = Cohort(members(tmp_path / "both", toy_store, SHORT, OTHER)).train()
    assert [path.parent.name for path in best] == ["0", "1"]
    assert torch.equal(weights(tmp_path / "both" / "0"), weights(tmp_path / "alone" / "0"))
    assert not torch.equal(weights(tmp_path / "both" / "1"), weights(tmp_path / "both" / "0"))


def test_all_members_go_on_after_a_cut_between_two_of_them(toy_store: FrameStore, tmp_path: Path) -> None:
    class CutError(Exception):
        pass

    class CutRun(Run):
        def keep(self, mean_loss: float) -> None:
            if self.epoch == 2:
                raise CutError
            super().keep(mean_loss)

    Cohort(members(tmp_path / "whole", toy_store, SHORT, OTHER)).train()
    folder = tmp_path / "cut"
    first, second = CutRun(folder / "0", SHORT, toy_store, Team()), Run(folder / "1", OTHER, toy_store, Team())
    with pytest.raises(CutError):
        Cohort([first, second]).train()
    resumed = Cohort(members(folder, toy_store, SHORT, OTHER))
    resumed.resume()
    assert [run.epoch for run in resumed.members] == [1, 2]
    resumed.train()
    for name in ("0", "1"):
        assert torch.equal(weights(folder / name), weights(tmp_path / "whole" / name))


def test_members_with_other_batches_are_refused(toy_store: FrameStore, tmp_path: Path) -> None:
    longer = replace(SHORT, train=replace(SHORT.train, epochs=9))
    with pytest.raises(ValueError, match="differ in data, batches or epochs"):
        Cohort(members(tmp_path, toy_store, SHORT, longer))


def test_teachers_are_asked_once_for_a_batch_that_several_hear(toy_store: FrameStore, tmp_path: Path) -> None:
    asked = 0

    class Counted(Crnn):
        def forward(self, log_mel: torch.Tensor, state: tuple[torch.Tensor, ...]):  # type: ignore[override, no-untyped-def]
            nonlocal asked
            asked += 1
            return super().forward(log_mel, state)

    teachers = Teachers([(Counted(TINY_CRNN), TINY_CRNN)])
    config = replace(SHORT, train=replace(SHORT.train, epochs=1, mine_from_epoch=9))
    loss = DistillLoss(DistillConfig(), TINY_CRNN, teachers)
    runs = [Run(tmp_path / str(i), config, toy_store, Team(), loss) for i in range(3)]
    Cohort(runs).train()
    assert asked == config.train.stream_batches + config.train.clip_batches
