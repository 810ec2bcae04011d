"""Programs that stay open: real processes that outlive the action, and failures with a message."""

import os
import signal
import sys
from pathlib import Path

import pytest

from kws_app.actions.choices import ProgramChoice
from kws_app.actions.event import DetectionEvent
from kws_app.actions.program import OpenedProgram
from kws_app.errors import ActionError
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runs sh")
HEARD = DetectionEvent("happy", "happy/teacher", 0.9, 1.5, "2026-01-02T03:04:05+00:00", "USB mic")


def opened(*arguments: str) -> OpenedProgram:
    return OpenedProgram(ProgramChoice(True, arguments), HEARD)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_stays_open_after_the_action_and_is_no_dead_process_afterwards(tmp_path: Path):
    told = tmp_path / "told"
    program = opened("sh", "-c", f'echo "$$ {{keyword}} $KWS_MODEL" > {told}; exec sleep 1000')
    program.run()
    program.end()
    until(lambda: told.exists() and told.read_text().strip())
    pid, keyword, model = told.read_text().split()
    assert (keyword, model) == ("happy", "happy/teacher") and alive(int(pid))
    assert os.getsid(int(pid)) == int(pid)  # no signal to this program's group reaches it
    os.kill(int(pid), signal.SIGKILL)
    until(lambda: not alive(int(pid)))


def test_it_may_have_nothing_to_read_and_write_to():
    opened("sh", "-c", "! read line && echo out && echo err >&2").run()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("no-such-program-here",), "There is no program “no-such-program-here”"),
        (("sh", "-c", "exit 3"), "“sh” ended at once with status 3"),
    ],
)
def test_what_does_not_open_is_said(arguments: tuple[str, ...], expected: str):
    with pytest.raises(ActionError, match=expected):
        opened(*arguments).run()


def test_a_program_that_hands_over_and_ends_well_was_opened():
    opened("true").run()


def test_nothing_is_opened_while_the_app_closes(tmp_path: Path):
    program = opened("touch", str(tmp_path / "touched"))
    program.end()
    with pytest.raises(ActionError, match="closing"):
        program.run()
    assert not (tmp_path / "touched").exists()


def test_no_program_is_said():
    with pytest.raises(ActionError, match="the program first"):
        opened("  ")
