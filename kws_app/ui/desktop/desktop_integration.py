"""The parts outside the window: actions, tray, pause, how the app starts and closes. On the window's thread."""

from collections.abc import Callable

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMainWindow

from kws_app import __version__
from kws_app.actions.runner import Play
from kws_app.translation import _
from kws_app.ui.actions.actions_control import ActionsControl
from kws_app.ui.actions.notifier import Notifier
from kws_app.ui.desktop.about import AboutDialog, ShortcutsDialog, open_folder
from kws_app.ui.desktop.pause import PAUSE, Pause
from kws_app.ui.desktop.start_dialog import StartDialog
from kws_app.ui.desktop.tray import Tray
from kws_app.ui.listening import Listening
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.widgets.dialog import Dialog
from kws_app.ui.window_layout import WindowLayout
from kws_app.ui.words.active_words import ActiveWords


class DesktopIntegration(QObject):
    """Makes these parts and connects them with the window."""

    def __init__(
        self,
        window: QMainWindow,
        parts: WindowLayout,
        words: ActiveWords,
        listening: Listening,
        store: SettingsStore,
        play: Play,
        leave: Callable[[], None],
    ) -> None:
        """play: plays samples at 16 kHz. leave: quits the program"""
        super().__init__(window)
        self._window, self._parts, self._store = window, parts, store
        self._notice = parts.banner.notice
        self.pause = Pause(listening, parts.banner)
        self.tray = Tray(window, listening, self.pause, leave)
        self.notifier = Notifier()
        self.notifier.tray_shows = self.tray.shows_messages
        self.notifier.for_tray.connect(self.tray.message)
        self.actions = ActionsControl(window, words, store, play, self.notifier.notify)
        self.actions.failed.connect(self._notice)
        listening.marked.connect(self.actions.set_off)
        self.start_dialog: StartDialog | None = None  # once it was opened
        self._dialogs: dict[str, Dialog] = {}  # by name, each after it was opened
        parts.controls.menu.aboutToShow.connect(self._offer_rest)

    def fill_menu(self) -> None:
        """Add the entries for these parts to the menu."""
        offer = self._parts.controls.offer
        offer(
            _("Actions…"),
            _("A sound, a notification, a program or a web hook for each word (Ctrl+E)"),
            lambda: self.actions.show_dialog(),
        )
        offer(
            _("Startup and tray…"),
            _("Keep listening in the tray, start minimised or at login"),
            self.show_start_dialog,
        )
        self._rest = offer(PAUSE, _("Stop listening. It starts again by itself after this time"), self.pause.begin)

    def fill_help_menu(self) -> None:
        """Add the entries that explain the program to the menu."""
        offer = self._parts.controls.offer
        offer(_("Shortcuts"), _("Every key and what it does (F1)"), self.show_shortcuts)
        offer(
            _("Open data folder"),
            _("Settings, the list of what was heard, and clips: {folder}", folder=self._store.path.parent),
            self.open_data_folder,
        )
        offer(_("About"), _("What this program is, and its version"), self.show_about)

    def show_shortcuts(self) -> None:
        """Open the dialog with all keys."""
        self._bring_up("shortcuts", lambda: ShortcutsDialog(self._window))

    def show_about(self) -> None:
        """Open the dialog "About"."""
        folder = self._store.path.parent
        self._bring_up("about", lambda: AboutDialog(__version__, folder, self._window))

    def _bring_up(self, name: str, make: Callable[[], Dialog]) -> None:
        if name not in self._dialogs:
            self._dialogs[name] = make()
        self._dialogs[name].bring_up()

    def open_data_folder(self) -> None:
        """Show the data folder in the file manager, or say where it is."""
        folder = self._store.path.parent
        if not open_folder(folder):
            self._notice(_("There is no file manager here. The data folder is {folder}.", folder=folder))

    def _offer_rest(self) -> None:
        self._rest.setEnabled(self.pause.possible)

    def show_start_dialog(self) -> None:
        """Open the dialog "Startup and tray", or bring it to the front."""
        if self.start_dialog is None:
            self.start_dialog = StartDialog(self._store, self.tray.available, self._window)
            self.start_dialog.failed.connect(self._notice)
        self.start_dialog.refresh()
        self.start_dialog.bring_up()

    @property
    def keeps_open(self) -> bool:
        """Whether closing the window only hides it in the tray."""
        return self._store.settings.keep_in_tray and self.tray.available

    def finish(self) -> None:
        """The window closes: end all actions and close all dialogs."""
        self.tray.hide()
        self.actions.shut_down()
        for dialog in (self.start_dialog, *self._dialogs.values()):
            if dialog is not None:
                dialog.close()
