"""A command of the user's: an argument list run without a shell, for a limited time, its output read and bounded.

Runs in the calling thread. All that the command started and that still holds its output is ended with it.
"""

import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from kws_app.actions.choices import CommandChoice
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

KEPT_BYTES = 2048  # of the output's end, for the sentence about a failure
READ_BYTES = 65_536
SHOWN_CHARACTERS = 200
END_S = 1.0  # for a killed program to be gone


class Command:
    """One run of a command. `run` once, in any thread; `end` from another ends it early."""

    def __init__(self, choice: CommandChoice, event: DetectionEvent) -> None:
        """raises ActionError if it cannot be run as it stands"""
        if not choice.arguments or not choice.arguments[0].strip():
            raise ActionError(_("Give the command: the program first, then its arguments, one a line."))
        self._limit_s = choice.limit_s
        self._event = event
        self.arguments = [self._argument(template) for template in choice.arguments]
        self.name = Path(self.arguments[0]).name or self.arguments[0]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # around the start of the process and its reaping: a group is killed in between
        self._ended = False  # by `end`, under the lock
        self._tail = b""

    def _argument(self, template: str) -> str:
        """A template filled. What would turn into an option by its value alone is refused."""
        filled = self._event.fill(os.path.expanduser(template) if template.startswith("~/") else template)
        if filled.startswith("-") and not template.startswith("-"):
            raise ActionError(
                _(
                    "The command was not run, as {argument!r} would be taken for an option: let it read the "
                    "environment variables (KWS_KEYWORD and so on) instead.",
                    argument=filled[:SHOWN_CHARACTERS],
                )
            )
        return filled

    def run(self) -> None:
        """Run it to its end. raises ActionError, in one sentence, if it failed or took too long"""
        deadline = time.monotonic() + self._limit_s
        process = self._start()
        try:
            late = not self._drain(process, deadline)
            if not late:
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    late = True
            self._check(self._finish(process, late), late)
        finally:
            assert process.stdout is not None
            process.stdout.close()

    def end(self) -> None:
        """End it and all that it started, now or before it starts."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                _kill(self._process)

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            with self._lock:
                if self._ended:
                    raise ActionError(_("“{name}” was not run, as the program is closing.", name=self.name))
                self._process = subprocess.Popen(
                    self.arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**_environment(), **self._event.environment},
                    cwd=Path.home() if Path.home().is_dir() else None,
                    start_new_session=True,  # a process group of its own, to be ended as a whole
                )
                return self._process
        except FileNotFoundError as error:
            raise ActionError(_("There is no program “{name}”: give its full path.", name=self.arguments[0])) from error
        except (OSError, ValueError) as error:
            raise ActionError(_("“{name}” cannot be run ({error}).", name=self.name, error=error)) from error

    def _drain(self, process: "subprocess.Popen[bytes]", deadline: float) -> bool:
        """Read all that is written, keeping the end; False if the deadline came first.

        The process is not reaped here, so that its number stays its own until the group has been killed.
        """
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while (left := deadline - time.monotonic()) > 0:
                if not selector.select(left):
                    break
                data = os.read(process.stdout.fileno(), READ_BYTES)
                if not data:
                    return True
                self._tail = (self._tail + data)[-KEPT_BYTES:]
        return False

    def _finish(self, process: "subprocess.Popen[bytes]", late: bool) -> int | None:
        """The exit status; None if it had not ended by itself."""
        with self._lock:
            status = process.returncode
            if late and status is None:
                status = _exit_status(process)
                _kill(process)
            self._process = None
        with suppress(subprocess.TimeoutExpired):  # one stuck in the kernel is left behind
            process.wait(END_S)
        return status

    def _check(self, status: int | None, late: bool) -> None:
        limit = f"{self._limit_s:g} s"
        if self._ended:
            raise ActionError(_("“{name}” was ended, as the program is closing.", name=self.name))
        if status is None:
            raise ActionError(_("“{name}” took longer than {limit} and was ended.", name=self.name, limit=limit))
        if status:
            raise ActionError(self._failure(status))
        if late:
            raise ActionError(
                _(
                    "“{name}” left programs running, which were ended after {limit}: put setsid before a program that "
                    "is to stay.",
                    name=self.name,
                    limit=limit,
                )
            )

    def _failure(self, status: int) -> str:
        name, said, number = self.name, self._last_line(), abs(status)
        if status > 0 and said:
            return _("“{name}” ended with status {number}, saying: {said}", name=name, number=number, said=said)
        if status > 0:
            return _("“{name}” ended with status {number}.", name=name, number=number)
        if said:
            return _("“{name}” was ended by signal {number}, saying: {said}", name=name, number=number, said=said)
        return _("“{name}” was ended by signal {number}.", name=name, number=number)

    def _last_line(self) -> str:
        """Of the output, without what a terminal would act on."""
        lines = [line.strip() for line in self._tail.decode(errors="replace").splitlines() if line.strip()]
        shown = "".join(c for c in lines[-1] if c.isprintable()) if lines else ""
        return shown[:SHOWN_CHARACTERS]


def _environment() -> dict[str, str]:
    """The user's own, also in a frozen bundle, which points the loader at its own libraries."""
    environment = dict(os.environ)
    if getattr(sys, "frozen", False):
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            environment.pop(name, None)
            if (before := environment.pop(f"{name}_ORIG", None)) is not None:
                environment[name] = before
    return environment


def _exit_status(process: "subprocess.Popen[bytes]") -> int | None:
    """The status of a process that has ended but is not reaped; None while it runs."""
    if not hasattr(os, "waitid"):
        return None
    with suppress(ChildProcessError):
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    return None


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """The whole group of a process that is not reaped yet."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):  # gone already; macOS says so of a group of the dead
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
