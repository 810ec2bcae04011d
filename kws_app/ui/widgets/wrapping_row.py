"""A row of buttons that continues in the next line if it is too long, as with the longer texts of other languages."""

from PyQt6.QtCore import QPoint, QRect, QSize
from PyQt6.QtWidgets import QLayout, QLayoutItem, QWidget

SPACING = 6  # px, in both directions


class WrappingRow(QLayout):
    """Widgets side by side at their preferred widths."""

    def __init__(self, *widgets: QWidget, last_at_right: bool = True) -> None:
        """last_at_right: whether the last widget stands at the right end of its line"""
        super().__init__()
        self._last_at_right = last_at_right
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            self.addWidget(widget)

    def insert(self, place: int, widget: QWidget) -> None:
        """Add a widget before others."""
        self.addWidget(widget)
        self._items.insert(place, self._items.pop())
        self.invalidate()

    def addItem(self, item: QLayoutItem | None) -> None:
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max((rect.bottom() + 1 for rect in self._places(width)), default=0)

    @property
    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def sizeHint(self) -> QSize:
        """The size of all widgets in one line."""
        sizes = [item.sizeHint() for item in self._shown]
        width = sum(size.width() for size in sizes) + SPACING * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        sizes = [item.sizeHint() for item in self._shown]
        return QSize(max((s.width() for s in sizes), default=0), max((s.height() for s in sizes), default=0))

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        for item, place in zip(self._shown, self._places(rect.width()), strict=True):
            item.setGeometry(place.translated(rect.topLeft()))

    def _places(self, width: int) -> list[QRect]:
        """The place of each widget, relative to the upper left corner of the row."""
        places: list[QRect] = []
        at = QPoint(0, 0)
        for item in self._shown:
            size = item.sizeHint()
            if at.x() and at.x() + size.width() > width:
                at = QPoint(0, places[-1].bottom() + 1 + SPACING)
            places.append(QRect(at, size))
            at += QPoint(size.width() + SPACING, 0)
        if places and self._last_at_right:
            places[-1].moveRight(max(width - 1, places[-1].right()))
        return places
