"""Media keys. With a message bus, as on Linux, the player gets a message (MPRIS 2.2). Else the key itself is pressed.

Runs in the thread of an action, and waits for the answer of the player.
"""

from typing import Any

from PyQt6.QtDBus import QDBus, QDBusConnection, QDBusMessage

from kws_app.actions.media_key import MediaKey, press_media_key
from kws_app.errors import ActionError
from kws_app.translation import _
from kws_app.ui.actions.notifier import has_bus

PREFIX = "org.mpris.MediaPlayer2."
PLACE = "/org/mpris/MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"
METHODS = {
    MediaKey.PLAY_PAUSE: "PlayPause",
    MediaKey.NEXT: "Next",
    MediaKey.PREVIOUS: "Previous",
    MediaKey.STOP: "Stop",
}
ORDER = ("Playing", "Paused")  # the state of the player that is preferred; then any other state
ANSWER_MS = 2000  # longest wait for an answer


def press(key: MediaKey) -> None:
    """Tell a player that plays, else a paused player, else any player. raises ActionError, in one sentence"""
    if not has_bus():
        press_media_key(key)
        return
    (names,) = _call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames")
    players = [str(name) for name in names if str(name).startswith(PREFIX)]
    if not players:
        raise ActionError(_("No media player is open: open a media player first."))
    player = min(players, key=_rank)
    _call(player, PLACE, PLAYER, METHODS[key])


def _rank(player: str) -> int:
    """The place of a player in ORDER. A player that does not answer comes last."""
    try:
        state = _call(player, PLACE, "org.freedesktop.DBus.Properties", "Get", PLAYER, "PlaybackStatus")[0]
    except ActionError:
        return len(ORDER) + 1
    return ORDER.index(state) if state in ORDER else len(ORDER)


def _call(service: str, place: str, interface: str, method: str, *arguments: str) -> list[Any]:
    """Call a method over the bus and return its answer. raises ActionError on an error, or without an answer"""
    call = QDBusMessage.createMethodCall(service, place, interface, method)
    call.setArguments(list(arguments))
    answer = QDBusConnection.sessionBus().call(call, QDBus.CallMode.Block, ANSWER_MS)
    if answer.type() == QDBusMessage.MessageType.ErrorMessage:
        reason = (answer.errorMessage() or answer.errorName()).split(". ")[0].rstrip(".")
        name = service.removeprefix(PREFIX)
        raise ActionError(_("The media player {name} did not answer ({reason}).", name=name, reason=reason))
    return answer.arguments()
