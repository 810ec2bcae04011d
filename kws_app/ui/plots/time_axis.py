"""The time axis below the plots: clock time for a microphone, the place in the file for a file. The window's thread.

Its labels move with the sound. pyqtgraph's own axis lays all its labels out anew for each picture; this item only
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

STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120)  # between two labels
ROOM = 1.5  # a label's width, with the space to the next label
TICK_HEIGHT = 4  # px


@dataclass(frozen=True)
class TimeScale:
    """What a position on the sample clock is called."""

    begins: float | None = None  # seconds since the epoch of sample 0; None: the time counts from the file's start

    def seconds(self, sample: float) -> float:
        """Seconds since midnight (UTC offset included) or since the file's start; labels stand at whole steps of it."""
        if self.begins is None:
            return sample / SAMPLE_RATE
        offset = datetime.fromtimestamp(self.begins).astimezone().utcoffset()
        return self.begins + (0.0 if offset is None else offset.total_seconds()) + sample / SAMPLE_RATE

    def text(self, seconds: float, digits: int = 0) -> str:
        """A label for what `seconds` gives: 14:03:25, or 1:05 in a file."""
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
    """Ticks and labels below the plot whose time they tell."""

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
        """Take the height of a line of text; called when the font is known."""
        height = QFontMetrics(self._font).height() + TICK_HEIGHT + 2
        self.setFixedHeight(height)

    @property
    def _font(self) -> QFont:
        view = self.getViewWidget()
        return QApplication.font() if view is None else view.font()

    def show_stretch(self, scale: TimeScale, until: int, span_s: int) -> None:
        """What positions are called, the right edge on the sample clock, and the length of what is shown."""
        self.scale, self._until, self._span_s = scale, until, span_s

    def labels(self) -> Iterator[tuple[float, str]]:
        """Where each label stands, as a share of the width, and its text."""
        width = self._plot.getViewBox().sceneBoundingRect().width()
        last = self.scale.seconds(self._until)
        first = last - self._span_s
        digits = 0
        room = QFontMetrics(self._font).horizontalAdvance(self.scale.text(last)) * ROOM
        step = next((s for s in STEPS_S if s >= 1 and s / self._span_s * width >= room), STEPS_S[-1])
        for number in range(math.ceil(first / step), math.floor(last / step) + 1):
            at = number * step
            if self.scale.begins is None and at < 0:
                continue  # before the file began
            yield (at - first) / self._span_s, self.scale.text(at, digits)

    def paint(self, painter: QPainter, *_: object) -> None:
        box = self.mapRectFromScene(self._plot.getViewBox().sceneBoundingRect())
        painter.setFont(self._font)
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self._theme.border))
        painter.drawLine(QPointF(box.left(), 0), QPointF(box.right(), 0))
        free = -math.inf  # where the label before ends
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
