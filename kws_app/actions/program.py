"""Opens a program of the user. The program stays open, even after the app ends.

In the calling thread, which waits SETTLE_S for a program that fails at once.
"""

import subprocess
import sys
import threading

from kws_app.actions.arguments import environment_for, filled, home, not_started, program_name
from kws_app.actions.choices import ProgramChoice
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.translation import _

SETTLE_S = 1.0  # a program that fails within this time counts as not opened


class OpenedProgram:
    """Opens a program once. Call `run` once, in any thread. `end`, before that, stops it from starting."""

    def __init__(self, choice: ProgramChoice, event: DetectionEvent) -> None:
        """raises ActionError, in one sentence, if the program cannot be opened"""
        self._event = event
        self.arguments = filled(choice.arguments, event)
        self.name = program_name(self.arguments)
        if sys.platform == "darwin" and self.name.endswith(".app"):
            self.arguments = ["open", "-a", *self.arguments]
        self._ended = threading.Event()

    def run(self) -> None:
        """Open the program. raises ActionError, in one sentence, if it does not start or fails at once"""
        if self._ended.is_set():
            raise ActionError(_("“{name}” was not opened, because the app is closing.", name=self.name))
        try:
            process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment_for(self._event),
                cwd=home(),
                start_new_session=True,  # so that no signal for the app ends the program
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
        """Do not open the program. A program that is open stays open."""
        self._ended.set()


def _reap(process: "subprocess.Popen[bytes]", over: threading.Event) -> None:
    """Wait for the end of the program, so that no ended process is left over."""
    process.wait()
    over.set()
