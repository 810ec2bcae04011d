"""The application as a whole: told by the system to end, it ends, whatever the tray would keep."""

import signal
import socket

from PyQt6.QtCore import QEvent, QLibraryInfo, QSocketNotifier, QTranslator, pyqtSignal
from PyQt6.QtWidgets import QApplication


class Application(QApplication):
    """Qt sends it a Quit where the session ends, and where a Mac's own menu asks for it."""

    leaving = pyqtSignal()  # before the windows are asked whether they agree: one that stays would hold up the session

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Quit:
            self.leaving.emit()
        return super().event(event)

    def wake_for_signals(self) -> None:
        """Let the event loop turn when a signal of the system's comes: Python handles one only when it runs."""
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno())
        self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read)  # type: ignore[call-overload]
        self._notifier.activated.connect(lambda: self._woken.recv(64))

    def speak(self, language: str) -> None:
        """Let what Qt itself says, such as on a button to cancel, be in this language, where Qt knows it."""
        words = QTranslator(self)
        if words.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            self.installTranslator(words)
