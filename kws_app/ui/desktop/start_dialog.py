"""The options for how the app starts and closes. Each option says which file it writes. On the window's thread."""

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QLabel, QWidget

from kws_app.desktop import autostart
from kws_app.paths import default_data_dir
from kws_app.translation import _
from kws_app.ui.desktop.tray import NO_TRAY
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.widgets.dialog import Dialog

WIDTH = 520


class StartDialog(Dialog):
    """Three switches: keep in the tray, start minimised, start at login."""

    failed = pyqtSignal(str)  # one sentence

    def __init__(self, store: SettingsStore, has_tray: bool, parent: QWidget | None = None) -> None:
        super().__init__(_("Startup and tray"), WIDTH, parent)
        self._store = store
        self.column.setSpacing(2)
        kept = _("Saved in {file}.", file=store.path)
        self.keep = self._switch(
            _("&Keep listening in the tray when the window is closed"),
            " ".join([_("Ctrl+Q and the menu of the tray icon quit the program."), kept]) if has_tray else NO_TRAY,
        )
        self.keep.setEnabled(has_tray)
        place = _("The app starts in the tray.") if has_tray else _("The app starts as a minimised window.")
        self.minimised = self._switch(_("Start &minimised"), f"{place} {kept}")
        self.login = self._switch(_("Start at &login"), autostart.explanation())
        self.login.setEnabled(autostart.path() is not None)
        self.refresh()
        self.keep.toggled.connect(lambda on: store.remember(keep_in_tray=on))
        self.minimised.toggled.connect(lambda on: store.remember(start_minimised=on))
        self.login.toggled.connect(self._at_login)

    def _switch(self, title: str, explanation: str) -> QCheckBox:
        switch = QCheckBox(title)
        switch.setToolTip(explanation)
        note = QLabel(explanation)
        note.setProperty("muted", True)
        note.setWordWrap(True)
        note.setContentsMargins(24, 0, 0, 8)
        self.column.addWidget(switch)
        self.column.addWidget(note)
        return switch

    def refresh(self) -> None:
        """Show the present state: another program may have removed the file for the login."""
        settings = self._store.settings
        for switch, on in (
            (self.keep, settings.keep_in_tray and self.keep.isEnabled()),
            (self.minimised, settings.start_minimised),
            (self.login, autostart.is_on()),
        ):
            with QSignalBlocker(switch):
                switch.setChecked(on)

    def _login_arguments(self) -> list[str]:
        folder = self._store.path.parent.absolute()
        return [*autostart.ARGUMENTS, *([] if folder == default_data_dir() else ["--data-dir", str(folder)])]

    def _at_login(self, on: bool) -> None:
        try:
            autostart.switch_on(self._login_arguments()) if on else autostart.switch_off()
        except (OSError, ValueError) as error:
            self.failed.emit(_("Starting at login could not be changed ({error}).", error=error))
        self.refresh()
