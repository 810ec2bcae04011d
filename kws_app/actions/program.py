"""A program of the user's that is opened and left alone: it goes on when its time would be up and when the app ends.

Runs in the calling thread, for as long as a program that cannot start takes to fail.
"""

import subprocess
import sys
import threading

from kws_app.actions.arguments import environment_for, filled, home, not_started, program_name
from kws_app.actions.choices import ProgramChoice
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

SETTLE_S = 1.0  # a program that ends within this with a failure was not opened


class OpenedProgram:
    """One opening of a program. `run` once, in any thread; `end` before it starts keeps it from starting."""

    def __init__(self, choice: ProgramChoice, event: DetectionEvent) -> None:
        """raises ActionError if it cannot be opened as it stands"""
        self._event = event
        self.arguments = filled(choice.arguments, event)
        self.name = program_name(self.arguments)
        if sys.platform == "darwin" and self.name.endswith(".app"):
            self.arguments = ["open", "-a", *self.arguments]
        self._ended = threading.Event()

    def run(self) -> None:
        """Open it. raises ActionError, in one sentence, if it did not start or failed at once"""
        if self._ended.is_set():
            raise ActionError(_("“{name}” was not opened, as the app is closing.", name=self.name))
        try:
            process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment_for(self._event),
                cwd=home(),
                start_new_session=True,  # no signal to this program reaches it
            )
        except (OSError, ValueError) as error:
            raise not_started(self.arguments, error) from error
        over = threading.Event()
        threading.Thread(target=_reap, args=(process, over), name=f"opened: {self.name}", daemon=True).start()
        if over.wait(SETTLE_S) and process.returncode:
            raise ActionError(
                _("“{name}” ended at once with status {number}.", name=self.name, number=process.returncode)
            )

    def end(self) -> None:
        """What is open stays open."""
        self._ended.set()


def _reap(process: "subprocess.Popen[bytes]", over: threading.Event) -> None:
    """Take note of the program's end, whenever that is, so that no dead process is left over."""
    process.wait()
    over.set()
