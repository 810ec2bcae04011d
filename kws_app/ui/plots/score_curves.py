"""The curves of the models in use in the probability plot, each in its colour. On the window's thread."""

from collections import deque
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.translation import _
from kws_app.ui.plots.curve_item import CurveItem
from kws_app.ui.plots.plot_history import SampleHistory
from kws_app.ui.theme import LIGHT, Theme

MOST_MARKS = 1000
FOUND_AT = (0.94, 1.04)  # of the probability's axis: where compared models' detections are ticked
WIDER = 1.5  # px, for each further model, below those before: curves that lie on each other are all seen
FILL_ALPHA = 50  # of 255, below the first curve


def draw_pairs(curve: CurveItem, samples: Sequence[int], until: int, span_s: int, heights: Sequence[float]) -> None:
    """An upright line at each position that is in the picture."""
    if not samples and not curve.isVisible():
        return
    at_s = (np.array(samples, dtype=np.float64) - until) / SAMPLE_RATE
    shown = np.repeat(at_s[(at_s > -span_s) & (at_s <= 0)], 2)
    curve.setVisible(len(shown) > 0)
    curve.set_points(shown, np.tile(heights, len(shown) // 2))


class ScoreCurves:
    """One curve a model, and a tick for each detection of those that are only compared."""

    def __init__(self, plot: pg.PlotItem) -> None:
        self._plot = plot
        self._theme = LIGHT
        self.curves: dict[str, CurveItem] = {}  # by model, in order
        self._ticks: dict[str, CurveItem] = {}
        self._found: dict[str, deque[int]] = {}

    def set_models(self, names: Sequence[str]) -> None:
        for name in [name for name in self.curves if name not in names]:
            self._plot.removeItem(self.curves.pop(name))
            self._plot.removeItem(self._ticks.pop(name))
        for name in names:
            if name not in self.curves:
                self.curves[name] = CurveItem()
                self._ticks[name] = CurveItem(pairs=True)
                self._plot.addItem(self.curves[name])
                self._plot.addItem(self._ticks[name])
        self.curves = {name: self.curves[name] for name in names}
        self._paint()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint()

    def _paint(self) -> None:
        for i, (name, curve) in enumerate(self.curves.items()):
            color = self._theme.score_color(i)
            fill = pg.mkColor(color)
            fill.setAlpha(FILL_ALPHA)
            curve.set_pen(pg.mkPen(color, width=2 + WIDER * i), fill if i == 0 else None)
            self._ticks[name].set_pen(pg.mkPen(color, width=3))
            curve.setZValue(-i)

    def forget(self) -> None:
        self._found.clear()

    def add_found(self, model: str, sample: int) -> None:
        self._found.setdefault(model, deque(maxlen=MOST_MARKS)).append(sample)

    def redraw(self, history: SampleHistory, until: int, span_s: int) -> None:
        for name, curve in self.curves.items():
            curve.set_points(*history.curve(name, until, span_s))
            draw_pairs(self._ticks[name], self._found.get(name, ()), until, span_s, FOUND_AT)

    def read(self, history: SampleHistory, sample: int) -> list[str]:
        """The score of each model at a position, in words."""
        words = []
        for name in self.curves:
            track = history.scores.get(name)
            score = None if track is None else track.at(sample)
            if score is not None:
                words.append(f"{self._called(name)} {score:.3f}")
        return words

    def _called(self, name: str) -> str:
        """As short as it may be and still tell the models apart."""
        if len(self.curves) == 1:
            return _("probability")
        words = {other.split("/")[0] for other in self.curves}
        return name if len(words) > 1 else name.split("/")[-1]
