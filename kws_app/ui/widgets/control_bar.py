"""The controls: start, source, menu. They only show values and report what the user does. On the window's thread.

The signals report only what the user changes, not what a method sets. So no change runs in a circle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from kws_app.audio.portaudio import Microphone
from kws_app.translation import _
from kws_app.ui.widgets.plain_tip import plain_tip

OPEN_FILE = _("Open a file…")
START_HINT = _("Start or stop listening (Space)")


@dataclass(frozen=True)
class SourceChoice:
    """A file, or else a microphone by name. An empty name is the default microphone of the system."""

    microphone: str = ""
    path: Path | None = None


class SourcePicker(QComboBox):
    """The list of microphones, recent files, and an entry that opens a file."""

    chosen = pyqtSignal(object)  # SourceChoice
    file_wanted = pyqtSignal()
    opening = pyqtSignal()  # the list is about to open
    opened = pyqtSignal()  # the list is open, or has other entries now
    closed = pyqtSignal()  # the list is closed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Source of the sound"))
        self.setToolTip(_("What to listen to: a microphone or an audio file (Ctrl+O opens one)"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(110)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice = SourceChoice()
        self.microphones: list[Microphone] = []
        self._recent: list[Path] = []
        self.activated.connect(self._activated)
        self._fill()

    def set_microphones(self, microphones: list[Microphone]) -> None:
        if microphones == self.microphones:
            return  # an open list stays as it is
        self.microphones = microphones
        self._fill()
        view = self.view()
        if view is not None and view.isVisible():
            super().showPopup()  # with the height of the new list
            self.opened.emit()

    def set_recent(self, paths: list[Path]) -> None:
        """paths: files that were opened before, the latest first"""
        self._recent = paths
        self._fill()

    def choose(self, choice: SourceChoice) -> None:
        self.choice = choice
        self._fill()

    def _fill(self) -> None:
        with QSignalBlocker(self):
            self.clear()
            for microphone in self.microphones:
                self.addItem(microphone.label, SourceChoice(microphone.name))
            if self.choice.path is None and self._index() < 0:  # chosen, but not connected now
                self.insertItem(
                    0,
                    _("{microphone} (not connected)", microphone=self.choice.microphone)
                    if self.microphones
                    else _("No microphone"),
                )
                self.setItemData(0, self.choice)
            self.insertSeparator(self.count())
            chosen = [] if self.choice.path is None else [self.choice.path]
            for path in dict.fromkeys([*self._recent, *chosen]):
                self.addItem(path.name, SourceChoice(self.choice.microphone, path))
                self.setItemData(self.count() - 1, plain_tip(str(path)), Qt.ItemDataRole.ToolTipRole)
            self.addItem(OPEN_FILE, None)
            self.setCurrentIndex(self._index())

    def _index(self) -> int:
        return next((i for i in range(self.count()) if self.itemData(i) == self.choice), -1)

    def _activated(self, index: int) -> None:
        choice = self.itemData(index)
        self.setCurrentIndex(self._index())
        if choice is None:
            self.file_wanted.emit()
        elif choice != self.choice:
            self.choose(choice)
            self.chosen.emit(choice)

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()
        self.opened.emit()

    def hidePopup(self) -> None:  # noqa: N802 - Qt's
        super().hidePopup()
        self.closed.emit()


class ControlBar(QWidget):
    """A row: start, source, look again. The window adds the level meter and the menu button after them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start = QPushButton(_("Start listening"))
        self.start.setObjectName("start")
        self.start.setCheckable(True)
        self.start.setToolTip(START_HINT)
        self.start.toggled.connect(self._name_start)
        self.source = SourcePicker()
        self.refresh = QToolButton()
        self.refresh.setText("⟳")
        self.refresh.setAccessibleName(_("Look for microphones again"))
        self.refresh.setToolTip(
            _(
                "Look for microphones again (F5). A microphone that listens is opened again, which interrupts it for a "
                "moment"
            )
        )
        self.refresh.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.real_time = QCheckBox(_("Real time"))
        self.real_time.setToolTip(_("On: play the file as fast as it was spoken. Off: as fast as this computer can"))
        self.real_time.hide()  # until a file is chosen
        self.more = QToolButton()
        self.more.setText("☰")
        self.more.setAccessibleName(_("Menu"))
        self.more.setToolTip(_("Settings and more (F10)"))
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)  # other parts add the entries
        self.menu.setToolTipsVisible(True)
        self.more.setMenu(self.menu)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.row.addWidget(self.start)
        self.row.addSpacing(4)
        self.row.addWidget(self.source, 1)
        self.row.addWidget(self.real_time)
        self.row.addWidget(self.refresh)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Give the start button the width of its longer text, now that the font is known."""
        super().showEvent(event)
        widths = []
        for checked in (not self.start.isChecked(), self.start.isChecked()):
            self._name_start(checked)
            widths.append(self.start.sizeHint().width())
        self.start.setMinimumWidth(max(widths))

    def offer(self, text: str, tip: str, action: Callable[[], object], menu: QMenu | None = None) -> QAction:
        """Add an entry to the menu. menu: a submenu, which gets the entry instead"""
        offered = QAction(text, menu or self.menu)
        offered.setToolTip(tip)
        offered.triggered.connect(lambda: action())
        (menu or self.menu).addAction(offered)
        return offered

    def offer_menu(self, title: str) -> QMenu:
        """Add a submenu to the menu."""
        menu = QMenu(title, self.menu)
        menu.setToolTipsVisible(True)
        self.menu.addMenu(menu)
        return menu

    def _name_start(self, checked: bool) -> None:
        self.start.setText(_("Stop listening") if checked else _("Start listening"))

    def set_listening(self, listening: bool) -> None:
        with QSignalBlocker(self.start):
            self.start.setChecked(listening)
        self._name_start(listening)

    def forbid_start(self, reason: str) -> None:
        """Disable the start button and show why. reason: one sentence; empty to enable the button"""
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or START_HINT)
