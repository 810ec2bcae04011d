"""The application. It ends when the system tells it to, even if the user wants to keep it in the tray."""

import signal
import socket

from PyQt6.QtCore import QEvent, QLibraryInfo, QSocketNotifier, QTranslator, pyqtSignal
from PyQt6.QtWidgets import QApplication


class Application(QApplication):
    """Qt sends a Quit event at the end of the session, and for "Quit" in the menu of a Mac."""

    leaving = pyqtSignal()  # sent before Qt asks the windows to close: a window in the tray would stop the log-out

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Quit:
            self.leaving.emit()
        return super().event(event)

    def wake_for_signals(self) -> None:
        """Wake the event loop at each signal of the system: Python handles a signal only while Python code runs."""
        self._woken, self._waking = socket.socketpair()
        self._waking.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno())
        self._notifier = QSocketNotifier(self._woken.fileno(), QSocketNotifier.Type.Read)  # type: ignore[call-overload]
        self._notifier.activated.connect(lambda: self._woken.recv(64))

    def speak(self, language: str) -> None:
        """Show Qt's own texts, such as "Cancel", in this language if Qt has it."""
        words = QTranslator(self)
        if words.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            self.installTranslator(words)
