"""Waveform, log-mel and keyword probability on one time axis. On the window's thread.

All positions are sample indices of the session. `ui/listening.py` adds the data of the worker and calls `redraw`, at
most 30 times a second. Lost sound shows as a gap.
"""

import time
from collections import deque
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QPointF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QGraphicsItem, QWidget

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import SoundChunk
from kws_app.translation import _
from kws_app.ui.plots.axes import axis_width, fit_title
from kws_app.ui.plots.curve_item import EnvelopeItem
from kws_app.ui.plots.log_mel_item import LogMelItem, log_mel_colors, mel_band
from kws_app.ui.plots.marks import Marks
from kws_app.ui.plots.plot_history import MEL_BINS, SampleHistory
from kws_app.ui.plots.pointer import Pointer
from kws_app.ui.plots.readout import Readout
from kws_app.ui.plots.recording import DetectionMark, Recording
from kws_app.ui.plots.score_curves import Curve, ScoreCurves
from kws_app.ui.plots.threshold_lines import ThresholdLines
from kws_app.ui.plots.time_axis import TimeAxis, TimeScale
from kws_app.ui.plots.time_view import TimeView
from kws_app.ui.theme import Theme

AMPLITUDES = (0.1, 0.2, 0.5, 1.0)  # scales of the waveform; the smallest scale that fits is used
LABELLED_KHZ = (0.5, 1.0, 2.0, 4.0)
WHEEL_NOTCH = 120  # angle of one step of a mouse wheel, in eighths of a degree, as Qt counts
LEAST_WIDTH, LEAST_HEIGHT = 260, 200  # px: smaller plots cannot be read
KEPT_RECORDINGS = 3  # earlier sources whose sound is kept
# Of an item whose parts paint: Qt then does not ask for its bounds.
PAINTS_NOTHING = QGraphicsItem.GraphicsItemFlag.ItemHasNoContents
BEFORE_MOMENT = 0.6  # share of the picture that shows the time before a moment that the user asked for


class Plots(pg.GraphicsLayoutWidget):
    """Three plots. The lowest has a threshold line for each word. Each detection is a mark through all three plots."""

    threshold_dragged = pyqtSignal(str, float)  # model, by the user
    view_changed = pyqtSignal()  # the picture was frozen or moved, or follows the sound again
    zoomed = pyqtSignal(int)  # by wheel or key: this many steps to a longer time, fewer than 0 to a shorter time

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(self.Shape.NoFrame)
        self.setCacheMode(self.CacheModeFlag.CacheNone)  # to fill the background is faster than to copy it
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAutoFillBackground(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        self.setAccessibleName(_("Waveform, spectrum and keyword probability of the last seconds"))
        self.setAccessibleDescription(
            _("Left and Right move through the last five minutes, Up and Down zoom, End goes back to now.")
        )
        self.current = Recording()  # the recording of the present source
        self.shown = self.current  # the recording that the user sees: the present or an earlier recording
        self._earlier: deque[Recording] = deque(maxlen=KEPT_RECORDINGS)
        self.view = TimeView()
        self._panned_from: tuple[float, int] | None = (
            None  # while the mouse drags: its first x in px, and the right edge then
        )
        self.ci.setContentsMargins(4, 6, 14, 4)
        self.ci.setSpacing(6)
        self.ci.setFlag(PAINTS_NOTHING)
        self._waveform = self._add_plot(0, _("Sound"), (-1.0, 1.0), 3)
        self._log_mel = self._add_plot(1, "kHz", (0, MEL_BINS), 4)
        self._log_mel.getViewBox().sigResized.connect(self._label_frequencies)
        self._probability = self._add_plot(2, _("Probability"), (0.0, 1.04), 4)
        self._probability.getAxis("left").setTicks([[(0.0, "0"), (0.5, "0.5"), (1.0, "1")]])
        self.time_axis = TimeAxis(self._probability)
        self.addItem(self.time_axis, row=3, col=0)
        self._amplitude = 0.0
        self._set_amplitude(AMPLITUDES[0])
        self._add_items()
        self._fit_font()
        self._set_range()

    def _add_items(self) -> None:
        self._wave_curve = EnvelopeItem()
        self._waveform.addItem(self._wave_curve)
        self._image = LogMelItem()
        self._log_mel.addItem(self._image)
        self.scores = ScoreCurves(self._probability)
        self.marks = Marks(self._plots)
        self.pointer = Pointer(self._plots, self._log_mel)
        self.thresholds = ThresholdLines(self._probability, self._drag_threshold)
        self.readout = Readout(self)

    @property
    def history(self) -> SampleHistory:
        """The history of the recording that the user sees."""
        return self.shown.history

    @property
    def _plots(self) -> tuple[pg.PlotItem, pg.PlotItem, pg.PlotItem]:
        return self._waveform, self._log_mel, self._probability

    def _add_plot(self, row: int, title: str, y_range: tuple[float, float], stretch: int) -> pg.PlotItem:
        plot = self.addPlot(row=row, col=0, enableMenu=False)
        self.ci.layout.setRowStretchFactor(row, stretch)
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.disableAutoRange()
        plot.setYRange(*y_range, padding=0)
        plot.hideAxis("bottom")
        for frame in (plot, plot.getViewBox()):
            frame.setFlag(PAINTS_NOTHING)
        axis = plot.getAxis("left")
        axis.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        axis.enableAutoSIPrefix(False)
        plot.getViewBox().sigResized.connect(lambda box: fit_title(axis, title, self.font(), box.height()))
        return plot

    def _fit_font(self) -> None:
        """Make room for the texts of the axes in the font of the window."""
        for plot in self._plots:
            axis = plot.getAxis("left")
            axis.setStyle(tickFont=self.font())
            axis.setWidth(axis_width(self.font()))
        self.time_axis.fit()
        self._label_frequencies()

    def _set_range(self) -> None:
        for plot in self._plots:
            plot.setXRange(-self.view.span_s, 0, padding=0)

    def _label_frequencies(self) -> None:
        """Label as many frequencies as the height allows."""
        room = self._log_mel.getViewBox().height() / MEL_BINS  # px of a mel band
        line = self.fontMetrics().height()
        shown: list[float] = []
        for khz in reversed(LABELLED_KHZ):
            if not shown or (mel_band(shown[-1]) - mel_band(khz)) * room >= line:
                shown.append(khz)
        self._log_mel.getAxis("left").setTicks([[(mel_band(khz), f"{khz:g}") for khz in shown]])

    def _set_amplitude(self, amplitude: float) -> None:
        if amplitude != self._amplitude:
            self._amplitude = amplitude
            self._waveform.setYRange(-amplitude, amplitude, padding=0)
            self._waveform.getAxis("left").setTicks(
                [[(v, f"{v:g}".replace("-", "−")) for v in (-amplitude / 2, 0, amplitude / 2)]]
            )

    # Look

    def sizeHint(self) -> QSize:
        """A small size: the plots grow into free room, and must not make the window scroll."""
        return QSize(LEAST_WIDTH, LEAST_HEIGHT)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.FontChange and hasattr(self, "time_axis"):
            self._fit_font()

    def set_theme(self, theme: Theme) -> None:
        self.setBackground(theme.panel)
        for plot in self._plots:
            plot.getAxis("left").setPen(theme.border)
            plot.getAxis("left").setTextPen(theme.muted)
        self._wave_curve.set_pen(pg.mkPen(theme.waveform))
        self._image.set_colors(log_mel_colors(theme))
        for part in (self.scores, self.marks, self.pointer, self.thresholds, self.time_axis, self.readout):
            part.set_theme(theme)
        self._fit_font()
        self.redraw()

    def set_curves(self, curves: Sequence[Curve]) -> None:
        """The models whose curves are drawn. A word's own model also has a threshold line."""
        self.scores.set_curves(curves)
        self.thresholds.set_curves(list(curves))

    def _drag_threshold(self, model: str, threshold: float) -> None:
        self.threshold_dragged.emit(model, threshold)

    # Content

    def begin(self, live: bool = False) -> Recording:
        """A new source begins at sample 0: show an empty recording. The last KEPT_RECORDINGS recordings are kept.

        live: True for a microphone: the axis shows clock time. False for a file: it shows the time in the file.
        """
        if self.current.history.begin is not None:
            self._earlier.append(self.current)
        self.current = Recording(live)
        self.follow()
        return self.current

    def add(self, heard: SoundChunk) -> None:
        """Add a chunk without drawing it."""
        current = self.current
        if current.live and current.history.begin is None and len(heard.samples):
            end = heard.first_sample + len(heard.samples)
            current.scale = TimeScale(time.time() - end / SAMPLE_RATE)
        current.history.add(heard)

    def add_mark(self, mark: DetectionMark) -> None:
        """Add a detection of a word's own model: a line through all three plots."""
        self.current.marks.append(mark)

    def add_found(self, model: str, sample: int) -> None:
        """Add a detection of a compared model: a tick in the colour of the model."""
        self.current.add_found(model, sample)

    def redraw(self) -> None:
        history, span_s = self.history, self.view.span_s
        until = self.view.until(history)
        times, values = history.envelope(until, span_s)
        loudest = float(np.abs(values).max())
        self._set_amplitude(next((a for a in AMPLITUDES if a >= loudest), AMPLITUDES[-1]))
        self._wave_curve.set_points(times, values)
        self._image.set_frames(*history.image(until, span_s))
        self.scores.redraw(self.shown, until, span_s)
        self.marks.redraw(self.shown.marks, until, span_s)
        self.time_axis.show_stretch(self.shown.scale, until, span_s)
        if self.pointer.position is not None:
            self._point()
        self._repaint()

    def _repaint(self) -> None:
        """Paint all but the vertical axes. To find out which items moved would cost more than to paint them."""
        inner = self._waveform.getViewBox().sceneBoundingRect() | self._probability.getViewBox().sceneBoundingRect()
        area = self.mapFromScene(inner | self.time_axis.sceneBoundingRect()).boundingRect()
        self.viewport().update(area)

    # Moving in time

    def set_span(self, span_s: int) -> None:
        """Show this many seconds, one of SPANS_S. A frozen picture keeps the sound under the mouse, or its middle."""
        if self.view.paused:
            share = self._share_under_mouse()
            fixed = self.view.until(self.history) - round((1 - share) * self.view.span_s * SAMPLE_RATE)
            self.view.span_s = span_s
            self.view.scroll_to(fixed + round((1 - share) * span_s * SAMPLE_RATE), self.history)
        self.view.span_s = span_s
        self._show_view()

    def _share_under_mouse(self) -> float:
        """The place of the mouse, from 0 at the left edge to 1 at the right edge; 0.5 without a mouse."""
        box = self._waveform.getViewBox().sceneBoundingRect()
        if self.pointer.position is None or box.width() <= 0:
            return 0.5
        return float(min(max((self.pointer.position.x() - box.left()) / box.width(), 0.0), 1.0))

    def set_paused(self, paused: bool) -> None:
        """Freeze the picture or let it move again. The listening goes on."""
        if paused:
            self.view.pause(self.history)
            self._show_view()
        else:
            self.follow()

    def follow(self) -> None:
        """Show the newest sound of the present source."""
        self.shown = self.current
        self.view.follow()
        self._show_view()

    def scroll(self, seconds: float) -> None:
        """Move and freeze the picture. seconds: negative to go back in time"""
        self.view.scroll(seconds, self.history)
        self._show_view()

    def show_moment(self, recording: Recording, sample: int) -> bool:
        """Go to a sample, and freeze the picture. Returns False if the sample is no longer kept."""
        kept = any(recording is known for known in (self.current, *self._earlier))
        if not kept or not self.view.shows(sample, recording.history):
            return False
        self.view.follow()
        self.shown = recording
        after_s = (1 - BEFORE_MOMENT) * self.view.span_s
        self.view.scroll_to(sample + round(after_s * SAMPLE_RATE), recording.history)
        self._show_view()
        return True

    def _show_view(self) -> None:
        self._set_range()
        self.redraw()
        self.view_changed.emit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        moves = {Qt.Key.Key_Left: -0.5, Qt.Key.Key_Right: 0.5, Qt.Key.Key_PageUp: -1.0, Qt.Key.Key_PageDown: 1.0}
        zooms = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in moves:
            self.scroll(moves[Qt.Key(event.key())] * self.view.span_s)
        elif event.key() in zooms:
            self.zoomed.emit(zooms[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_End, Qt.Key.Key_Escape):
            self.follow()
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """The wheel zooms. With Shift, or turned sideways, it moves the picture."""
        assert event is not None
        turned = event.angleDelta()
        sideways = turned.x() or (turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            self.scroll(-sideways / WHEEL_NOTCH * self.view.span_s / 10)
        elif turned.y():
            self.pointer.position = self.mapToScene(event.position().toPoint())
            self.zoomed.emit(-1 if turned.y() > 0 else 1)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        super().mousePressEvent(event)
        at = self.mapToScene(event.position().toPoint())
        inside = any(plot.getViewBox().sceneBoundingRect().contains(at) for plot in self._plots)
        if event.button() == Qt.MouseButton.LeftButton and inside and self.thresholds.hovered is None:
            self._panned_from = event.position().x(), self.view.until(self.history)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        super().mouseReleaseEvent(event)
        self._panned_from = None
        self.viewport().unsetCursor()

    def _pan(self, x: float) -> None:
        """Move the picture so that the sound under the mouse follows the mouse."""
        assert self._panned_from is not None
        pressed_x, until = self._panned_from
        width = self._waveform.getViewBox().sceneBoundingRect().width()
        moved = round((pressed_x - x) / max(1.0, width) * self.view.span_s * SAMPLE_RATE)
        if moved or self.view.paused:
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self.view.scroll_to(until + moved, self.history)
            self._show_view()

    # Reading values

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        super().mouseMoveEvent(event)
        if self._panned_from is not None and event.buttons() & Qt.MouseButton.LeftButton:
            self._pan(event.position().x())
        self.pointer.position = self.mapToScene(event.position().toPoint())
        self._point()

    def leaveEvent(self, event: QEvent | None) -> None:
        super().leaveEvent(event)
        self.pointer.position = None
        self._point()

    def _point(self) -> None:
        """Show the values under the mouse."""
        lines = self.pointer.read(self.history, self.view, self.scores, self.shown.scale)
        held = self.thresholds.hovered
        if lines and held is not None and held in self.scores.looks:
            line = self.thresholds.lines[held]
            lines.insert(1, _("threshold of {word} {value:.3f}", word=self.scores.looks[held].word, value=line.value()))
        position = self.pointer.position or QPointF()
        self.readout.show_values(lines, self.mapFromScene(position))
