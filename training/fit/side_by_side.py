"""Trains several runs on the same batches: each batch is made once, and the teachers answer it once.

So several seeds, losses or shapes train side by side. Most cohorts have a single run.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from training.config import RunConfig, TrainConfig
from training.fit.run import Run
from training.progress import SILENT, Progress

# The fields of TrainConfig in which the members of a cohort may differ.
OWN = ("seed", "optimizer", "learning_rate", "weight_decay", "average_decay", "weight_bits")


def _shared(config: RunConfig) -> RunConfig:
    """The settings that must be equal in all members: the settings that decide the batches."""
    train = replace(config.train, **{name: getattr(TrainConfig, name) for name in OWN})
    return RunConfig(data=config.data, augment=config.augment, train=train)


class Cohort:
    """Trains its members epoch by epoch. The first member draws the batches and mines. The other members only learn.

    raises ValueError if the members' settings ask for different batches
    """

    def __init__(self, members: list[Run], progress: Progress = SILENT) -> None:
        self.progress = progress
        self.first = members[0]
        self.members = members
        for run in members[1:]:
            if _shared(run.config) != _shared(self.first.config):
                raise ValueError(
                    f"{run.folder.name} and {self.first.folder.name} differ in data, batches or epochs: "
                    "train them one after the other."
                )
            run.source = self.first.source

    def resume(self) -> None:
        """Go on where each run was cut. raises ValueError if a checkpoint has other settings"""
        for run in reversed(self.members):  # the first run is resumed last, because its mined sound counts for all
            run.resume()

    def train(self) -> list[Path]:
        """Train the epochs that are left. Returns the best checkpoint of each member.

        raises StageStoppedError if the stage should end: finished epochs are kept
        """
        team, train = self.first.team, self.first.config.train
        # The first run is saved last. So after a cut it may be behind the other runs, which then wait for it.
        while (epoch := min(run.epoch for run in self.members)) < train.epochs:
            behind = [run for run in self.members if run.epoch == epoch]
            if epoch >= train.mine_from_epoch and epoch % train.mine_every_epochs == 0:
                found = self.first.source.mine(self.first.averaged) if team.writes else None
                self.first.source.take_mined(team.agree(found))
            losses = self.train_epoch(behind)
            for run, mean_loss in reversed(list(zip(behind, losses, strict=True))):
                run.epoch += 1
                if team.writes:
                    run.keep(mean_loss)
        steps = train.epochs * (train.stream_batches + train.clip_batches)
        self.progress.tell(f"training {self.first.folder.name}", steps, steps, "")
        team.agree(None)
        return [run.folder / "best.pt" for run in self.members]

    def train_epoch(self, members: list[Run]) -> list[float]:
        """Train these members for an epoch. Returns the mean loss of each."""
        first, team = self.first, self.first.team
        train = first.config.train
        epoch = members[0].epoch
        rng = np.random.default_rng([train.seed, epoch])
        batches = train.stream_batches + train.clip_batches
        is_stream = rng.permutation(np.arange(batches) < train.stream_batches)
        for run in members:
            run.begin_epoch()
        totals = np.zeros(len(members))
        judged = f"score {first.rows[-1]['score']:.2f}" if first.rows else "no score yet"
        for done, stream in enumerate(is_stream):
            note = f"loss {totals[0] / max(1, done):.4f}, {judged}"
            self.progress.step(f"training {first.folder.name}", epoch * batches + done, train.epochs * batches, note)
            batch = first.source.draw(rng, train.batch_size, bool(stream), team.rank, team.world)
            log_mel = batch.log_mel.to(first.device)
            totals += [run.step(log_mel, batch.targets(run.config.crnn)) for run in members]
        return [team.mean(total / batches) for total in totals.tolist()]
