"""The time axis below the plots: clock time for a microphone, time in the file for a file. On the window's thread.

The labels move with the sound. The axis of pyqtgraph lays out all labels for each picture, which is slow. This item
paints a few texts, and lays each text out once.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pyqtgraph as pg
from PyQt6.QtCore import QLineF, QPointF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QStaticText
from PyQt6.QtWidgets import QApplication

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.theme import LIGHT, Theme

STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120)  # times between two labels
ROOM = 1.5  # distance of two labels, in widths of a label
TICK_HEIGHT = 4  # px
KEPT_LABELS = 64  # laid out: more than a picture has


@dataclass(frozen=True)
class TimeScale:
    """Turns a sample index into a time of day, or into a time in the file."""

    begins: float | None = None  # time of sample 0 in seconds since the epoch; None for a file, which begins at 0

    def seconds(self, sample: float) -> float:
        """Seconds since the epoch plus the UTC offset, or seconds since the start of the file."""
        if self.begins is None:
            return sample / SAMPLE_RATE
        return self.begins + self._offset_s + sample / SAMPLE_RATE

    @cached_property
    def _offset_s(self) -> float:
        """From UTC."""
        offset = datetime.fromtimestamp(self.begins or 0.0).astimezone().utcoffset()
        return 0.0 if offset is None else offset.total_seconds()

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
        self._line_pen, self._text_pen = QPen(), QPen()
        self.set_theme(LIGHT)
        self.scale = TimeScale()
        self._until, self._span_s = 0, 10
        # by seconds, in the present font and for the present scale: each label with its width in px
        self._laid_out: dict[float, tuple[QStaticText, float]] = {}
        self._label_width = 0.0  # of a text, px; 0 for unknown

    def set_theme(self, theme: Theme) -> None:
        self._line_pen, self._text_pen = QPen(QColor(theme.border)), QPen(QColor(theme.muted))
        self.update()

    def fit(self) -> None:
        """Take the height of a line of text. Call this when the font is known or has changed."""
        self._forget()
        height = QFontMetrics(self._font).height() + TICK_HEIGHT + 2
        self.setFixedHeight(height)

    @property
    def _font(self) -> QFont:
        view = self.getViewWidget()
        return QApplication.font() if view is None else view.font()

    def show_stretch(self, scale: TimeScale, until: int, span_s: int) -> None:
        """until: sample index of the right edge; span_s: seconds from the left to the right edge"""
        if scale is not self.scale:
            self._forget()
        self.scale, self._until, self._span_s = scale, until, span_s

    def _forget(self) -> None:
        self._laid_out.clear()
        self._label_width = 0.0

    def _text(self, seconds: float) -> tuple[QStaticText, float]:
        """The label of a time, laid out, and its width in px."""
        known = self._laid_out.get(seconds)
        if known is None:
            text = QStaticText(self.scale.text(seconds))
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(font=self._font)
            known = text, text.size().width()
            if len(self._laid_out) >= KEPT_LABELS:
                del self._laid_out[next(iter(self._laid_out))]
            self._laid_out[seconds] = known
        return known

    def labels(self) -> Iterator[tuple[float, str]]:
        """The place of each label, as a share of the width, and its text."""
        return ((share, self.scale.text(seconds)) for share, seconds in self._places())

    def _places(self) -> Iterator[tuple[float, float]]:
        """The place of each label, as a share of the width, and its time in seconds."""
        width = self._plot.getViewBox().sceneBoundingRect().width()
        last = self.scale.seconds(self._until)
        first = last - self._span_s
        if not self._label_width:
            self._label_width = QFontMetrics(self._font).horizontalAdvance(self.scale.text(last))
        room = self._label_width * ROOM
        step = next((s for s in STEPS_S if s >= 1 and s / self._span_s * width >= room), STEPS_S[-1])
        for number in range(math.ceil(first / step), math.floor(last / step) + 1):
            at = number * step
            if self.scale.begins is None and at < 0:
                continue  # before the start of the file
            yield (at - first) / self._span_s, at

    def paint(self, painter: QPainter, *_: object) -> None:
        box = self.mapRectFromScene(self._plot.getViewBox().sceneBoundingRect())
        begin, width, end = box.left(), box.width(), self.size().width()
        painter.setFont(self._font)
        labels = [(begin + share * width, *self._text(seconds)) for share, seconds in self._places()]
        painter.setPen(self._line_pen)
        ticks = [QLineF(x, 0, x, TICK_HEIGHT) for x, _text, _width in labels]
        painter.drawLines(QLineF(begin, 0, begin + width, 0), *ticks)
        painter.setPen(self._text_pen)
        free = -math.inf  # right end of the last label
        for x, text, room in labels:
            left = min(max(x - room / 2, 0.0), end - room)
            if left > free:
                painter.drawStaticText(QPointF(left, TICK_HEIGHT), text)
                free = left + room
