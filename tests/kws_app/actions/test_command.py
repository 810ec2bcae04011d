"""Commands with real processes: hostile values, programs that hang, long output, and programs left behind."""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from kws_app.actions.choices import CommandChoice
from kws_app.actions.command import KEPT_BYTES, Command
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from tests.support.waiting import PATIENCE_S, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
HEARD = DetectionEvent("happy", "happy/teacher", 0.9, 1.5, "2026-01-02T03:04:05+00:00", "USB mic")
TELL = "import json, os, sys; json.dump([sys.argv[2:], dict(os.environ)], open(sys.argv[1], 'w'))"
HOSTILE = [
    "$(touch pwned) `touch pwned` ; touch pwned | cat && x",
    "a'b\"c\\d",
    "two\nlines\r\ttab",
    "/tmp/-rf *.wav",
    "%s {keyword} ${HOME} $HOME ~",
    "smile 😀 \udcff",  # a byte that is no UTF-8, as a file's name may hold
]


def run(*arguments: str, limit_s: float = 30.0, heard: DetectionEvent = HEARD) -> None:
    Command(CommandChoice(True, arguments, limit_s), heard).run()


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody reaps counts as ended."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def pid_in(path: Path) -> int:
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_arrives_as_one_argument_and_as_an_environment_variable(value: str, tmp_path: Path):
    heard = DetectionEvent(value, "m", 0.5, 0.0, "", value)
    told = tmp_path / "told"
    run(sys.executable, "-c", TELL, str(told), "<{source}>", "{keyword}", "{score}", heard=heard)
    arguments, environment = json.loads(told.read_text())
    assert arguments == [f"<{value}>", value, "0.5000"]
    assert environment["KWS_SOURCE"] == environment["KWS_KEYWORD"] == value
    assert not list(Path.home().glob("pwned")) and not Path("pwned").exists()


@pytest.mark.parametrize("value", ["-rf", "--output=/etc/passwd", "-"])
def test_a_value_that_would_be_an_option_is_refused(value: str):
    with pytest.raises(ActionError, match="would count as an option"):
        run("true", "{keyword}", heard=DetectionEvent(value, "m", 0.5, 0.0, ""))


def test_an_option_that_the_user_typed_is_kept():
    dashed = DetectionEvent("-rf", "m", 0.5, 0.0, "")
    run("sh", "-c", 'test "$1" = -k=-rf', "sh", "-k={keyword}", heard=dashed)


@pytest.mark.parametrize("arguments", [(), ("",), ("  ", "x")])
def test_no_command_is_said(arguments: tuple[str, ...]):
    with pytest.raises(ActionError, match="the program first"):
        run(*arguments)


def test_a_missing_program_is_said():
    with pytest.raises(ActionError, match="There is no program “no-such-program-here”"):
        run("no-such-program-here", "x")


def test_a_file_that_is_no_program_is_said(tmp_path: Path):
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(ActionError, match=r"“notes.txt” cannot be run"):
        run(str(path))


def test_a_failure_names_status_and_last_words():
    with pytest.raises(ActionError, match=r"^“sh” ended with status 3 and printed: the disk is on fire$"):
        run("sh", "-c", "echo first; printf 'the \\033disk is on fire\\n' >&2; exit 3")
    with pytest.raises(ActionError, match=r"^“sh” was ended by signal 9\.$"):
        run("sh", "-c", "kill -9 $$")


def test_a_hang_is_ended_with_all_that_it_started(tmp_path: Path):
    child = tmp_path / "child"
    with pytest.raises(ActionError, match=r"“sh” took longer than 1 s and was ended"):
        run("sh", "-c", f"sleep 1000 & echo $! > {child}; trap '' TERM; wait", limit_s=1.0)
    assert gone(pid_in(child))


def test_a_child_left_behind_with_the_output_is_ended_at_the_limit(tmp_path: Path):
    child = tmp_path / "child"
    with pytest.raises(
        ActionError, match=r"left programs running, which were ended after 1 s\. .* use “Open a program”"
    ):
        run("sh", "-c", f"sleep 1000 & echo $! > {child}", limit_s=1.0)
    assert gone(pid_in(child))


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")


@LINUX
@pytest.mark.parametrize("waits", ["wait", "true"])
def test_a_child_in_a_session_of_its_own_is_ended_too(tmp_path: Path, waits: str):
    child = tmp_path / "child"
    with pytest.raises(ActionError, match=r"was ended|were ended after 1 s"):
        run("sh", "-c", f"setsid sh -c 'echo $$ > {child}; exec sleep 1000' & {waits}", limit_s=1.0)
    assert gone(pid_in(child))


@LINUX
def test_a_child_that_hides_from_its_end_is_said_to_live_on(tmp_path: Path):
    child = tmp_path / "child"
    hides = f"env -i PATH=$PATH setsid sh -c 'echo $$ > {child}; exec sleep 1000' & true"
    with pytest.raises(ActionError, match="could not be ended and still runs"):
        run("sh", "-c", hides, limit_s=1.0)
    pid = pid_in(child)
    os.kill(pid, signal.SIGKILL)  # this time by the test
    assert gone(pid)


def test_a_child_that_lets_go_of_the_output_is_left_alone(tmp_path: Path):
    child = tmp_path / "child"
    run("sh", "-c", f"setsid sleep 1000 > {tmp_path}/log 2>&1 & echo $! > {child}")
    pid = pid_in(child)
    os.kill(pid, signal.SIGKILL)  # it was there, or this would raise
    assert gone(pid)


def test_a_flood_is_read_to_its_end_and_not_kept():
    command = Command(CommandChoice(True, ("sh", "-c", "head -c 50000000 /dev/zero; echo end; exit 1"), 30.0), HEARD)
    with pytest.raises(ActionError, match=r"printed: end$"):
        command.run()
    assert len(command._tail) <= KEPT_BYTES


def test_a_flood_without_end_is_ended():
    with pytest.raises(ActionError, match="took longer"):
        run("yes", limit_s=0.5)


def test_a_command_has_no_input_and_starts_in_the_home_folder():
    run("sh", "-c", 'test "$(pwd -P)" = "$(cd && pwd -P)" && ! read line')


def test_ending_it_from_another_thread(tmp_path: Path):
    child = tmp_path / "child"
    command = Command(CommandChoice(True, ("sh", "-c", f"sleep 1000 & echo $! > {child}; wait"), 60.0), HEARD)
    failures: list[str] = []

    def run_it() -> None:
        try:
            command.run()
        except ActionError as error:
            failures.append(str(error))

    thread = threading.Thread(target=run_it)
    thread.start()
    pid = pid_in(child)
    command.end()
    thread.join(PATIENCE_S)
    assert not thread.is_alive() and gone(pid)
    assert failures == ["“sh” was ended, because the app is closing."]
    with pytest.raises(ActionError, match="closing"):
        command.run()


def test_a_bundle_gives_back_the_users_library_path(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/mine")
    run("sh", "-c", 'test "$LD_LIBRARY_PATH" = /mine && test -z "$LD_LIBRARY_PATH_ORIG"')
    monkeypatch.delenv("LD_LIBRARY_PATH_ORIG")
    run("sh", "-c", 'test -z "$LD_LIBRARY_PATH"')
