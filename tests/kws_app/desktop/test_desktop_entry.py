"""The .desktop file: a desktop reads the same command from it, whatever the paths contain."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kws_app.desktop import desktop_entry
from tests.support.exec_line import read_exec

ODD = [
    "/opt/a b/kws",
    "/opt/it's",
    '/opt/"quoted"',
    "/opt/$HOME/`id`",
    "/opt/back\\slash",
    "/opt/100%/%f %%",
    "/opt/semi;colon&(x)*?#~|<>",
    "/opt/ünïcode 😀",
    "/opt/tab\there",
    "-dash",
    "",
]


@pytest.mark.parametrize("argument", ODD)
def test_an_argument_comes_back_as_it_went_in(argument: str):
    assert read_exec(desktop_entry.desktop_entry(["/usr/bin/x", argument, "end"])) == ["/usr/bin/x", argument, "end"]


def test_a_line_break_is_refused():
    with pytest.raises(ValueError, match="line break"):
        desktop_entry.desktop_entry(["/opt/a\nExec=evil"])


@pytest.mark.parametrize("argument", ["plain", *ODD])
def test_the_desktops_own_validator_finds_nothing(argument: str, tmp_path: Path):
    if shutil.which("desktop-file-validate") is None:
        pytest.skip("needs desktop-file-validate, of desktop-file-utils")
    path = tmp_path / desktop_entry.ENTRY_NAME
    desktop_entry.write_entry(path, desktop_entry.desktop_entry(["/usr/bin/x", argument]))
    result = subprocess.run(["desktop-file-validate", str(path)], capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_the_command_starts_this_program_from_any_folder(tmp_path: Path):
    (tmp_path / "argparse.py").write_text("raise SystemExit('the wrong module')")
    command = desktop_entry.command()
    assert Path(command[0]).is_absolute()
    result = subprocess.run([*command, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0 and "usage: kws-app" in result.stdout


def test_a_bundle_starts_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert desktop_entry.command() == [sys.executable]


def test_the_icon_is_there():
    line = next(line for line in desktop_entry.desktop_entry(["x"]).splitlines() if line.startswith("Icon="))
    assert Path(line.removeprefix("Icon=")).is_file()


def test_a_failed_write_leaves_nothing(tmp_path: Path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        desktop_entry.write_entry(tmp_path / "taken", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
