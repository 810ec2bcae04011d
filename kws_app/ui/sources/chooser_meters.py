"""A live meter beside each microphone while the list of sources is open. On the window's thread.

A thread of `Meters` opens the microphones. They are closed when the list closes.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from PyQt6.QtCore import QModelIndex, QObject, QRectF, QSize, Qt, QTimer
from PyQt6.QtGui import QColor, QPainter
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from kws_app.audio.meters import Meters
from kws_app.ui.sources.level_meter import FALL_DB_PER_S, FLOOR_DB
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.control_bar import SourceChoice, SourcePicker

LOOK_MS = 80  # between two pictures of the meters
LEVEL_ROLE = Qt.ItemDataRole.UserRole + 7  # level in dB of full scale; None without a level
ROW_LINES = 1.8  # height of an entry, in lines of text
BAR_WIDTH, BAR_HEIGHT, MARGIN = 70, 6, 10  # px


class LevelSource(Protocol):
    """What is used of `Meters`. A test gives another class."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def levels_db(self) -> dict[str, float]: ...


class MeterDelegate(QStyledItemDelegate):
    """Paints an entry of the list, with a bar at its right end if its level is known."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme: Theme = LIGHT

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(
            size.width() + BAR_WIDTH + 2 * MARGIN, max(size.height(), round(ROW_LINES * option.fontMetrics.height()))
        )

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        level_db = index.data(LEVEL_ROLE)
        if painter is None or level_db is None:
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        left = option.rect.right() - BAR_WIDTH - MARGIN
        bar = QRectF(left, option.rect.center().y() - BAR_HEIGHT / 2, BAR_WIDTH, BAR_HEIGHT)
        painter.fillRect(bar, QColor(self.theme.border))
        bar.setWidth(BAR_WIDTH * min(1.0, max(0.0, (level_db - FLOOR_DB) / -FLOOR_DB)))
        painter.fillRect(bar, QColor(self.theme.on_accent if chosen else self.theme.level))


class ChooserMeters(QObject):
    """Opens the microphones while the list is open, and shows their levels."""

    def __init__(self, picker: SourcePicker, make: Callable[[Sequence[str]], LevelSource] = Meters) -> None:
        """make: gives the levels of the microphones with these names"""
        super().__init__()
        self._picker, self._make = picker, make
        self._meters: LevelSource | None = None
        self._names: list[str] = []
        self._shown_db: dict[str, float] = {}  # by microphone; falls slowly, so that a short sound is seen
        self._delegate = MeterDelegate(picker)
        picker.setItemDelegate(self._delegate)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        picker.opened.connect(self._begin)
        picker.closed.connect(self.end)

    def set_theme(self, theme: Theme) -> None:
        self._delegate.theme = theme

    def end(self) -> None:
        """Close the microphones: the list has closed."""
        self._timer.stop()
        if self._meters is not None:
            self._meters.stop()
            self._meters = None
        self._shown_db = {}

    def _begin(self) -> None:
        """Open the microphones: the list has opened, or has other entries now."""
        names = [microphone.name for microphone in self._picker.microphones]
        if self._meters is not None and names == self._names:
            return
        self.end()
        self._names = names
        if names:
            self._meters = self._make(names)
            self._meters.start()
            self._timer.start()

    def _look(self) -> None:
        if self._meters is None:
            return
        fall = FALL_DB_PER_S * LOOK_MS / 1000
        for name, level_db in self._meters.levels_db().items():
            self._shown_db[name] = max(level_db, self._shown_db.get(name, FLOOR_DB) - fall)
        for row in range(self._picker.count()):
            choice = self._picker.itemData(row)
            if isinstance(choice, SourceChoice) and choice.path is None and choice.microphone in self._shown_db:
                self._picker.setItemData(row, self._shown_db[choice.microphone], LEVEL_ROLE)
