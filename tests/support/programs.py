"""Programs that tests start: whether they are installed, and how they end."""

import os
import shutil
import signal
import subprocess
from typing import NoReturn

import pytest


def require(*programs: str) -> None:
    """Skip where a program is not installed; in CI that is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        skip_unless_ci(f"needs {', '.join(missing)}")


def skip_unless_ci(reason: str) -> NoReturn:
    """What a stranger's machine may lack, CI may not."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Stop a process that a fixture started, frozen or not."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
