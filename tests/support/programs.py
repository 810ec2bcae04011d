"""Programs that tests start: checks that they are installed, and ends them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from typing import NoReturn

import pytest

# options -> the address of a server that has started, and its process
StartServer = Callable[..., tuple[str, "subprocess.Popen[str]"]]


def require(*programs: str) -> None:
    """Skip the test if a program is not installed. In CI the test fails."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        skip_unless_ci(f"needs {', '.join(missing)}")


def skip_unless_ci(reason: str) -> NoReturn:
    """Skip the test, or fail it in CI: other machines may lack a program, CI may not."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Stop a process that a fixture started, even if it is frozen."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def logged(process: "subprocess.Popen[str]") -> str:
    """What a program wrote to stderr until it was told to end."""
    process.send_signal(signal.SIGTERM)
    return process.communicate()[1]
