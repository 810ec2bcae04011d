"""A media key on Linux and its kin: the player that plays is told so over the desktop's message bus (MPRIS 2.2).

Runs in an action's thread and waits for the player's answer. On other systems the key itself is pressed.
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
ORDER = ("Playing", "Paused")  # who is told first; then any other
ANSWER_MS = 2000


def press(key: MediaKey) -> None:
    """Tell the player that plays, or else one that is paused. raises ActionError, in one sentence"""
    if not has_bus():
        press_media_key(key)
        return
    (names,) = _call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames")
    players = [str(name) for name in names if str(name).startswith(PREFIX)]
    if not players:
        raise ActionError(_("No media player is open: open one first."))
    player = min(players, key=_rank)
    _call(player, PLACE, PLAYER, METHODS[key])


def _rank(player: str) -> int:
    """Where a player stands in ORDER; one that does not answer comes last."""
    try:
        state = _call(player, PLACE, "org.freedesktop.DBus.Properties", "Get", PLAYER, "PlaybackStatus")[0]
    except ActionError:
        return len(ORDER) + 1
    return ORDER.index(state) if state in ORDER else len(ORDER)


def _call(service: str, place: str, interface: str, method: str, *arguments: str) -> list[Any]:
    """What is answered. raises ActionError if nothing is, or an error"""
    call = QDBusMessage.createMethodCall(service, place, interface, method)
    call.setArguments(list(arguments))
    answer = QDBusConnection.sessionBus().call(call, QDBus.CallMode.Block, ANSWER_MS)
    if answer.type() == QDBusMessage.MessageType.ErrorMessage:
        reason = (answer.errorMessage() or answer.errorName()).split(". ")[0].rstrip(".")
        name = service.removeprefix(PREFIX)
        raise ActionError(_("The media player {name} did not answer ({reason}).", name=name, reason=reason))
    return answer.arguments()
