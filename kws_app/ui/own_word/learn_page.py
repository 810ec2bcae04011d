"""The third page: the progress of the training, and a plot of misses against false alarms. On the window's thread."""

import time
from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from kws_app.own_word.job import Progress
from kws_app.translation import _, ngettext
from kws_app.ui.own_word.try_panel import TryPanel
from kws_app.ui.theme import LIGHT, Theme

FEWEST_ALARMS = 0.05  # false alarms an hour; 0 is drawn here, because the axis is logarithmic
MOST_ALARMS = 5.0  # false alarms an hour; the right end of the axis
LEAST_DONE, LEAST_TOOK_S = 0.03, 5.0  # share of the training, and time, after which the rest can be estimated
TICKS = {FEWEST_ALARMS: _("none"), 0.1: "0.1", 0.2: "0.2", 0.5: "0.5", 1.0: "1", 2.0: "2", MOST_ALARMS: "5"}


MAY_CLOSE = _("You may close this window: the training goes on.")
LEAST_HEIGHT = 170  # px of the plot
LOWEST_TOP, HIGHEST_TOP = 5.0, 105.0  # per cent at the top of the plot; the highest point needs room


class LearnPage(QWidget):
    """A bar, a sentence, and the curve of the present model."""

    def __init__(self, listen: Callable[[], str]) -> None:
        super().__init__()
        self._begun_s = 0.0  # monotonic seconds of the first progress
        self._begun_share: float | None = None  # share of the first progress: a training may continue an earlier one
        self._theme: Theme = LIGHT
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.text = QLabel()
        self.left = QLabel()
        self.left.setProperty("muted", True)
        for label in (self.title, self.text, self.left):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.trial = TryPanel(listen)
        self.trial.hide()
        self.plot = pg.PlotWidget()
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setLogMode(x=True, y=False)
        self.plot.setAccessibleName(_("Words missed against false alarms an hour"))
        self.plot.setXRange(np.log10(FEWEST_ALARMS), np.log10(MOST_ALARMS), padding=0.03)
        self.plot.getAxis("bottom").setTicks([[(float(np.log10(at)), text) for at, text in TICKS.items()]])
        self.plot.setLimits(yMin=0)
        self.plot.setMinimumHeight(LEAST_HEIGHT)
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.plot.hide()
        self._curve = self.plot.plot([], [], symbol="o", symbolSize=6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.bar)
        column.addWidget(self.text)
        column.addWidget(self.left)
        column.addWidget(self.trial)
        column.addWidget(self.plot, 1)
        column.addStretch(0)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.plot.setBackground(theme.panel)
        for side, text in (("bottom", _("False alarms in an hour of talk")), ("left", _("Missed, %"))):
            axis = self.plot.getAxis(side)
            axis.setLabel(text, color=theme.text)
            axis.setPen(theme.border)
            axis.setTextPen(theme.muted)
        self._curve.setPen(pg.mkPen(theme.accent, width=2))
        self._curve.setSymbolBrush(theme.accent)
        self._curve.setSymbolPen(theme.panel)

    def begin(self, word: str, lessons: int = 0) -> None:
        """Show that a training starts. lessons: number of labelled rows that it learns from"""
        self._begun_s, self._begun_share = time.monotonic(), None
        if lessons:
            text = ngettext(
                "Learning “{word}” from {count} label", "Learning “{word}” from {count} labels", lessons, word=word
            )
        else:
            text = _("Learning “{word}”", word=word)
        self.title.setText(text)
        self.text.setText(_("Getting ready."))
        self.left.setText(MAY_CLOSE)
        self.bar.setValue(0)
        self.trial.hide()
        self.plot.hide()

    def show_progress(self, progress: Progress) -> None:
        self.bar.setValue(round(1000 * progress.share))
        self.text.setText(progress.text)
        self.left.setText(f"{self._time_left(progress.share)} {MAY_CLOSE}".strip())
        if progress.curve:
            alarms, missed = np.array(progress.curve, dtype=np.float64).T
            self._curve.setData(np.clip(alarms, FEWEST_ALARMS, MOST_ALARMS), 100 * missed)
            self.plot.setYRange(0, float(np.clip(110 * missed.max(), LOWEST_TOP, HIGHEST_TOP)), padding=0)
            self.plot.show()

    def _time_left(self, share: float) -> str:
        """The estimated time that is left; empty while it cannot be estimated."""
        if self._begun_share is None:
            self._begun_share = share
        done, took_s = share - self._begun_share, time.monotonic() - self._begun_s
        if done < LEAST_DONE or took_s < LEAST_TOOK_S:
            return ""
        minutes = max(1, round(took_s * (1 - share) / done / 60))
        return ngettext("About {count} minute to go.", "About {count} minutes to go.", minutes)

    def show_stopped(self) -> None:
        """Show that the user stopped the training."""
        self.text.setText(_("Stopped. The progress is saved: “Go on” continues from here."))
        self.left.setText("")
