"""A threshold line for each word, in the colour of the word. The user can drag it. On the window's thread."""

from collections.abc import Callable

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGraphicsItem

from kws_app.settings import LOWEST_THRESHOLD
from kws_app.ui.plots.score_curves import Curve
from kws_app.ui.theme import LIGHT, Theme

DASHES = (
    [5, 4],
    [9, 4],
    [2, 3],
    [9, 3, 2, 3],
    [14, 4],
)  # in line widths; the lines of different words differ without colour, too


class ThresholdLines:
    """A line for each word. `dragged` is called with the model and the new threshold when the user moves a line."""

    def __init__(self, plot: pg.PlotItem, dragged: Callable[[str, float], None]) -> None:
        self._plot, self._dragged = plot, dragged
        self._theme = LIGHT
        self.lines: dict[str, pg.InfiniteLine] = {}  # by model
        self._slots: dict[str, int] = {}

    def set_curves(self, curves: "list[Curve]") -> None:
        """Show a line for each word's own model. A compared model has no line."""
        wanted = {curve.model: curve for curve in curves if curve.main}
        for model in [model for model in self.lines if model not in wanted]:
            self._plot.removeItem(self.lines.pop(model))
        for model, curve in wanted.items():
            if model not in self.lines:
                self.lines[model] = self._make(model)
            self._slots[model] = curve.slot
            self.lines[model].setValue(curve.threshold)
        self._paint()

    def _make(self, model: str) -> pg.InfiniteLine:
        line = pg.InfiniteLine(0.5, angle=0, movable=True, bounds=(LOWEST_THRESHOLD, 1.0))
        line.setZValue(1)  # above every curve
        line.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # dashes are slow to draw
        self._plot.addItem(line)
        # sigDragged, not sigPositionChanged: the second also comes when the program sets the line
        line.sigDragged.connect(lambda moved: self._dragged(model, float(moved.value())))
        return line

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint()

    def _paint(self) -> None:
        for model, line in self.lines.items():
            slot = self._slots[model]
            pen = pg.mkPen(self._theme.score_color(slot), width=2)
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern(DASHES[slot % len(DASHES)])
            line.setPen(pen)
            line.setHoverPen(pg.mkPen(self._theme.score_color(slot), width=4))

    @property
    def hovered(self) -> str | None:
        """The model whose line is under the mouse or is dragged."""
        return next((model for model, line in self.lines.items() if line.mouseHovering or line.moving), None)
