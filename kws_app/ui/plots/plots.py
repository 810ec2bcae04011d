"""Waveform, log-mel and keyword probability on one time axis. On the window's thread.

All positions are on the session's sample clock; the axis shows seconds before now, or before the moment at which the
picture was stopped. The window hands in what the worker left and calls `redraw` at most 30 times a second; gaps show as
gaps.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QGraphicsItem, QWidget

from kws_app.listening.session import SoundChunk
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.translation import _
from kws_app.ui.plots.axes import fit_title, time_labels
from kws_app.ui.plots.curve_item import CurveItem, EnvelopeItem
from kws_app.ui.plots.log_mel_item import LogMelItem, log_mel_colors, mel_band
from kws_app.ui.plots.plot_history import MEL_BINS, SampleHistory
from kws_app.ui.plots.pointer import Pointer
from kws_app.ui.plots.score_curves import MOST_MARKS, ScoreCurves, draw_pairs
from kws_app.ui.plots.time_view import TimeView
from kws_app.ui.theme import Theme

AXIS_WIDTH = 46  # px, the same for all three so that they line up
AMPLITUDES = (0.1, 0.2, 0.5, 1.0)  # scales of the waveform; the smallest that holds what is shown
LABELLED_KHZ = (0.5, 1, 2, 4)
WHEEL_NOTCH = 120  # Qt's units


class Plots(pg.GraphicsLayoutWidget):
    """The three plots, the threshold line in the lowest, and a mark through all for each detection."""

    threshold_dragged = pyqtSignal(float)
    view_changed = pyqtSignal()  # stopped, moved, or following again
    pointed = pyqtSignal(str)  # what lies under the mouse, in words; empty where nothing does

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(self.Shape.NoFrame)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # filling with a colour is cheaper than copying a picture of it
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAutoFillBackground(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Waveform, spectrum and keyword probability of the last seconds"))
        self.setAccessibleDescription(_("Left and Right move through the last five minutes, End goes back to now."))
        self.history = SampleHistory()
        self.view = TimeView()
        self._marks: deque[int] = deque(maxlen=MOST_MARKS)
        self.ci.setContentsMargins(4, 6, 14, 4)
        self.ci.setSpacing(8)
        self._waveform = self._add_plot(0, _("Sound"), (-1.0, 1.0), 3)
        self._log_mel = self._add_plot(1, "kHz", (0, MEL_BINS), 4)
        self._log_mel.getAxis("left").setTicks([[(mel_band(khz), f"{khz:g}") for khz in LABELLED_KHZ]])
        self._probability = self._add_plot(2, _("Probability"), (0.0, 1.04), 4)
        self._probability.getAxis("left").setTicks([[(0.0, "0"), (0.5, "0.5"), (1.0, "1")]])
        self._probability.showAxis("bottom")
        self._probability.getAxis("bottom").setStyle(hideOverlappingLabels=False)  # which "now" would be
        self._amplitude = 0.0
        self._set_amplitude(AMPLITUDES[0])
        self._add_items()
        self._set_axis()

    def _add_items(self) -> None:
        self._wave_curve = EnvelopeItem()
        self._waveform.addItem(self._wave_curve)
        self._image = LogMelItem()
        self._log_mel.addItem(self._image)
        self.scores = ScoreCurves(self._probability)
        self._mark_curves = [CurveItem(pairs=True) for _ in self._plots]
        for plot, curve in zip(self._plots, self._mark_curves, strict=True):
            plot.addItem(curve)
        self.pointer = Pointer(self._plots, self._log_mel)
        self.threshold_line = pg.InfiniteLine(
            0.5,
            angle=0,
            movable=True,
            bounds=(LOWEST_THRESHOLD, 1.0),
            label=_("threshold {value:.3f}"),
            labelOpts={"position": 0.02, "anchors": [(0, -0.1), (0, 1.1)]},
        )
        self.threshold_line.setZValue(1)  # above every curve, those that are added later too
        self.threshold_line.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # dashes are dear
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
        plot.setYRange(*y_range, padding=0)
        for side in ("left", "bottom"):
            plot.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        plot.hideAxis("bottom")
        axis = plot.getAxis("left")
        axis.setWidth(AXIS_WIDTH)
        axis.enableAutoSIPrefix(False)
        plot.getViewBox().sigResized.connect(lambda box: fit_title(axis, title, self.font(), box.height()))
        return plot

    def _set_axis(self) -> None:
        """Range and labels of the time axis, for the stretch that is shown."""
        span_s, back_s = self.view.span_s, self.view.back_s
        for plot in self._plots:
            plot.setXRange(-span_s, 0, padding=0)
        labels = time_labels(span_s, back_s, self.font())
        self._probability.getAxis("bottom").setTicks([labels])

    def _set_amplitude(self, amplitude: float) -> None:
        if amplitude != self._amplitude:
            self._amplitude = amplitude
            self._waveform.setYRange(-amplitude, amplitude, padding=0)
            self._waveform.getAxis("left").setTicks(
                [[(v, f"{v:g}".replace("-", "−")) for v in (-amplitude / 2, 0, amplitude / 2)]]
            )

    # How it looks

    def set_theme(self, theme: Theme) -> None:
        self.setBackground(theme.panel)
        for plot in self._plots:
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(theme.border)
                plot.getAxis(side).setTextPen(theme.muted)
        self._wave_curve.set_pen(pg.mkPen(theme.waveform))
        self.scores.set_theme(theme)
        for curve in self._mark_curves:
            curve.set_pen(pg.mkPen(theme.heard, width=2))
        self.pointer.set_theme(theme)
        self._image.set_colors(log_mel_colors(theme))
        self.threshold_line.setPen(pg.mkPen(theme.threshold, width=2, style=Qt.PenStyle.DashLine))
        self.threshold_line.setHoverPen(pg.mkPen(theme.threshold, width=4))
        self.threshold_line.label.setColor(theme.threshold)
        self.threshold_line.label.fill = pg.mkBrush(theme.panel)  # or the curves would cross it out
        self.redraw()

    def set_models(self, names: Sequence[str]) -> None:
        """The models whose curves are drawn; the first is the one that the threshold belongs to."""
        self.scores.set_models(names)

    def set_threshold(self, threshold: float) -> None:
        """Move the line without reporting it."""
        self.threshold_line.setValue(threshold)

    # What it shows

    def forget(self) -> None:
        """Start empty: a new source begins at sample 0. (`clear` is pyqtgraph's and removes the plots.)"""
        self.history = SampleHistory()
        self._marks.clear()
        self.scores.forget()
        self.follow()

    def add(self, chunk: SoundChunk) -> None:
        """Take in without drawing."""
        self.history.add(chunk)

    def add_mark(self, sample: int) -> None:
        """A detection that counts: a line through all three."""
        self._marks.append(sample)

    def add_found(self, model: str, sample: int) -> None:
        """A detection of a model that is only compared: a tick in its colour."""
        self.scores.add_found(model, sample)

    def redraw(self) -> None:
        history, span_s = self.history, self.view.span_s
        until = self.view.until(history)
        times, values = history.envelope(until, span_s)
        loudest = float(np.abs(values).max())
        self._set_amplitude(next((a for a in AMPLITUDES if a >= loudest), AMPLITUDES[-1]))
        self._wave_curve.set_points(times, values)
        self._image.set_frames(*history.image(until, span_s))
        self.scores.redraw(history, until, span_s)
        for plot, curve in zip(self._plots, self._mark_curves, strict=True):
            draw_pairs(curve, self._marks, until, span_s, plot.viewRange()[1])
        if self.pointer.position is not None:
            self._point()
        self._repaint()

    def _repaint(self) -> None:
        """All between the axes: there everything moves in each frame; asking what did costs more than drawing it."""
        inner = self._waveform.getViewBox().sceneBoundingRect() | self._probability.getViewBox().sceneBoundingRect()
        self.viewport().update(self.mapFromScene(inner).boundingRect())

    # Moving in time

    def set_span(self, span_s: int) -> None:
        """Show that many seconds, one of SPANS_S."""
        self.view.span_s = span_s
        self._show_view()

    def set_paused(self, paused: bool) -> None:
        """Stop the picture, not the listening."""
        if paused:
            self.view.pause(self.history)
            self._show_view()
        else:
            self.follow()

    def follow(self) -> None:
        """Back to the newest."""
        self.view.follow()
        self._show_view()

    def scroll(self, seconds: float) -> None:
        """To the left for a negative number; stops the picture."""
        self.view.scroll(seconds, self.history)
        self._show_view()

    def _show_view(self) -> None:
        self._set_axis()
        self.redraw()
        self.view_changed.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        moves = {Qt.Key.Key_Left: -0.5, Qt.Key.Key_Right: 0.5, Qt.Key.Key_PageUp: -1.0, Qt.Key.Key_PageDown: 1.0}
        if event.key() in moves:
            self.scroll(moves[Qt.Key(event.key())] * self.view.span_s)
        elif event.key() in (Qt.Key.Key_End, Qt.Key.Key_Escape):
            self.follow()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        turned = event.angleDelta().y() or event.angleDelta().x()
        self.scroll(-turned / WHEEL_NOTCH * self.view.span_s / 10)
        event.accept()

    # Reading values

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        super().mouseMoveEvent(event)
        self.pointer.position = self.mapToScene(event.position().toPoint())
        self._point()

    def leaveEvent(self, event: QEvent | None) -> None:
        super().leaveEvent(event)
        self.pointer.position = None
        self._point()

    def _point(self) -> None:
        """Say what lies under the mouse."""
        self.pointed.emit(self.pointer.read(self.history, self.view, self.scores))
