"""A curve in a plot, drawn at half the cost of pyqtgraph's own: it asks nobody for its bounds. The window's thread."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QBrush, QColor, QPainter, QPen

_sip: Any = sip  # its stubs do not know arrays

FURTHEST = 4000.0  # the bounds hold every point that a plot of ours can show


class CurveItem(pg.GraphicsObject):
    """Lines through points in the plot's coordinates; a NaN value breaks the line."""

    def __init__(self, pairs: bool = False) -> None:
        """pairs: a line from each first to each second point, instead of one through all"""
        super().__init__()
        self._pairs = pairs
        self.pen = QPen()
        self._fill = QBrush()
        self._x: NDArray[np.float64] = np.zeros(0)
        self._y: NDArray[np.float64] = np.zeros(0)

    def set_pen(self, pen: QPen, fill: QColor | None = None) -> None:
        """fill: a colour for what lies between the curve and zero"""
        self.pen, self._fill = pen, QBrush() if fill is None else QBrush(fill)
        self.update()

    def set_points(self, x: NDArray, y: NDArray) -> None:
        """x, y: [N]"""
        self._x, self._y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self.update()

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._x, self._y

    def boundingRect(self) -> QRectF:
        return QRectF(-FURTHEST, -FURTHEST, 2 * FURTHEST, 2 * FURTHEST)

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
            lines = _sip.array(QLineF, len(segments))
            _fill_memory(lines, segments)
            painter.setPen(self.pen)
            painter.drawLines(lines)

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
                corners = _sip.array(QPointF, len(outline))
                _fill_memory(corners, outline)
                painter.drawPolygon(corners)


def _fill_memory(array: Any, values: NDArray[np.float64]) -> None:
    """Write into an array of Qt's points or lines, which are plain doubles."""
    np.frombuffer(_sip.voidptr(array, values.nbytes), dtype=np.float64)[:] = values.ravel()
