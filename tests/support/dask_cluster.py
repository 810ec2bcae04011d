"""A Dask scheduler and two workers on loopback, each in its own process."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.paths import REPOSITORY
from tests.support.programs import end


@dataclass(frozen=True)
class Cluster:
    """A scheduler and its workers."""

    address: str
    workers: list["subprocess.Popen[str]"]


def dask_cluster() -> Iterator[Cluster]:
    """Yield a running cluster, and end it when the generator is closed. Skips the test if Dask is not installed."""
    pytest.importorskip("distributed", reason="needs Dask: pip install 'kws-app[cluster]'")
    started: list[subprocess.Popen[str]] = []

    def dask(*arguments: str, sign: str) -> str:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        for line in process.stderr:
            if found := re.search(sign, line):
                return found[0]
        raise AssertionError(f"{arguments[0]} did not start")

    try:
        address = dask("scheduler", "--host", "127.0.0.1", "--port", "0", sign=r"tcp://127\.0\.0\.1:\d+")
        for _ in range(2):
            options = ["--nthreads", "1", "--no-nanny", "--host", "127.0.0.1", "--death-timeout", "60"]
            dask("worker", address, *options, sign="Registered to")
        yield Cluster(address, started[1:])
    finally:
        for process in reversed(started):
            end(process)
            assert process.stderr is not None
            process.stderr.close()
