"""What reaches beyond the window: actions, tray, pause, how the app starts and closes. On the window's thread."""

from collections.abc import Callable

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMainWindow

from kws_app.actions.runner import Play
from kws_app.translation import _
from kws_app.ui.actions.actions_control import ActionsControl
from kws_app.ui.actions.notifier import Notifier
from kws_app.ui.desktop.pause import PAUSE, Pause
from kws_app.ui.desktop.start_dialog import StartDialog
from kws_app.ui.desktop.tray import Tray
from kws_app.ui.listening import Listening
from kws_app.ui.models.model_control import ModelControl
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.window_layout import WindowLayout


class DesktopIntegration(QObject):
    """Makes these parts and binds them to the window's."""

    def __init__(
        self,
        window: QMainWindow,
        parts: WindowLayout,
        models: ModelControl,
        listening: Listening,
        store: SettingsStore,
        play: Play,
        leave: Callable[[], None],
    ) -> None:
        """play: sounds samples at 16 kHz. leave: quits the program"""
        super().__init__(window)
        self._window, self._store, self._notice = window, store, parts.banner.notice
        self.pause = Pause(listening, parts.banner)
        self.tray = Tray(window, listening, self.pause, leave)
        self.notifier = Notifier()
        self.notifier.tray_shows = self.tray.shows_messages
        self.notifier.for_tray.connect(self.tray.message)
        self.actions = ActionsControl(window, models, store, play, self.notifier.notify)
        self.actions.failed.connect(self._notice)
        listening.marked.connect(self.actions.set_off)
        self.start_dialog: StartDialog | None = None  # once it was opened
        offer = parts.controls.offer
        offer(
            _("What a word sets off…"),
            _("A sound, a notification, a command or a webhook for each word (Ctrl+E)"),
            self.actions.show_dialog,
        )
        offer(
            _("Starting and closing…"),
            _("Keep listening in the tray, start minimised or at login"),
            self.show_start_dialog,
        )
        self._rest = offer(PAUSE, _("Stop listening, and go on by itself after that"), self.pause.begin)
        parts.controls.menu.aboutToShow.connect(self._offer_rest)

    def _offer_rest(self) -> None:
        self._rest.setEnabled(self.pause.possible)

    def show_start_dialog(self) -> None:
        """Open it, or bring it to the front."""
        if self.start_dialog is None:
            self.start_dialog = StartDialog(self._store, self.tray.available, self._window)
            self.start_dialog.failed.connect(self._notice)
        self.start_dialog.refresh()
        self.start_dialog.bring_up()

    @property
    def keeps_open(self) -> bool:
        """Whether closing the window only hides it."""
        return self._store.settings.keep_in_tray and self.tray.available

    def finish(self) -> None:
        """The window closes: end what is under way."""
        self.tray.hide()
        self.actions.shut_down()
        if self.start_dialog is not None:
            self.start_dialog.close()
