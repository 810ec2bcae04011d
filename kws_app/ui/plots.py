"""Waveform, log-mel and keyword probability of the last seconds on one time axis. On the window's thread.

All positions are on the session's sample clock; the axis shows seconds before now. The window hands in what the worker
left and calls `redraw` at most 30 times a second; gaps show as gaps.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PyQt6 import sip
from PyQt6.QtCore import QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QPainter
from PyQt6.QtWidgets import QGraphicsItem, QWidget

from kws_app.frontend_config import SAMPLE_RATE
from kws_app.session import Heard
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.ui.plot_history import HOP_SAMPLES, MEL_BINS, SECONDS, SampleHistory
from kws_app.ui.theme import LIGHT, Theme

GROUND_COLORS = 80  # of the 256
AXIS_WIDTH = 46  # px, the same for all three so that they line up
AMPLITUDES = (0.1, 0.2, 0.5, 1.0)  # scales of the waveform; the smallest that holds what is shown
LABELLED_KHZ = (0.5, 1, 2, 4)


def mel_band(khz: float) -> float:
    """Where a frequency lies among the mel bands, 0..MEL_BINS (HTK mel scale, as in the frontend)."""

    def mel(hz: float) -> float:
        return float(np.log10(1.0 + hz / 700.0))

    return MEL_BINS * mel(1000 * khz) / mel(SAMPLE_RATE / 2)


def log_mel_colors(theme: Theme) -> NDArray[np.uint8]:
    """[256, 3]: the theme's colour map, whose lower end goes over into the ground, so that silence is no block."""
    colors = pg.colormap.get(theme.color_map).getLookupTable(nPts=256)
    ground = np.array(pg.mkColor(theme.panel).getRgb()[:3])
    share = np.minimum(1.0, np.arange(256) / GROUND_COLORS)[:, None]
    return (ground * (1 - share) + colors * share).astype(np.uint8)


class LogMelItem(pg.GraphicsObject):
    """Frames as pixels in the screen's own format: five times as fast to draw as pg.ImageItem with a colour table."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._pixels = np.zeros((MEL_BINS, frames), dtype=np.uint32)  # lowest band first: y points up in a plot
        memory = sip.voidptr(self._pixels.ctypes.data, self._pixels.nbytes)
        self._image = QImage(  # type: ignore[call-overload] # PyQt6 takes a pointer, its stubs do not say so
            memory, frames, MEL_BINS, 4 * frames, QImage.Format.Format_RGB32
        )
        self._colors = np.zeros(256, dtype=np.uint32)
        self._area = QRectF(-SECONDS, 0, SECONDS, MEL_BINS)

    def set_colors(self, colors: NDArray[np.uint8]) -> None:
        """colors: [256, 3], red, green, blue; holds from the next `set_frames`"""
        red, green, blue = colors.astype(np.uint32).T
        self._colors = 0xFF000000 | red << 16 | green << 8 | blue

    def set_frames(self, frames: NDArray[np.uint8], first_s: float) -> None:
        """frames: [T, F] as many as at first, oldest first; first_s: where the first begins, in seconds before now"""
        np.take(self._colors, frames.T, out=self._pixels)
        self.prepareGeometryChange()
        self._area = QRectF(first_s, 0, len(frames) * HOP_SAMPLES / SAMPLE_RATE, MEL_BINS)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._area

    def paint(self, painter: QPainter, *_: object) -> None:
        painter.drawImage(self._area, self._image)


class Plots(pg.GraphicsLayoutWidget):
    """The three plots, the threshold line in the lowest, and a mark through all for each detection."""

    threshold_dragged = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(self.Shape.NoFrame)
        # everything moves in each frame: finding out what changed costs more than drawing all of it, but for the axes
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setAccessibleName("Waveform, spectrum and keyword probability of the last ten seconds")
        self._history = SampleHistory()
        self._marks: deque[int] = deque(maxlen=100)
        self.ci.setContentsMargins(4, 6, 14, 4)
        self.ci.setSpacing(8)
        self._waveform = self._add_plot(0, "Sound", (-1.0, 1.0), 3)
        self._log_mel = self._add_plot(1, "kHz", (0, MEL_BINS), 4)
        self._log_mel.getAxis("left").setTicks([[(mel_band(khz), f"{khz:g}") for khz in LABELLED_KHZ]])
        self._probability = self._add_plot(2, "Probability", (0.0, 1.04), 4)
        self._probability.getAxis("left").setTicks([[(0.0, "0"), (0.5, "0.5"), (1.0, "1")]])
        self._probability.showAxis("bottom")
        seconds = [(-s, f"−{s} s" if s else "now") for s in range(0, SECONDS + 1, 2)]
        self._probability.getAxis("bottom").setTicks([seconds])
        self._probability.getAxis("bottom").setStyle(hideOverlappingLabels=False)  # which "now" would be
        self._amplitude = 0.0
        self._set_amplitude(AMPLITUDES[0])

        # PlotCurveItem, not plot(): half the cost of a redraw
        self._wave_curve = pg.PlotCurveItem()
        self._waveform.addItem(self._wave_curve)
        self._image = LogMelItem(len(self._history.image()[0]))
        self._log_mel.addItem(self._image)
        self._score_curves: dict[str, pg.PlotCurveItem] = {}  # by model, in order
        self._theme = LIGHT
        self._mark_curves = [pg.PlotCurveItem(connect="pairs") for _ in self._plots]
        for plot, curve in zip(self._plots, self._mark_curves, strict=True):
            plot.addItem(curve)
        self.threshold_line = pg.InfiniteLine(
            0.5,
            angle=0,
            movable=True,
            bounds=(LOWEST_THRESHOLD, 1.0),
            label="threshold {value:.3f}",
            labelOpts={"position": 0.02, "anchors": [(0, 1), (0, 0)]},
        )
        self._probability.addItem(self.threshold_line)
        # sigDragged, not sigPositionChanged: a value that is set, or that the bounds cut off, is nothing the user said
        self.threshold_line.sigDragged.connect(lambda line: self.threshold_dragged.emit(float(line.value())))

    @property
    def _plots(self) -> tuple[pg.PlotItem, pg.PlotItem, pg.PlotItem]:
        return self._waveform, self._log_mel, self._probability

    def _add_plot(self, row: int, title: str, y_range: tuple[float, float], stretch: int) -> pg.PlotItem:
        plot = self.addPlot(row=row, col=0)
        self.ci.layout.setRowStretchFactor(row, stretch)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.disableAutoRange()
        plot.setXRange(-SECONDS, 0, padding=0)
        plot.setYRange(*y_range, padding=0)
        for side in ("left", "bottom"):
            plot.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        plot.hideAxis("bottom")
        axis = plot.getAxis("left")
        axis.setWidth(AXIS_WIDTH)
        axis.setLabel(title)
        axis.enableAutoSIPrefix(False)
        return plot

    def _set_amplitude(self, amplitude: float) -> None:
        if amplitude != self._amplitude:
            self._amplitude = amplitude
            self._waveform.setYRange(-amplitude, amplitude, padding=0)
            self._waveform.getAxis("left").setTicks([[(v, f"{v:g}") for v in (-amplitude / 2, 0, amplitude / 2)]])

    def set_theme(self, theme: Theme) -> None:
        self.setBackground(theme.panel)
        for plot in self._plots:
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.border)
                plot.getAxis(side).setTextPen(theme.muted)
        self._wave_curve.setPen(theme.waveform)
        self._theme = theme
        self._color_curves()
        for curve in self._mark_curves:
            curve.setPen(pg.mkPen(theme.heard, width=2))
        self._image.set_colors(log_mel_colors(theme))
        self.threshold_line.setPen(pg.mkPen(theme.threshold, width=2, style=Qt.PenStyle.DashLine))
        self.threshold_line.setHoverPen(pg.mkPen(theme.threshold, width=4))
        self.threshold_line.label.setColor(theme.threshold)
        self.redraw()

    def set_models(self, names: Sequence[str]) -> None:
        """The models whose curves are drawn; the first is the one that the threshold belongs to."""
        for name in [name for name in self._score_curves if name not in names]:
            self._probability.removeItem(self._score_curves.pop(name))
        curves = {}
        for name in names:
            curves[name] = self._score_curves.get(name) or pg.PlotCurveItem(connect="finite")
            if name not in self._score_curves:
                self._probability.addItem(curves[name])
        self._score_curves = curves
        self._color_curves()

    def _color_curves(self) -> None:
        for i, curve in enumerate(self._score_curves.values()):
            color = self._theme.scores[i % len(self._theme.scores)]
            curve.setPen(pg.mkPen(color, width=2))
            curve.setZValue(-i)
            fill = pg.mkColor(color)
            fill.setAlpha(50)
            curve.setFillLevel(0.0 if i == 0 else None)
            curve.setBrush(fill if i == 0 else None)

    def set_threshold(self, threshold: float) -> None:
        """Move the line without reporting it."""
        self.threshold_line.setValue(threshold)

    def forget(self) -> None:
        """Start empty: a new source begins at sample 0. (`clear` is pyqtgraph's and removes the plots.)"""
        self._history = SampleHistory()
        self._marks.clear()
        self.redraw()

    def add(self, heard: Heard) -> None:
        """Take in without drawing."""
        self._history.add(heard)

    def add_mark(self, sample: int) -> None:
        self._marks.append(sample)

    def redraw(self) -> None:
        history = self._history
        times, values = history.envelope()
        loudest = float(np.abs(values).max())
        self._set_amplitude(next((a for a in AMPLITUDES if a >= loudest), AMPLITUDES[-1]))
        self._wave_curve.setData(times, values)
        self._image.set_frames(*history.image())
        for name, curve in self._score_curves.items():
            curve.setData(*history.curve(name))
        ago_s = np.array([sample - history.end for sample in self._marks], dtype=np.float64) / SAMPLE_RATE
        shown = np.repeat(ago_s[ago_s > -SECONDS], 2)
        for plot, curve in zip(self._plots, self._mark_curves, strict=True):
            curve.setVisible(len(shown) > 0)
            low, high = plot.viewRange()[1]
            curve.setData(shown, np.tile([low, high], len(shown) // 2))
