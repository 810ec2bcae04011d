"""A pause in the listening that ends by itself. On the window's thread."""

from datetime import datetime, timedelta

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from kws_app.translation import _, ngettext
from kws_app.ui.listening import Listening
from kws_app.ui.widgets.banner import Banner

PAUSE_MIN = 10
PAUSE = ngettext("Stop listening for {count} minute", "Stop listening for {count} minutes", PAUSE_MIN)


class Pause(QObject):
    """Stops the listening for PAUSE_MIN minutes. The pause ends early when the user starts or stops the listening."""

    changed = pyqtSignal()

    def __init__(self, listening: Listening, banner: Banner) -> None:
        super().__init__()
        self._listening, self._banner = listening, banner
        self.until = ""  # wall time of the end of the pause, such as 12:34; empty without a pause
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MIN * 60_000)
        self._timer.timeout.connect(self.end)
        listening.changed.connect(self._follow)

    @property
    def possible(self) -> bool:
        return self._listening.source is not None

    def begin(self) -> None:
        if not self.possible:
            return
        self._listening.stop()  # before `until` is set: its signal `changed` would end the pause
        self.until = (datetime.now() + timedelta(minutes=PAUSE_MIN)).strftime("%H:%M")
        self._timer.start()
        self._say()
        self.changed.emit()

    def end(self) -> None:
        """Listen again."""
        self._listening.start()
        self._follow()

    def _follow(self) -> None:
        if not self.until:
            return
        self.until = ""
        self._timer.stop()
        self.changed.emit()

    def _say(self) -> None:
        self._banner.say(_("Not listening until {time}. Space listens again now.", time=self.until))
