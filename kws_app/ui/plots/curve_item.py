"""A curve in a plot, at half the cost of pyqtgraph's own curve: its bounds are fixed. On the window's thread."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPen

_sip: Any = sip  # the stubs of sip have no arrays

BOUNDS = QRectF(-4000, -4000, 8000, 8000)  # contain every point of every plot here
ROOM = 64  # points or lines by which the memory grows


class _QtMemory:
    """An array of Qt's points, lines or rectangles, which consist of doubles. It is used again for each picture.

    PyQt never frees such an array completely: a new array for each picture lost a megabyte a minute.
    """

    def __init__(self, element: type[QPointF] | type[QLineF] | type[QRectF], doubles: int) -> None:
        self._element, self._doubles = element, doubles
        self._array: Any = None
        self._values: NDArray[np.float64] = np.zeros((0, doubles))  # [room, doubles], the same memory

    def hold(self, values: NDArray[np.float64]) -> Any:
        """Copy values [N, doubles], N > 0, into the array. The last row fills the rest of the array."""
        count = len(values)
        if count > len(self._values):
            room = -(-count // ROOM) * ROOM
            self._array = _sip.array(self._element, room)
            memory = _sip.voidptr(self._array, room * self._doubles * 8)
            self._values = np.frombuffer(memory, dtype=np.float64).reshape(room, self._doubles)
        self._values[:count] = values
        self._values[count:] = values[-1]
        return self._array


class CurveItem(pg.GraphicsObject):
    """Lines through points, in the coordinates of the plot. A NaN value breaks the line."""

    def __init__(self, pairs: bool = False) -> None:
        """pairs: True draws a separate line between each two points, False draws one line through all points"""
        super().__init__()
        self._pairs = pairs
        self.pen = QPen()
        self._fill = QBrush()
        self._x: NDArray[np.float64] = np.zeros(0)
        self._y: NDArray[np.float64] = np.zeros(0)
        self._lines, self._corners = _QtMemory(QLineF, 4), _QtMemory(QPointF, 2)

    def set_pen(self, pen: QPen, fill: QColor | None = None) -> None:
        """fill: the colour between the curve and zero"""
        self.pen, self._fill = pen, QBrush() if fill is None else QBrush(fill)
        self.update()

    def set_points(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
        """x, y: [N]. The caller must repaint the plot."""
        self._x, self._y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._x, self._y

    def boundingRect(self) -> QRectF:
        return BOUNDS

    def paint(self, painter: QPainter, *_: object) -> None:
        x, y = self._x, self._y
        if len(x) < 2:
            return
        if self._fill.style() != Qt.BrushStyle.NoBrush:
            self._paint_fill(painter)
        step = 2 if self._pairs else 1
        segments = np.column_stack((x[:-1:step], y[:-1:step], x[1::step], y[1::step]))
        segments = segments[np.isfinite(segments).all(axis=1)]
        if len(segments):
            painter.setPen(self.pen)
            painter.drawLines(self._lines.hold(segments))

    def _paint_fill(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._fill)
        ends = np.flatnonzero(np.isnan(self._y)).tolist()
        for first, last in zip([0, *(end + 1 for end in ends)], [*ends, len(self._y)], strict=True):
            x, y = self._x[first:last], self._y[first:last]
            if len(x) > 1:
                outline = np.empty((len(x) + 2, 2))
                outline[1:-1, 0], outline[1:-1, 1] = x, y
                outline[0], outline[-1] = (x[0], 0.0), (x[-1], 0.0)
                painter.drawPolygon(self._corners.hold(outline))


class EnvelopeItem(CurveItem):
    """Points that are a low and a high in turn. Each two become a vertical bar, at a third of the cost of lines."""

    def __init__(self) -> None:
        super().__init__()
        self._bars = _QtMemory(QRectF, 4)

    def paint(self, painter: QPainter, *_: object) -> None:
        x, low, high = self._x[::2], self._y[::2], self._y[1::2]
        if len(x) < 2:
            return
        least = 1 / max(1.0, abs(painter.worldTransform().m22()))  # one pixel, so that silence is visible
        bars = np.column_stack((x, low, np.full(len(x), x[1] - x[0]), np.maximum(high - low, least)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.pen.color())
        painter.drawRects(self._bars.hold(bars))
