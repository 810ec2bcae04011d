"""Run by test_team.py, in one process or several: one optimiser step on the first global batch, gradients saved."""

import sys
from pathlib import Path

import numpy as np
import torch

from tests.support.toy_speech import RUN
from training.features.batches import assemble, step_targets
from training.features.frame_store import open_store
from training.features.plan import sequence_frames
from training.fit.distributed import Team
from training.fit.run import Run

archive, cache, out = (Path(argument) for argument in sys.argv[1:])
torch.set_num_threads(1)
team = Team()
run = Run(out.parent / "run", RUN, open_store(archive, cache, RUN.data), team)
frames = sequence_frames(RUN.augment, stream=True)
plan = run.planner.draw(np.random.default_rng(0), RUN.train.batch_size, stream=True).share(team.rank, team.world)
run.step(assemble(run.store, plan, frames), step_targets(plan, frames, RUN.crnn))
if team.writes:
    torch.save({name: p.grad for name, p in run.crnn.named_parameters()}, out)
team.disband()
