"""The values under the mouse, and a line through all plots there. On the window's thread."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, Qt

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.translation import _
from kws_app.ui.plots.log_mel_item import band_khz
from kws_app.ui.plots.plot_history import SampleHistory
from kws_app.ui.plots.score_curves import ScoreCurves
from kws_app.ui.plots.time_axis import TimeScale
from kws_app.ui.plots.time_view import TimeView
from kws_app.ui.theme import Theme

QUIETEST = 1e-5  # -100 dB: lower levels are shown as -100 dB


class Pointer:
    """Shows nothing while `position` is None or outside the plots."""

    def __init__(self, plots: Sequence[pg.PlotItem], log_mel: pg.PlotItem) -> None:
        """log_mel: the plot whose height is a frequency"""
        self.position: QPointF | None = None  # in coordinates of the scene
        self.lines = [pg.InfiniteLine(0.0, angle=90) for _ in plots]
        self._plots, self._log_mel = plots, log_mel
        for plot, line in zip(plots, self.lines, strict=True):
            plot.addItem(line)
            line.hide()

    def set_theme(self, theme: Theme) -> None:
        for line in self.lines:
            line.setPen(pg.mkPen(theme.muted, style=Qt.PenStyle.DotLine))

    def read(self, history: SampleHistory, view: TimeView, scores: ScoreCurves, scale: TimeScale) -> list[str]:
        """Move the line to the mouse. Returns the values there, each as a text; empty outside the plots."""
        over = self._plot_under()
        for line in self.lines:
            line.setVisible(over is not None)
        if over is None:
            return []
        at = over.getViewBox().mapSceneToView(self.position)
        for line in self.lines:
            line.setValue(at.x())
        sample = view.until(history) + round(at.x() * SAMPLE_RATE)
        lines = [scale.text(scale.seconds(sample), digits=2)]
        peak = history.peak(sample)
        if peak is not None:
            lines.append(_("sound {level:.0f} dB", level=20 * np.log10(max(peak, QUIETEST))))
        if over is self._log_mel:
            lines.append(f"{band_khz(at.y()):.2f} kHz")
        return [*lines, *scores.read(history, sample)]

    def _plot_under(self) -> pg.PlotItem | None:
        if self.position is None:
            return None
        return next((p for p in self._plots if p.getViewBox().sceneBoundingRect().contains(self.position)), None)
