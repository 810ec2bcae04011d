"""kws-app from the command line: its help, its refusals, its end."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from loudness import bursts

from kws_app.__main__ import main


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


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--threshold", "0"], "--threshold must be from 0.001 to 1"),
        (["--threshold", "0.0004"], "--threshold must be from 0.001 to 1"),  # less than the controls can show
        (["--threshold", "1.5"], "--threshold must be from 0.001 to 1"),
        (["--threshold", "nan"], "--threshold must be from 0.001 to 1"),
        (["--model", "no/such"], "There is no model 'no/such'"),
        (["--input", "none.wav"], "There is no file none.wav"),
        (["--input", __file__], "is no audio"),
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
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(number, python: Callable, tmp_path: Path, write_wav: Callable[..., Path]):
    path = write_wav(bursts(duration_s=60.0))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    folder = tmp_path / "data"
    arguments = ["-c", READY_MARK, "--input", str(path), "--listen", "--data-dir", str(folder)]
    process = python(arguments, environment)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    output, error = process.communicate(timeout=10)
    assert (process.returncode, output, error) == (0, "", "")
    assert (folder / "settings.json").is_file()


# the app as it is, but for a line on stdout when its window is shown
READY_MARK = """
import sys
import kws_app.ui.window
from kws_app.__main__ import main

class Window(kws_app.ui.window.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print("ready", flush=True)

kws_app.ui.window.MainWindow = Window
sys.exit(main(sys.argv[1:]))
"""
