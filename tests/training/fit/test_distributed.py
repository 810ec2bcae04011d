"""Several processes make a run: the same gradients, and a single writer."""

import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.support.first_step import take_step
from tests.support.paths import REPOSITORY
from training.features.frame_store import FrameStore
from training.fit.distributed import Team

SCRIPT = REPOSITORY / "tests" / "support" / "first_step.py"


def free_port() -> str:
    """A free port below the range of the system's own choice, so that no other socket takes it meanwhile."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return str(port)
    raise AssertionError("no free port among 50")


def gradients_of_two(archive: Path, cache: Path, folder: Path) -> dict[str, torch.Tensor]:
    """The gradients of a step that two processes take together."""
    out = folder / "two.pt"
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2"}
    command = [sys.executable, str(SCRIPT), str(archive), str(cache), str(out)]
    environment = {**os.environ, **meeting, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore"}
    processes = [subprocess.Popen(command, env={**environment, "RANK": str(rank)}) for rank in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    return torch.load(out, weights_only=True)


@pytest.mark.long
def test_two_processes_take_the_step_of_one(
    toy_archive: Path, toy_cache: Path, toy_store: FrameStore, tmp_path: Path
) -> None:
    take_step(toy_archive, toy_cache, tmp_path / "one.pt")
    one, two = torch.load(tmp_path / "one.pt", weights_only=True), gradients_of_two(toy_archive, toy_cache, tmp_path)
    assert one.keys() == two.keys() and any(value.abs().max() > 1e-3 for value in one.values())
    for name, value in one.items():
        # the same sums in another order, in single precision
        torch.testing.assert_close(two[name], value, rtol=0, atol=1e-5)


def test_alone_nothing_is_sent() -> None:
    team = Team()
    assert team.writes and team.agree("x") == "x" and team.mean(0.25) == 0.25
