"""Notifications over a real message bus, to a service of the test that answers, hangs or is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.ui.actions.notifier import Notifier
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

HEARD = DetectionEvent("<b>happy</b>", "happy/teacher", 0.9, 1.5, "2026-01-02T03:04:05.678+00:00", "USB mic")

# the desktop's side
SERVICE = """
import sys, time
from PyQt6.QtCore import QCoreApplication, QObject, pyqtClassInfo, pyqtSlot
from PyQt6.QtDBus import QDBusConnection, QDBusMessage

@pyqtClassInfo("D-Bus Interface", "org.freedesktop.Notifications")
class Service(QObject):
    @pyqtSlot(QDBusMessage)
    def Notify(self, message):
        print(message.signature(), message.arguments()[3:5], flush=True)
        if sys.argv[1] == "hangs":
            time.sleep(60)
        bus.send(message.createReply([7]))

app = QCoreApplication([])
bus = QDBusConnection.sessionBus()
service = Service()
bus.registerObject("/org/freedesktop/Notifications", service, QDBusConnection.RegisterOption.ExportAllSlots)
print(bus.registerService("org.freedesktop.Notifications"), flush=True)
app.exec()
"""
# the app's side, in a process of its own: a process finds its bus once and for all
CLIENT = """
import subprocess, sys
from PyQt6.QtCore import QCoreApplication
from kws_app.actions.event import DetectionEvent
from kws_app.errors import ActionError
from kws_app.ui.actions.notifier import Notifier
app = QCoreApplication([])
mode, code = sys.argv[1:]
if mode != "missing":
    service = subprocess.Popen([sys.executable, "-c", code, mode], stdout=subprocess.PIPE, text=True)
    assert service.stdout.readline() == "True\\n"
try:
    Notifier().notify(DetectionEvent("<b>happy</b>", "m", 0.9, 1.5, "2026-01-02T03:04:05.678+00:00"))
    print("shown")
except ActionError as error:
    print(error)
if mode != "missing":
    print(service.stdout.readline().strip())
    service.kill()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="freedesktop's service is for Linux and its kin")
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("well", "shown\nsusssasa{sv}i ['Heard “<b>happy</b>”', '03:04:05, probability 0.90']\n"),
        ("hangs", "The desktop did not show the notification (Did not receive a reply).\nsusssasa{sv}i "),
        ("missing", "The desktop did not show the notification (The name org.freedesktop.Notifications was not "),
    ],
)
@pytest.mark.long
def test_the_desktops_service_is_asked(mode: str, expected: str):
    if shutil.which("dbus-run-session") is None:
        pytest.skip("needs dbus-run-session, of dbus")
    result = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", CLIENT, mode, SERVICE],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert result.stdout.startswith(expected), result.stderr


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_service_the_tray_is_asked(no_bus: None, qtbot: Callable):
    notifier = Notifier()
    notifier.tray_shows = True
    with qtbot.waitSignal(notifier.for_tray) as asked:
        notifier.notify(HEARD)
    assert asked.args == ["Heard “<b>happy</b>”", "03:04:05, probability 0.90"]


def test_without_either_it_is_said(no_bus: None):
    with pytest.raises(ActionError, match="no notification service and no tray"):
        Notifier().notify(HEARD)
