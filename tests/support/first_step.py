"""Takes a step on the first global batch and saves its gradients. test_distributed.py runs it in several processes."""

import sys
from pathlib import Path

import numpy as np
import torch

from tests.support.toy_speech import RUN
from training.features.frame_store import open_store
from training.fit.distributed import Team
from training.fit.run import Run


def take_step(archive: Path, cache: Path, out: Path) -> None:
    """Take this process's share of the step. The writing process saves the gradients to `out`."""
    team = Team()
    run = Run(out.parent / "run", RUN, open_store(archive, cache, RUN.data), team)
    rng = np.random.default_rng(0)
    batch = run.source.draw(rng, RUN.train.batch_size, True, team.rank, team.world)
    run.step(batch.log_mel, batch.targets(RUN.crnn))
    if team.writes:
        torch.save({name: p.grad for name, p in run.crnn.named_parameters()}, out)
    team.disband()


if __name__ == "__main__":
    torch.set_num_threads(1)
    take_step(*(Path(argument) for argument in sys.argv[1:]))
