"""kws-app from the command line: its help, its refusals, its end."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kws_app import __version__
from kws_app.__main__ import check, main, parse_arguments
from kws_app.history.log import DetectionLog
from kws_app.settings import Settings, SettingsFile
from tests.support.loudness import bursts
from tests.support.waiting import PATIENCE_S, Stopwatch

STOPS_S = 1.0


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit_info:
        main(["--help"])
    assert exit_info.value.code == 0
    text = capsys.readouterr().out
    for option in ("--input", "--model", "--threshold", "--data-dir", "--listen", "kws-detect"):
        assert option in text


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_without_a_display_one_sentence_names_kws_detect(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "kws-detect" in error


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize("name", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_on_a_dead_display_one_sentence_names_kws_detect(name: str, python: Callable, tmp_path: Path):
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "QT_QPA_PLATFORM")
    environment = {known: value for known, value in os.environ.items() if known not in hidden}
    environment |= {name: {"DISPLAY": ":4711", "WAYLAND_DISPLAY": "wayland-4711"}[name]}
    process = python(["-m", "kws_app", "--data-dir", str(tmp_path)], environment)
    output, error = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, output, error.count("\n")) == (2, "", 1)
    assert "no window can be opened" in error and "4711" in error and "kws-detect" in error


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit_info:
        main(["--version"])
    assert exit_info.value.code == 0 and capsys.readouterr().out == f"kws-app {__version__}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to make links")
def test_a_dangling_link_as_data_folder_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    (tmp_path / "data").symlink_to(tmp_path / "nowhere")
    assert main(["--data-dir", str(tmp_path / "data")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "a broken link" in error


def test_a_data_folder_for_which_the_disk_has_no_room_is_no_reason_not_to_listen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kws_app.__main__.make_private", full)
    check(parse_arguments(["--data-dir", str(tmp_path / "data")]))
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "nothing will be saved" in error


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--threshold", "0"], "--threshold must be from 0.001 to 1"),
        (["--threshold", "0.0004"], "--threshold must be from 0.001 to 1"),  # less than the controls can show
        (["--threshold", "1.5"], "--threshold must be from 0.001 to 1"),
        (["--threshold", "nan"], "--threshold must be from 0.001 to 1"),
        (["--model", "no/such"], "There is no model 'no/such'"),
        (["--input", "none.wav"], "There is no file none.wav"),
        (["--input", __file__], "is not a readable audio file"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(arguments, expected, capsys, tmp_path):
    assert main([*arguments, "--data-dir", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1


def test_a_file_without_a_block_is_refused_in_one_sentence(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kws_app.__main__.read_blocks", lambda path, block_s: iter(()))
    assert main(["--input", "short.wav", "--data-dir", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error == "kws-app: short.wav holds no sound.\n"


def test_a_data_folder_that_cannot_be_made_is_refused(capsys, tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert main(["--data-dir", str(tmp_path / "file" / "below")]) == 2
    assert "--data-dir" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number, python: Callable, tmp_path: Path, write_wav: Callable[..., Path]):
    path = write_wav(bursts(duration_s=60.0))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    folder = tmp_path / "data"
    arguments = ["-c", READY_MARK, "--input", str(path), "--listen", "--data-dir", str(folder)]
    process = python(arguments, environment)
    assert process.stdout.readline() == "ready\n"
    stopwatch = Stopwatch()
    process.send_signal(number)
    output, error = process.communicate(timeout=PATIENCE_S)
    took_s = stopwatch.seconds
    assert (process.returncode, output, error) == (0, "", "")
    assert (folder / "settings.json").is_file()
    assert took_s < STOPS_S


@contextmanager
def busy_machine() -> Iterator[None]:
    """As many programs as processors want all they can get."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.fixture
def hearing(python: Callable, tmp_path: Path, tiny_models: Path, write_wav) -> Callable[..., subprocess.Popen[str]]:
    """Starts the app on a file in real time; returns it when it has heard something, with torch and all loaded."""
    path = write_wav(bursts(*(0.5 + 1.5 * i for i in range(39)), duration_s=60.0))  # the model may load for long
    log = DetectionLog(tmp_path / "data")
    arguments = ["--input", str(path), "--listen", "--data-dir", str(tmp_path / "data"), "--model", "loud/teacher"]

    def start(**environment: str) -> subprocess.Popen[str]:
        before = len(log.last())
        command = ["-c", LOUD_MODELS.format(models=str(tiny_models)), *arguments]
        process = python(command, {**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment})
        while len(log.last()) < before + 2:
            assert process.poll() is None
            time.sleep(0.01)
        return process

    return start


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.long
def test_on_a_busy_machine_too_it_ends_and_says_nothing(hearing: Callable):
    process = hearing()
    with busy_machine():
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    assert (process.returncode, *process.communicate()) == (0, "", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="an X server of our own")
@pytest.mark.long
def test_when_the_screen_is_gone_it_ends_and_all_is_there(hearing: Callable, virtual_display_to_kill, tmp_path: Path):
    process = hearing(DISPLAY=virtual_display_to_kill.name, QT_QPA_PLATFORM="xcb", WAYLAND_DISPLAY="")
    heard = DetectionLog(tmp_path / "data").last()
    virtual_display_to_kill.process.kill()
    process.wait(PATIENCE_S)
    assert "Traceback" not in process.stderr.read()
    records, bad_lines = DetectionLog(tmp_path / "data").read()
    assert bad_lines == 0 and set(heard) <= set(records)
    assert SettingsFile(tmp_path / "data").load()[1] == ""


QUIT = """
import sys
import kws_app.ui.window
from PyQt6.QtCore import QCoreApplication, QEvent, QTimer
from kws_app import __version__
from kws_app.__main__ import check, main, parse_arguments
from kws_app.ui.desktop.tray import Tray

class Window(kws_app.ui.window.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(0, self.quit)  # an event loop that begins throws away what was posted

    def quit(self):
        QCoreApplication.postEvent(QCoreApplication.instance(), QEvent(QEvent.Type.Quit))

    def closeEvent(self, event):
        super().closeEvent(event)
        print("closed" if event.isAccepted() else "kept", flush=True)

kws_app.ui.window.MainWindow = Window
Tray.available = True
sys.exit(main(sys.argv[1:]))
"""


def test_the_end_of_the_session_is_not_held_up_by_the_tray(python: Callable, tmp_path: Path):
    """What Qt makes of it is a Quit that each window may refuse, as closing one is refused."""
    SettingsFile(tmp_path).save(Settings(keep_in_tray=True, first_run_done=True))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    process = python(["-c", QUIT, "--data-dir", str(tmp_path)], environment)
    assert (*process.communicate(timeout=PATIENCE_S), process.returncode) == ("closed\n", "", 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_second_one_says_so_and_the_first_comes_forward(python: Callable, tmp_path: Path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    folder = tmp_path / "data"
    first = python(["-c", READY_MARK, "--data-dir", str(folder)], environment)
    assert first.stdout.readline() == "ready\n"
    second = python(["-m", "kws_app", "--data-dir", str(folder)], environment)
    output, error = second.communicate(timeout=PATIENCE_S)
    assert (second.returncode, output) == (2, "")
    assert error.count("\n") == 1
    assert f"The app is already running with the data folder {folder} (process {first.pid})" in error
    assert first.stdout.readline() == "forward\n"
    first.kill()
    first.wait()
    third = python(["-c", READY_MARK, "--data-dir", str(folder)], environment)  # after a kill nothing is in the way
    assert third.stdout.readline() == "ready\n"
    third.send_signal(signal.SIGTERM)
    assert third.communicate(timeout=PATIENCE_S) == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.long
def test_after_a_kill_what_was_heard_is_there(hearing: Callable, tmp_path: Path):
    process = hearing()
    process.kill()
    process.wait()
    times_s = [record.time_s for record in DetectionLog(tmp_path / "data").last()]
    assert len(times_s) >= 2 and times_s == sorted(times_s)
    assert SettingsFile(tmp_path / "data").load()[1] == ""


LOUD_MODELS = """
import sys
from pathlib import Path
import kws_app.__main__ as app

app.MODELS_DIR = Path({models!r})
sys.exit(app.main(sys.argv[1:]))
"""


# the app as it is, but for a line on stdout when its window is shown
READY_MARK = """
import sys
import kws_app.ui.window
from kws_app import __version__
from kws_app.__main__ import check, main, parse_arguments

class Window(kws_app.ui.window.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print("ready", flush=True)

    def come_forward(self):
        super().come_forward()
        print("forward", flush=True)

kws_app.ui.window.MainWindow = Window
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_closing_leaves_no_thread_and_no_process(python: Callable, tmp_path: Path, tiny_models: Path, write_wav):
    """The app under Python's fault handler with Qt's warnings as errors, closed while it listens."""
    path = write_wav(bursts(*(0.5 + 1.5 * i for i in range(39)), duration_s=60.0))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_FATAL_WARNINGS": "1"}
    arguments = ["-X", "faulthandler", "-X", "dev", "-c", LEFT_OVER.format(models=str(tiny_models))]
    arguments += ["--model", "loud/teacher", "--input", str(path), "--listen", "--data-dir", str(tmp_path / "data")]
    process = python(arguments, environment)
    assert process.stdout.readline() == "ready\n"
    log = DetectionLog(tmp_path / "data")
    while not log.last():  # torch is loaded by then: an import cannot be hurried
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    output, error = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, output) == (0, "threads ['MainThread'] children 0\n"), error
    assert "Traceback" not in error and "Fatal" not in error


LEFT_OVER = """
import atexit, os, sys, threading
from pathlib import Path
import kws_app.ui.window
import kws_app.__main__ as app

class Window(kws_app.ui.window.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print("ready", flush=True)

kws_app.ui.window.MainWindow = Window
app.MODELS_DIR = Path({models!r})
status = app.main(sys.argv[1:])
children = Path("/proc/self/task", str(os.getpid()), "children").read_text().split()
print("threads", [thread.name for thread in threading.enumerate()], "children", len(children), flush=True)
sys.exit(status)
"""
