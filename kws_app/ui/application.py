"""The application as a whole: told by the system to end, it ends, whatever the tray would keep."""

from PyQt6.QtCore import QEvent, pyqtSignal
from PyQt6.QtWidgets import QApplication


class Application(QApplication):
    """Qt sends it a Quit where the session ends, and where a Mac's own menu asks for it."""

    leaving = pyqtSignal()  # before the windows are asked whether they agree: one that stays would hold up the session

    def event(self, event: QEvent | None) -> bool:
        if event is not None and event.type() == QEvent.Type.Quit:
            self.leaving.emit()
        return super().event(event)
