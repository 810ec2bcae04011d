"""The tray icon on a desktop that has a tray: a screen, a message bus, and a host for icons of the test's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.loudness import bursts
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

# the desktop's side: it takes the icon, works its menu as a user would, and prints what it sees
HOST = r"""
import re, subprocess, sys, threading, time
from PyQt6.QtCore import QCoreApplication, QObject, pyqtClassInfo, pyqtProperty, pyqtSlot
from PyQt6.QtDBus import QDBusConnection

@pyqtClassInfo("D-Bus Interface", "org.kde.StatusNotifierWatcher")
class Watcher(QObject):
    @pyqtSlot(str)
    def RegisterStatusNotifierItem(self, service):
        threading.Thread(target=use, args=(service,)).start()  # the icon asks more of this side meanwhile

    @pyqtProperty(bool)
    def IsStatusNotifierHostRegistered(self):
        return True

def call(service, path, method, *arguments):
    command = ["gdbus", "call", "--session", "--dest", service, "--object-path", path, "--method", method, "--"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=True).stdout

def menu(service):
    layout = call(service, "/MenuBar", "com.canonical.dbusmenu.GetLayout", "0", "-1", "['label']")
    return {label: number for number, label in re.findall(r"<\((\d+), \{[^}]*?'label': <'([^']*)'>", layout)}

def press(service, label):
    call(service, "/MenuBar", "com.canonical.dbusmenu.Event", menu(service)[label], "clicked", "<''>", "0")

def wait_for(condition):
    for _ in range(2500):
        if condition():
            return
        time.sleep(0.1)
    process.kill()
    app.quit()
    raise AssertionError("it did not come about")

def use(service):
    wait_for(lambda: menu(service))  # which comes after the icon
    print(list(menu(service)), flush=True)
    press(service, "Start listening")
    wait_for(lambda: "Listening" in menu(service))
    press(service, "Stop listening for 10 minutes")
    wait_for(lambda: any(label.startswith("Not listening until") for label in menu(service)))
    print([re.sub(r"\d\d:\d\d", "TIME", label) for label in menu(service)], flush=True)
    press(service, "Quit")
    print(process.wait(), flush=True)
    app.quit()

app = QCoreApplication([])
bus = QDBusConnection.sessionBus()
watcher = Watcher()
bus.registerObject("/StatusNotifierWatcher", watcher, QDBusConnection.RegisterOption.ExportAllContents)
bus.registerService("org.kde.StatusNotifierWatcher")
process = subprocess.Popen([sys.executable, "-m", "kws_app", "--minimised", *sys.argv[1:]])
app.exec()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a tray of freedesktop's kind")
def test_started_in_the_tray_it_is_worked_from_there(tmp_path: Path, write_wav: Callable[..., Path]):
    missing = [name for name in ("xvfb-run", "dbus-run-session", "gdbus") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    sound = write_wav(bursts(duration_s=120.0))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "QT_QPA_PLATFORM": "xcb"}
    command = ["dbus-run-session", "--", "xvfb-run", "-a", sys.executable, "-c", HOST]
    result = subprocess.run(
        [*command, "--input", str(sound), "--data-dir", str(tmp_path / "data")],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert result.stdout.splitlines() == [
        "['Not listening', 'Show the window', 'Start listening', 'Stop listening for 10 minutes', 'Quit']",
        "['Not listening until TIME', 'Show the window', 'Start listening', 'Listen again now', 'Quit']",
        "0",
    ], result.stderr
