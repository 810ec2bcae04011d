"""The curves of the models in the probability plot. On the window's thread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.names import ModelName
from kws_app.translation import _
from kws_app.ui.plots.curve_item import CurveItem
from kws_app.ui.plots.plot_history import SampleHistory
from kws_app.ui.plots.recording import Recording
from kws_app.ui.theme import LIGHT, Theme

FOUND_AT = (0.94, 1.04)  # lower and upper end of a tick on the probability axis, for detections of compared models
WIDTH = 2  # px, of the curve of a word's own model
COMPARED_WIDTH = 3.5  # px, of the curve of a compared model: it stays visible below the curve of the word's own model
FILL_ALPHA = 40  # of 255, below the curve of a word's own model


@dataclass(frozen=True)
class Curve:
    """How the scores of a model are drawn."""

    model: str  # the name of the model
    word: str
    slot: int  # the number of its colour
    main: bool  # True for the word's own model, False for a compared model
    threshold: float = 0.5
    title: str = ""  # tells it apart from other models of the word


def draw_pairs(curve: CurveItem, samples: Sequence[int], until: int, span_s: int, heights: Sequence[float]) -> None:
    """Draw a vertical line at each sample that is in the picture. heights: lower and upper end of the lines"""
    if not samples and not curve.isVisible():
        return
    at_s = (np.array(samples, dtype=np.float64) - until) / SAMPLE_RATE
    shown = np.repeat(at_s[(at_s > -span_s) & (at_s <= 0)], 2)
    curve.setVisible(len(shown) > 0)
    curve.set_points(shown, np.tile(heights, len(shown) // 2))


class ScoreCurves:
    """A curve for each model, and a tick for each detection of a compared model."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self._theme = LIGHT
        self.looks: dict[str, Curve] = {}  # by model
        self.curves: dict[str, CurveItem] = {}
        self._ticks: dict[str, CurveItem] = {}

    def set_curves(self, looks: Sequence[Curve]) -> None:
        """Draw these models and no others."""
        names = [look.model for look in looks]
        for name in [name for name in self.curves if name not in names]:
            self._plot.removeItem(self.curves.pop(name))
            self._plot.removeItem(self._ticks.pop(name))
        for name in names:
            if name not in self.curves:
                self.curves[name] = CurveItem()
                self._ticks[name] = CurveItem(pairs=True)
                self._plot.addItem(self.curves[name])
                self._plot.addItem(self._ticks[name])
        self.looks = {look.model: look for look in looks}
        self._paint()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint()

    def _paint(self) -> None:
        for name, look in self.looks.items():
            color = self._theme.score_color(look.slot)
            fill = pg.mkColor(color)
            fill.setAlpha(FILL_ALPHA)
            pen = pg.mkPen(color, width=WIDTH if look.main else COMPARED_WIDTH)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            self.curves[name].set_pen(pen, fill if look.main else None)
            self.curves[name].setZValue(0 if look.main else -1)
            self._ticks[name].set_pen(pg.mkPen(color, width=3))

    def redraw(self, recording: Recording, until: int, span_s: int) -> None:
        """until: sample index of the right edge"""
        for name, curve in self.curves.items():
            curve.set_points(*recording.history.curve(name, until, span_s))
            draw_pairs(self._ticks[name], recording.found.get(name, ()), until, span_s, FOUND_AT)

    def read(self, history: SampleHistory, sample: int) -> list[str]:
        """The score of each model at a sample, each as a text."""
        lines = []
        for name in self.curves:
            track = history.scores.get(name)
            score = None if track is None else track.at(sample)
            if score is not None:
                lines.append(f"{self._short_name(name)} {score:.3f}")
        return lines

    def _short_name(self, name: str) -> str:
        """The shortest text that tells the models apart."""
        look = self.looks[name]
        if len(self.looks) == 1:
            return _("probability")
        several = sum(other.word == look.word for other in self.looks.values()) > 1
        return f"{look.word} ({ModelName.parse(name).roles})" if several else look.word
