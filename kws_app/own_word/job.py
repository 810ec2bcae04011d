"""Trains the user's own word in a child process: if the child fails, the app goes on listening.

The child is `python -m training own-word`. A thread of this module reads the progress, a JSON object on each line, and
calls back. The window turns these calls into signals. A child that was stopped continues when it is started again.
"""

import importlib.util
import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kws_app.own_word.order import Order
from kws_app.translation import _

END_S = 5.0  # time for the child to save its work, after it was told to end
KEPT_LINES = 40  # last lines of the child's stderr; the very last line is the reason of a failure

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """The progress of a training."""

    share: float  # finished part of the training, 0..1
    text: str  # one sentence
    ready: str = ""  # name of the model, once it can be used
    curve: list[tuple[float, float]] = field(default_factory=list)  # (false alarms per hour, share missed)
    replaced: bool = True  # the model in use is the new one; False where the earlier one is as good

    @classmethod
    def from_line(cls, line: str) -> "Progress | None":
        """The progress in a line of the child; None for any other line."""
        try:
            raw = json.loads(line)
            curve = [(float(alarms), float(missed)) for alarms, missed in raw.get("curve", [])]
            share = min(1.0, max(0.0, float(raw["share"])))
            replaced = bool(raw.get("replaced", True))
            return cls(share, str(raw["text"]), str(raw.get("ready", "")), curve, replaced)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def why_not() -> str:
    """Why this installation cannot train, in one sentence that says what to install; empty if it can."""
    if getattr(sys, "frozen", False):
        return _("This bundle cannot learn new words: install kws-app[own-word] with pip.")
    missing = [name for name in ("training", "torch", "scipy") if importlib.util.find_spec(name) is None]
    if missing:
        return _(
            "To learn a new word, install {packages} with `pip install 'kws-app[own-word]'`.",
            packages=", ".join(missing),
        )
    return ""


class TrainingJob:
    """One training at a time. The callbacks come on a thread of its own."""

    def __init__(
        self, progress: Callable[[Progress], None], ended: Callable[[str], None], options: Sequence[str] = ()
    ) -> None:
        """progress: called with each progress
        ended: called once at the end: with an empty text after success or a cancel, else with one sentence
        options: more options for `own-word`, such as --quick
        """
        self._progress, self._ended, self._options = progress, ended, tuple(options)
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._cancelled = False  # written by the window's thread

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, order: Order) -> None:
        """Train a word. A training that was ended goes on where it was."""
        self._begin(["own-word", *order.arguments(), "--progress-json", *self._options])

    def undo(self, order: Order) -> None:
        """Bring back the model that the last training of the word replaced."""
        places = ["--models", str(order.models), "--work", str(order.places.work), "--language", order.language]
        self._begin(["own-word", order.word, *places, "--undo"])

    def fetch_voices(self) -> None:
        """Download the best voices."""
        self._begin(["fetch", "--voices"])

    def _begin(self, arguments: list[str]) -> None:
        if self.running:
            raise RuntimeError("a training is running already")
        command = [sys.executable, "-m", "training", *arguments]
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, args=(command,), name="own word", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Stop the training. Its work is saved for the next start. Returns soon."""
        self._cancelled = True
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            threading.Thread(target=self._make_sure, args=(process,), name="own word's end", daemon=True).start()

    def wait(self, patience_s: float) -> bool:
        """Wait for the end of the training, at most this long. Returns whether it has ended."""
        if self._thread is not None:
            self._thread.join(patience_s)
        return not self.running

    @staticmethod
    def _make_sure(process: "subprocess.Popen[str]") -> None:
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _run(self, command: list[str]) -> None:
        try:
            reason = self._follow(command)
        except OSError as error:
            reason = _("The training could not be started ({error}).", error=error.strerror or error)
        try:
            self._ended("" if self._cancelled else reason)
        except RuntimeError:
            pass  # the window is gone

    def _follow(self, command: list[str]) -> str:
        """Run the child to its end. Returns why it failed, or an empty text."""
        root = Path(__file__).resolve().parents[2]  # the folder in which -m finds training
        with subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            self._process = process
            assert process.stdout is not None and process.stderr is not None
            if self._cancelled:
                process.terminate()
            said: list[str] = []
            errors = threading.Thread(target=self._collect, args=(process.stderr, said), daemon=True)
            errors.start()
            for line in process.stdout:
                step = Progress.from_line(line)
                if step is not None and not self._cancelled:
                    self._progress(step)
            status = process.wait()
            errors.join()
        if status == 0:
            return ""
        log.error("The training of a word ended with status %d: %s", status, " | ".join(said))
        return said[-1] if said else _("The training failed and gave no reason (status {status}).", status=status)

    @staticmethod
    def _collect(stream: Any, said: list[str]) -> None:
        for line in stream:
            if line.strip():
                said.append(line.strip())
                del said[:-KEPT_LINES]
