"""The marks of detections: a line through all plots, with the word's name at the top. On the window's thread."""

from collections.abc import Collection, Sequence

import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.ui.plots.curve_item import BOUNDS, CurveItem
from kws_app.ui.plots.recording import DetectionMark
from kws_app.ui.plots.score_curves import draw_pairs
from kws_app.ui.theme import LIGHT, Theme

LINES = 3  # lines for names: words that are heard together get different lines, so all can be read
LONGEST = 24  # letters of a name; a longer word is cut
PADDING = 3  # px around a name


def beside(line_x: float, width: float, left: float, right: float) -> float:
    """Where a name begins, in px: right of its line, else left of it, and always within the plot."""
    x = line_x + PADDING
    if x + width > right:
        x = line_x - PADDING - width
    return max(x, left)


class MarkNames(pg.GraphicsObject):
    """The words beside their marks. The x axis of the plot is in seconds before the right edge."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[tuple[float, DetectionMark]] = []  # with its time in seconds, at most 0
        self.theme = LIGHT

    def boundingRect(self) -> QRectF:
        return BOUNDS

    def paint(self, painter: QPainter, *_: object) -> None:
        if not self.shown:
            return
        to_screen = painter.worldTransform()
        top = min(to_screen.map(QPointF(0, y)).y() for y in self.getViewBox().viewRange()[1])
        painter.save()
        painter.resetTransform()
        view = self.getViewWidget()
        if view is not None:
            painter.setFont(view.font())
        metrics = painter.fontMetrics()
        bounds = self.getViewBox().viewRange()[0]
        left, right = (to_screen.map(QPointF(at_s, 0)).x() for at_s in bounds)
        free = [float("-inf")] * LINES
        for at_s, mark in self.shown:
            name = metrics.elidedText(
                mark.word[:LONGEST], Qt.TextElideMode.ElideRight, round(right - left - 2 * PADDING)
            )
            if len(mark.word) > LONGEST:
                name = name.rstrip("…") + "…"
            width = metrics.horizontalAdvance(name) + 2 * PADDING
            x = beside(to_screen.map(QPointF(at_s, 0)).x(), width, left, right)
            line = mark.slot % LINES
            if x < free[line]:
                continue  # the name of the mark before is in the way; it is the same word
            free[line] = x + width
            area = QRectF(round(x), round(top) + line * metrics.height(), width, metrics.height())
            painter.fillRect(area, QColor(self.theme.panel))
            painter.setPen(QColor(self.theme.score_color(mark.slot)))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, name)
        painter.restore()


class Marks:
    """The lines and names of all marks."""

    def __init__(self, plots: Sequence[pg.PlotItem]) -> None:
        """plots: from top to bottom; the first plot shows the names"""
        self._plots = plots
        self.lines = [CurveItem(pairs=True) for _ in plots]
        self.names = MarkNames()
        for plot, line in zip(plots, self.lines, strict=True):
            plot.addItem(line)
        plots[0].addItem(self.names)
        self.names.setZValue(2)

    def set_theme(self, theme: Theme) -> None:
        self.names.theme = theme
        for line in self.lines:
            line.set_pen(pg.mkPen(theme.heard, width=2))

    def redraw(self, marks: Collection[DetectionMark], until: int, span_s: int) -> None:
        """until: sample index of the right edge"""
        samples = [mark.sample for mark in marks]
        for plot, line in zip(self._plots, self.lines, strict=True):
            draw_pairs(line, samples, until, span_s, plot.viewRange()[1])
        at_s = ((mark.sample - until) / SAMPLE_RATE for mark in marks)
        self.names.shown = [(t, mark) for t, mark in zip(at_s, marks, strict=True) if -span_s < t <= 0]
