"""Runs a command of the user, without a shell and for a limited time. In the calling thread.

At the time limit the command, and all programs that it started, are ended. If a program cannot be ended, an error says
so.
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

KEPT_BYTES = 2048  # of the end of the output, for the message about a failure
READ_BYTES = 65_536
END_S = 1.0  # longest wait for the end of a killed program
MARK_VARIABLE = "KWS_RUN"  # the name of the variable that holds the mark of a run
KILL_ROUNDS = 5  # searches for programs to kill; a program may start another program during a search


class Command:
    """One run of a command. Call `run` once, in any thread. `end`, from another thread, ends it early."""

    def __init__(self, choice: CommandChoice, event: DetectionEvent) -> None:
        """raises ActionError, in one sentence, if the command cannot be run"""
        self._limit_s = choice.limit_s
        self._event = event
        self.arguments = filled(choice.arguments, event)
        self.name = program_name(self.arguments)
        self._mark = secrets.token_hex(
            16
        )  # a number drawn at random, in the environment of everything that the command starts
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # held while the process is started, killed or reaped
        self._ended = False  # `end` was called; changed under the lock
        self._tail = b""
        self._silent = threading.Event()

    def run(self) -> None:
        """Run the command to its end. raises ActionError, in one sentence, if it failed or took too long"""
        deadline = time.monotonic() + self._limit_s
        process = self._start()
        late = not self._silent.wait(deadline - time.monotonic())  # waits until no process can write to the output
        if not late:
            # the process is reaped only after this: until then its number cannot belong to another process
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                late = True
        status = self._finish(process, late)
        self._check(status, late, lives=late and not self._silent.wait(END_S))

    def end(self) -> None:
        """End the command and all programs that it started. If it has not started yet, it never starts."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                _kill(self._process, self._mark)

    def _start(self) -> "subprocess.Popen[bytes]":
        try:
            with self._lock:
                if self._ended:
                    raise ActionError(_("“{name}” was not run, because the app is closing.", name=self.name))
                self._process = subprocess.Popen(
                    self.arguments,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env={**environment_for(self._event), MARK_VARIABLE: self._mark},
                    cwd=home(),
                    start_new_session=True,  # a process group of its own, which is ended as a whole
                )
            threading.Thread(target=self._read, args=(self._process,), name="action: output", daemon=True).start()
            return self._process
        except (OSError, ValueError) as error:
            raise not_started(self.arguments, error) from error

    def _read(self, process: "subprocess.Popen[bytes]") -> None:
        """Read the output until no process can write to it. Only the end of the output is kept."""
        assert process.stdout is not None
        with process.stdout as output:
            while data := os.read(output.fileno(), READ_BYTES):
                self._tail = (self._tail + data)[-KEPT_BYTES:]
        self._silent.set()

    def _finish(self, process: "subprocess.Popen[bytes]", late: bool) -> int | None:
        """The exit status; None if the command had not ended by itself."""
        with self._lock:
            status = process.returncode
            if late and status is None:
                status = _exit_status(process)
                _kill(process, self._mark)
            self._process = None
        with suppress(subprocess.TimeoutExpired):  # a process that hangs in the kernel is left behind
            process.wait(END_S)
        return status

    def _check(self, status: int | None, late: bool, lives: bool) -> None:
        """late: a process still ran at the time limit. lives: a process could not be ended"""
        name, limit = self.name, f"{self._limit_s:g} s"
        if self._ended:
            raise ActionError(_("“{name}” was ended, because the app is closing.", name=name))
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
                    "“{name}” left programs running, which were ended after {limit}. For a program that stays open, "
                    "use “Open a program”.",
                    name=name,
                    limit=limit,
                )
            )

    def _failure(self, status: int) -> str:
        name, said, number = self.name, self._last_line(), abs(status)
        if status > 0 and said:
            return _("“{name}” ended with status {number} and printed: {said}", name=name, number=number, said=said)
        if status > 0:
            return _("“{name}” ended with status {number}.", name=name, number=number)
        if said:
            return _("“{name}” was ended by signal {number} and printed: {said}", name=name, number=number, said=said)
        return _("“{name}” was ended by signal {number}.", name=name, number=number)

    def _last_line(self) -> str:
        """The last line of the output, without control characters."""
        lines = [line.strip() for line in self._tail.decode(errors="replace").splitlines() if line.strip()]
        shown = "".join(c for c in lines[-1] if c.isprintable()) if lines else ""
        return shown[:SHOWN_CHARACTERS]


def _exit_status(process: "subprocess.Popen[bytes]") -> int | None:
    """The exit status of a process that is not reaped yet; None while it runs."""
    if not hasattr(os, "waitid"):
        return None
    with suppress(ChildProcessError):
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    return None


def _kill(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """Kill the group of a process that is not reaped yet, and the processes that left the group."""
    if process.returncode is not None:
        return
    with suppress(
        ProcessLookupError, PermissionError
    ):  # the process has ended; macOS reports a group of ended processes like this
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
    """The processes with this mark in their environment; on systems other than Linux none are found."""
    wanted, found = f"{MARK_VARIABLE}={mark}".encode(), []
    for folder in Path("/proc").glob("[0-9]*") if sys.platform.startswith("linux") else ():
        with suppress(OSError):  # a process of another user, or a process that has just ended
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
