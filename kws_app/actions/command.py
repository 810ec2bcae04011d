"""A command of the user's: an argument list run without a shell, for a limited time, its output read and bounded.

Runs in the calling thread. At the time limit the command and all that it started are ended, or it is said that a
program could not be ended.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from kws_app.actions.arguments import SHOWN_CHARACTERS, environment_for, filled, home, not_started, program_name
from kws_app.actions.choices import CommandChoice
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

KEPT_BYTES = 2048  # of the output's end, for the sentence about a failure
READ_BYTES = 65_536
END_S = 1.0  # for a killed program to be gone
MARK_VARIABLE = "KWS_RUN"  # holds a number drawn for this run
KILL_ROUNDS = 5  # a program may start others while it is looked for


class Command:
    """One run of a command. `run` once, in any thread; `end` from another ends it early."""

    def __init__(self, choice: CommandChoice, event: DetectionEvent) -> None:
        """raises ActionError if it cannot be run as it stands"""
        self._limit_s = choice.limit_s
        self._event = event
        self.arguments = filled(choice.arguments, event)
        self.name = program_name(self.arguments)
        self._mark = secrets.token_hex(16)  # in the environment of all that it starts
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # around the start of the process and its reaping: a group is killed in between
        self._ended = False  # by `end`, under the lock
        self._tail = b""
        self._silent = threading.Event()

    def run(self) -> None:
        """Run it to its end. raises ActionError, in one sentence, if it failed or took too long"""
        deadline = time.monotonic() + self._limit_s
        process = self._start()
        late = not self._silent.wait(deadline - time.monotonic())  # nothing holds its output any more
        if not late:
            # it is not reaped before, so that its number stays its own until the group could be killed
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                late = True
        status = self._finish(process, late)
        self._check(status, late, lives=late and not self._silent.wait(END_S))

    def end(self) -> None:
        """End it and all that it started, now or before it starts."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                _kill(self._process, self._mark)

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            with self._lock:
                if self._ended:
                    raise ActionError(_("“{name}” was not run, as the app is closing.", name=self.name))
                self._process = subprocess.Popen(
                    self.arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**environment_for(self._event), MARK_VARIABLE: self._mark},
                    cwd=home(),
                    start_new_session=True,  # a process group of its own, to be ended as a whole
                )
            threading.Thread(target=self._read, args=(self._process,), name="action: output", daemon=True).start()
            return self._process
        except (OSError, ValueError) as error:
            raise not_started(self.arguments, error) from error

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        """Read all that is written until nothing holds the output any more, and keep the end."""
        assert process.stdout is not None
        with process.stdout as output:
            while data := os.read(output.fileno(), READ_BYTES):
                self._tail = (self._tail + data)[-KEPT_BYTES:]
        self._silent.set()

    def _finish(self, process: "subprocess.Popen[bytes]", late: bool) -> int | None:
        """The exit status; None if it had not ended by itself."""
        with self._lock:
            status = process.returncode
            if late and status is None:
                status = _exit_status(process)
                _kill(process, self._mark)
            self._process = None
        with suppress(subprocess.TimeoutExpired):  # one stuck in the kernel is left behind
            process.wait(END_S)
        return status

    def _check(self, status: int | None, late: bool, lives: bool) -> None:
        """late: something ran at the deadline. lives: a program that it started could not be ended"""
        name, limit = self.name, f"{self._limit_s:g} s"
        if self._ended:
            raise ActionError(_("“{name}” was ended, as the app is closing.", name=name))
        if lives:
            raise ActionError(
                _(
                    "“{name}” took longer than {limit}, and a program that it started could not be ended and still "
                    "runs: use “Open a program” for a program that is to stay.",
                    name=name,
                    limit=limit,
                )
            )
        if status is None:
            raise ActionError(_("“{name}” took longer than {limit} and was ended.", name=name, limit=limit))
        if status:
            raise ActionError(self._failure(status))
        if late:
            raise ActionError(
                _(
                    "“{name}” left programs running, which were ended after {limit}: use “Open a program” for a "
                    "program that is to stay.",
                    name=name,
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


def _exit_status(process: "subprocess.Popen[bytes]") -> int | None:
    """The status of a process that has ended but is not reaped; None while it runs."""
    if not hasattr(os, "waitid"):
        return None
    with suppress(ChildProcessError):
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    return None


def _kill(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """The whole group of a process that is not reaped yet, and what left the group for a session of its own."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):  # gone already; macOS says so of a group of the dead
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    for _round in range(KILL_ROUNDS):
        left = _marked(mark)
        for pid in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not left:
            return


def _marked(mark: str) -> list[int]:
    """The processes of this user's that have the mark in their environment; none where the system does not tell."""
    wanted, found = f"{MARK_VARIABLE}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*") if sys.platform.startswith("linux") else ():
        with suppress(OSError):  # another user's, or just gone; of a process that ended it is empty
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
