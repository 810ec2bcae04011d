"""The icon in the tray: it shows the state, and its menu has start, pause, window and quit. On the window's thread."""

from collections.abc import Callable

from PyQt6.QtCore import QObject
from PyQt6.QtGui import QAction, QGuiApplication, QIcon
from PyQt6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from kws_app.audio.source import Phase
from kws_app.paths import ASSETS_DIR
from kws_app.translation import _
from kws_app.ui.desktop.pause import PAUSE, Pause
from kws_app.ui.listening import Listening

NO_TRAY = _("This desktop has no tray.")


class Tray(QObject):
    """The icon and its menu. On a desktop without a tray nothing is shown."""

    def __init__(self, window: QWidget, listening: Listening, pause: Pause, leave: Callable[[], None]) -> None:
        """leave: quits the program"""
        super().__init__(window)
        self._window, self._listening, self._pause = window, listening, pause
        self._on, self._off = QIcon(str(ASSETS_DIR / "icon.svg")), QIcon(str(ASSETS_DIR / "icon-off.svg"))
        self.menu = QMenu(window)
        self.state = QAction("", self.menu)
        self.state.setEnabled(False)
        self.start = QAction("", self.menu)
        self.start.triggered.connect(self._start_or_stop)
        self.rest = QAction("", self.menu)
        self.rest.triggered.connect(self._pause_or_go_on)
        self.menu.addAction(self.state)
        self.menu.addSeparator()
        self.menu.addAction(_("Show the window"), self.show_window)
        self.menu.addAction(self.start)
        self.menu.addAction(self.rest)
        self.menu.addSeparator()
        self.menu.addAction(_("Quit"), leave)
        self.icon = QSystemTrayIcon(self._off, self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        for signal in (listening.changed, listening.permitted):
            signal.connect(self.refresh)
        pause.changed.connect(self.refresh)
        self.refresh()
        if QGuiApplication.platformName() != "offscreen":  # this platform has no tray, and prints a warning
            self.icon.show()  # at login the tray may start after the app: then the icon appears later

    @property
    def available(self) -> bool:
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def shows_messages(self) -> bool:
        return self.available and QSystemTrayIcon.supportsMessages()

    def refresh(self) -> None:
        """Show the present state."""
        phase, listening = self._listening.state.phase, self._listening.source is not None
        forbidden = bool(self._listening.forbidden)
        if forbidden:
            text = _("Not listening: there is no usable model")
        elif self._pause.until:
            text = _("Not listening until {time}", time=self._pause.until)
        elif self._listening.loading and phase is not Phase.WAITING:
            text = _("Loading the model")
        elif phase is Phase.LISTENING:
            text = _("Listening")
        elif phase is Phase.WAITING:
            text = _("Waiting for the microphone")
        else:
            text = _("Starting to listen") if listening else _("Not listening")
        self.icon.setIcon(self._on if phase is Phase.LISTENING else self._off)
        self.icon.setToolTip(_("Wake word: {state}", state=text))
        self.state.setText(text)
        self.start.setText(_("Stop listening") if listening else _("Start listening"))
        self.start.setEnabled(listening or not forbidden)
        self.rest.setText(_("Listen again now") if self._pause.until else PAUSE)
        self.rest.setEnabled(self._pause.possible or (bool(self._pause.until) and not forbidden))

    def show_window(self) -> None:
        self._window.showNormal()
        self._window.raise_()
        self._window.activateWindow()

    def hide(self) -> None:
        self.icon.hide()

    def message(self, title: str, text: str) -> None:
        self.icon.showMessage(title, text, self._on)

    def _start_or_stop(self) -> None:
        if self._listening.source is None:
            self._listening.start()
        else:
            self._listening.stop()

    def _pause_or_go_on(self) -> None:
        if self._pause.until:
            self._pause.end()
        else:
            self._pause.begin()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A click shows the window, or hides it if it is shown."""
        if reason != QSystemTrayIcon.ActivationReason.Trigger:
            return
        if self._window.isVisible() and not self._window.isMinimized():
            self._window.hide()
        else:
            self.show_window()
