"""The time axis below the plots: clock time for a microphone, time in the file for a file. On the window's thread.

The labels move with the sound. The axis of pyqtgraph lays out all labels for each picture, which is slow. This item
paints a few texts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PyQt6.QtWidgets import QApplication

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.theme import LIGHT, Theme

STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120)  # times between two labels
ROOM = 1.5  # distance of two labels, in widths of a label
TICK_HEIGHT = 4  # px


@dataclass(frozen=True)
class TimeScale:
    """Turns a sample index into a time of day, or into a time in the file."""

    begins: float | None = None  # time of sample 0 in seconds since the epoch; None for a file, which begins at 0

    def seconds(self, sample: float) -> float:
        """Seconds since the epoch plus the UTC offset, or seconds since the start of the file."""
        if self.begins is None:
            return sample / SAMPLE_RATE
        offset = datetime.fromtimestamp(self.begins).astimezone().utcoffset()
        return self.begins + (0.0 if offset is None else offset.total_seconds()) + sample / SAMPLE_RATE

    def text(self, seconds: float, digits: int = 0) -> str:
        """The label of a result of `seconds`: 14:03:25, or 1:05 in a file."""
        whole = round(seconds, digits)
        minutes, rest = divmod(whole, 60)
        width = 2 if digits == 0 else 3 + digits
        if self.begins is not None:
            hours, minutes = divmod(int(minutes), 60)
            return f"{hours % 24:02d}:{minutes:02d}:{rest:0{width}.{digits}f}"
        sign = "−" if whole < 0 else ""
        minutes, rest = divmod(abs(whole), 60)
        hours, minutes = divmod(int(minutes), 60)
        if hours:
            return f"{sign}{hours}:{minutes:02d}:{rest:0{width}.{digits}f}"
        return f"{sign}{minutes}:{rest:0{width}.{digits}f}"


class TimeAxis(pg.GraphicsWidget):
    """Ticks and labels below a plot."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__()
        self._plot = plot
        self._theme = LIGHT
        self.scale = TimeScale()
        self._until, self._span_s = 0, 10

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def fit(self) -> None:
        """Take the height of a line of text. Call this when the font is known or has changed."""
        height = QFontMetrics(self._font).height() + TICK_HEIGHT + 2
        self.setFixedHeight(height)

    @property
    def _font(self) -> QFont:
        view = self.getViewWidget()
        return QApplication.font() if view is None else view.font()

    def show_stretch(self, scale: TimeScale, until: int, span_s: int) -> None:
        """until: sample index of the right edge; span_s: seconds from the left to the right edge"""
        self.scale, self._until, self._span_s = scale, until, span_s

    def labels(self) -> Iterator[tuple[float, str]]:
        """The place of each label, as a share of the width, and its text."""
        width = self._plot.getViewBox().sceneBoundingRect().width()
        last = self.scale.seconds(self._until)
        first = last - self._span_s
        digits = 0
        room = QFontMetrics(self._font).horizontalAdvance(self.scale.text(last)) * ROOM
        step = next((s for s in STEPS_S if s >= 1 and s / self._span_s * width >= room), STEPS_S[-1])
        for number in range(math.ceil(first / step), math.floor(last / step) + 1):
            at = number * step
            if self.scale.begins is None and at < 0:
                continue  # before the start of the file
            yield (at - first) / self._span_s, self.scale.text(at, digits)

    def paint(self, painter: QPainter, *_: object) -> None:
        box = self.mapRectFromScene(self._plot.getViewBox().sceneBoundingRect())
        painter.setFont(self._font)
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self._theme.border))
        painter.drawLine(QPointF(box.left(), 0), QPointF(box.right(), 0))
        free = -math.inf  # right end of the last label
        for share, text in self.labels():
            x = box.left() + share * box.width()
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, 0.0), self.size().width() - width)
            painter.setPen(QColor(self._theme.border))
            painter.drawLine(QPointF(x, 0), QPointF(x, TICK_HEIGHT))
            if left > free:
                painter.setPen(QColor(self._theme.muted))
                area = QRectF(left, TICK_HEIGHT, width + 1, metrics.height())
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
                free = left + width
