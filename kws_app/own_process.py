"""Starts this program as a short child process: from source, installed, or as a bundle."""

import subprocess
import sys
from pathlib import Path


def run_own_process(*arguments: str, patience_s: float) -> "subprocess.CompletedProcess[str]":
    """Run kws-app with these arguments to its end. Its output is captured.

    raises subprocess.TimeoutExpired, OSError
    """
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "kws_app"]
    return subprocess.run(
        [*program, *arguments],
        cwd=Path(__file__).resolve().parent.parent,  # -m looks here first, not in the user's present folder
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience_s,
        check=False,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # without it Windows opens a console
    )
