"""Media keys over a real message bus, to players of the test's own."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

# a player, called as its first argument says, in the state of its second
PLAYER = """
import sys
from PyQt6.QtCore import QCoreApplication, QObject, pyqtClassInfo, pyqtProperty, pyqtSlot
from PyQt6.QtDBus import QDBusAbstractAdaptor, QDBusConnection, QDBusMessage

@pyqtClassInfo("D-Bus Interface", "org.mpris.MediaPlayer2.Player")
class Player(QDBusAbstractAdaptor):
    @pyqtProperty(str)
    def PlaybackStatus(self):
        return sys.argv[2]

    @pyqtSlot()
    def PlayPause(self):
        print("told to play or pause", flush=True)

    @pyqtSlot()
    def Next(self):
        print("told to go on", flush=True)

app = QCoreApplication([])
bus = QDBusConnection.sessionBus()
object = QObject()
player = Player(object)
bus.registerObject("/org/mpris/MediaPlayer2", object)
print(bus.registerService("org.mpris.MediaPlayer2." + sys.argv[1]), flush=True)
app.exec()
"""
# the app's side, in a process of its own: a process finds its bus once and for all
CLIENT = """
import subprocess, sys
from PyQt6.QtCore import QCoreApplication
from kws_app.actions.media_key import MediaKey
from kws_app.errors import ActionError
from kws_app.ui.actions.media_players import press
app = QCoreApplication([])
key, code, *players = sys.argv[1:]
running = {}
for player in players:
    name, state = player.split("=")
    command = [sys.executable, "-c", code, name, state]
    running[name] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running[name].stdout.readline() == "True\\n"
try:
    press(MediaKey(key))
    print("pressed")
except ActionError as error:
    print(error)
for name, process in running.items():
    process.terminate()
    print(name, process.stdout.read().strip() or "was left alone")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="players have a message bus on Linux and its kin")
@pytest.mark.parametrize(
    ("key", "players", "expected"),
    [
        ("play-pause", [], ["No media player is open: open a media player first."]),
        (
            "play-pause",
            ["one=Stopped", "two=Playing", "three=Paused"],
            ["pressed", "one was left alone", "two told to play or pause", "three was left alone"],
        ),
        ("next", ["one=Stopped", "two=Paused"], ["pressed", "one was left alone", "two told to go on"]),
        ("play-pause", ["one=Stopped"], ["pressed", "one told to play or pause"]),
    ],
)
def test_the_player_that_plays_is_told(key: str, players: list[str], expected: list[str]):
    if shutil.which("dbus-run-session") is None:
        pytest.skip("needs dbus-run-session, of dbus")
    result = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-c", CLIENT, key, PLAYER, *players],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert result.stdout.splitlines() == expected, result.stderr
