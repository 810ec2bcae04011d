"""The dialogs "Shortcuts" and "About", and the entry that opens the data folder. On the window's thread."""

from pathlib import Path

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QKeySequence
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from kws_app.translation import _
from kws_app.ui.keys import PLACES
from kws_app.ui.widgets.dialog import Dialog

SHORTCUTS_WIDTH, ABOUT_WIDTH = 460, 420  # px


def key_text(name: str) -> str:
    """The name of a key on this desktop."""
    return QKeySequence(name).toString(QKeySequence.SequenceFormat.NativeText)


class ShortcutsDialog(Dialog):
    """Every key and what it does."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Shortcuts"), SHORTCUTS_WIDTH, parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setColumnStretch(1, 1)
        row = 0
        for place, keys in PLACES.items():
            title = QLabel(_(place))
            title.setObjectName("sectionTitle")
            grid.addWidget(title, row, 0, 1, 2)
            row += 1
            for names, what in keys.items():
                grid.addWidget(QLabel(", ".join(key_text(name) for name in names)), row, 0)
                text = QLabel(_(what))
                text.setWordWrap(True)
                grid.addWidget(text, row, 1)
                row += 1
        self.column.addLayout(grid)


class AboutDialog(Dialog):
    """What this program is, its version, and where its data are."""

    def __init__(self, version: str, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(_("About"), ABOUT_WIDTH, parent)
        name = QLabel(_("Wake word {version}", version=version))
        name.setObjectName("sectionTitle")
        self.column.addWidget(name)
        for text in (
            _("Listens for words that you choose. It runs on this computer, and no sound leaves the computer."),
            _("Settings, the list of what was heard, and clips are kept in {folder}.", folder=folder),
            _("Licence: see the file LICENSE. Models: see the file models/README.md."),
        ):
            label = QLabel(text)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self.column.addWidget(label)


def open_folder(folder: Path) -> bool:
    """Show a folder in the file manager. Returns False if there is no file manager."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
