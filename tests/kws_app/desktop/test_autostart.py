"""Starting at login: the file has the right place and content, and can be removed."""

import plistlib
import sys
from pathlib import Path

import pytest

from kws_app.desktop import autostart, desktop_entry
from tests.support.exec_line import read_exec


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def test_linux(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "linux")
    path = home / ".config" / "autostart" / "kws-app.desktop"
    assert autostart.path() == path and not autostart.is_on()
    assert str(path) in autostart.explanation()
    autostart.switch_on(autostart.ARGUMENTS)
    assert autostart.is_on()
    assert read_exec(path.read_text()) == [*desktop_entry.command(), "--minimised", "--listen"]
    autostart.switch_off()
    autostart.switch_off()
    assert not autostart.is_on() and not list(path.parent.iterdir())


@pytest.mark.parametrize(("given", "expected"), [("{home}/cfg", "cfg"), ("relative", ".config"), ("", ".config")])
def test_the_desktops_own_folder_if_it_names_one(home: Path, monkeypatch: pytest.MonkeyPatch, given, expected):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", given.format(home=home))
    assert autostart.path() == home / expected / "autostart" / "kws-app.desktop"


def test_mac(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    path = home / "Library" / "LaunchAgents" / "org.kws-app.login.plist"
    autostart.switch_on(["--data-dir", "/a & <b>"])
    agent = plistlib.loads(path.read_bytes())
    assert agent["Label"] == path.stem and agent["RunAtLoad"] is True
    assert agent["ProgramArguments"] == [*desktop_entry.command(), "--data-dir", "/a & <b>"]
    autostart.switch_off()
    assert not autostart.is_on()


def test_windows(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(home / "AppData" / "Roaming"))
    monkeypatch.setattr(desktop_entry, "command", lambda: ["C:\\100% mine\\kws-app.exe"])
    path = home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup/kws-app.cmd"
    assert autostart.path() == path and not autostart.is_on()
    autostart.switch_on(autostart.ARGUMENTS)
    line = path.read_bytes().decode().splitlines()[1]
    assert line == '@start "" "C:\\100%% mine\\kws-app.exe" "--minimised" "--listen"'
    autostart.switch_off()
    assert not autostart.is_on()
    with pytest.raises(ValueError, match="quotation mark"):
        autostart.switch_on(['a" & calc "'])
    monkeypatch.delenv("APPDATA")
    assert autostart.path() is None


def test_windows_starts_without_a_console(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("APPDATA", str(home))
    (home / "pythonw.exe").write_bytes(b"")
    monkeypatch.setattr(desktop_entry, "command", lambda: [str(home / "python.exe"), "-I", "-m", "kws_app"])
    autostart.switch_on([])
    file = autostart.path()
    assert file is not None and f'"{home / "pythonw.exe"}" "-I" "-m" "kws_app"' in file.read_text()


def test_other_systems_do_not_offer_it(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "platform", "haiku")
    assert not autostart.is_on() and "not offered" in autostart.explanation()
    with pytest.raises(OSError, match="not offered"):
        autostart.switch_on(autostart.ARGUMENTS)
    autostart.switch_off()
    assert not list(home.iterdir())
