"""scripts/run --install and --uninstall, in a home of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kws_app.desktop import autostart, desktop_entry
from kws_app.desktop.menu_entry import main
from tests.support.exec_line import read_exec

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason=".desktop files are for Linux and its kin")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "data"


def test_install_and_uninstall(data: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--install"]) == 0 and main(["--install"]) == 0
    path = data / "applications" / "kws-app.desktop"
    assert str(path) in capsys.readouterr().out
    assert read_exec(path.read_text()) == desktop_entry.command()
    autostart.switch_on(autostart.ARGUMENTS)
    assert main(["--uninstall"]) == 0
    assert "autostart" in capsys.readouterr().out
    assert not path.exists() and not autostart.is_on()
    assert main(["--uninstall"]) == 0
    assert "Nothing was installed" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_said(data: Path, capsys: pytest.CaptureFixture[str]):
    data.write_text("in the way")
    assert main(["--install"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("scripts/run: the file could not be changed: ") and error.count("\n") == 1


def test_other_systems_refuse_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert main(["--install"]) == 2
    assert "does not use" in capsys.readouterr().err


def test_the_module_as_the_script_runs_it(data: Path):
    result = subprocess.run(
        [sys.executable, "-m", "kws_app.desktop.menu_entry", "--install"],
        env=os.environ,
        capture_output=True,
        text=True,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert (data / "applications" / "kws-app.desktop").is_file()
