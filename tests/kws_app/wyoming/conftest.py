"""Servers of kws-wyoming, each a process."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.programs import StartServer, end


@pytest.fixture
def serve(python: Callable[..., "subprocess.Popen[str]"], tiny_models: Path) -> StartServer:
    """serve(arguments) -> the address of a server that has started, and its process"""

    def start(*arguments: str) -> tuple[str, "subprocess.Popen[str]"]:
        options = arguments or ("--uri", "tcp://127.0.0.1:0", "--models", str(tiny_models))
        process = python(["-m", "kws_app.wyoming.server", *options])
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"listening at (\S+)", line)
        assert found, line + process.stderr.read()
        return found[1], process

    return start


@pytest.fixture(scope="session")
def uri(tiny_models: Path) -> Iterator[str]:
    """The address of a server for all tests that leave it as it is."""
    options = ["--uri", "tcp://127.0.0.1:0", "--models", str(tiny_models)]
    command = [sys.executable, "-m", "kws_app.wyoming.server", *options]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    yield process.stderr.readline().split()[-1]
    assert process.poll() is None, "the server did not outlive its clients"
    end(process)
    process.stderr.close()
