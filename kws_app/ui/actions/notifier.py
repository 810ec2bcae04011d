"""Notifications on the desktop: by the freedesktop service, or else by the tray icon.

`notify` runs in the thread of an action and waits for the answer of the service. The tray gets a signal.
"""

import os
import sys
from pathlib import Path

from PyQt6.QtCore import QMetaType, QObject, QVariant, pyqtSignal
from PyQt6.QtDBus import QDBus, QDBusConnection, QDBusMessage

from kws_app.actions.event import DetectionEvent
from kws_app.engine.names import written
from kws_app.errors import ActionError
from kws_app.paths import ASSETS_DIR
from kws_app.translation import _

SERVICE = "org.freedesktop.Notifications"
ANSWER_MS = 3000  # longest wait for the answer of the service
SHOWN_MS = 5000  # how long a notification is shown


class Notifier(QObject):
    """Shows what was heard, and when."""

    for_tray = pyqtSignal(str, str)  # title and text for the tray to show

    def __init__(self) -> None:
        super().__init__()
        self.tray_shows = False  # whether a tray shows messages; only the window's thread writes it

    def notify(self, event: DetectionEvent) -> None:
        """Show a notification about a detection. raises ActionError, in one sentence, if that is not possible"""
        title = _("Heard “{word}”", word=written(str(event.values["keyword"])))
        text = _(
            "{time}, probability {score:.2f}", time=event.wall_time[11:19], score=event.score
        )  # digits only, so there is no markup to escape
        if has_bus():
            self._ask_service(title, text)
        elif self.tray_shows:
            self.for_tray.emit(title, text)
        else:
            raise ActionError(_("This desktop cannot show notifications: it has no notification service and no tray."))

    def _ask_service(self, title: str, text: str) -> None:
        call = QDBusMessage.createMethodCall(SERVICE, "/org/freedesktop/Notifications", SERVICE, "Notify")
        icon = str(ASSETS_DIR / "icon.svg")
        replaces = _typed(0, QMetaType.Type.UInt)
        buttons = _typed([], QMetaType.Type.QStringList)
        hints = _typed({}, QMetaType.Type.QVariantMap)
        call.setArguments([_("Wake word"), replaces, icon, title, text, buttons, hints, SHOWN_MS])
        answer = QDBusConnection.sessionBus().call(call, QDBus.CallMode.Block, ANSWER_MS)
        if answer.type() == QDBusMessage.MessageType.ErrorMessage:
            reason = (answer.errorMessage() or answer.errorName()).split(". ")[0].rstrip(".")
            raise ActionError(_("The desktop did not show the notification ({reason}).", reason=reason))


def _typed(value: object, kind: QMetaType.Type) -> QVariant:
    """A value of exactly this type, as the signature of the service needs it."""
    variant = QVariant(value)
    number: int = kind.value  # type: ignore[assignment]  # the stubs do not know that it is a number
    variant.convert(QMetaType(number))
    return variant


def has_bus() -> bool:
    """Whether this session has a message bus. The environment is read first: to ask for a bus may start a bus."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return False
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    named = os.environ.get("DBUS_SESSION_BUS_ADDRESS") or (runtime and (Path(runtime) / "bus").exists())
    return bool(named) and QDBusConnection.sessionBus().isConnected()
