"""The third page: the progress of the training, and a plot of misses against false alarms. On the window's thread."""

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from kws_app.own_word.job import Progress
from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme

FEWEST_ALARMS = 0.05  # false alarms an hour; 0 is drawn here, because the axis is logarithmic
MOST_ALARMS = 5.0  # false alarms an hour; the right end of the axis
TICKS = {FEWEST_ALARMS: _("none"), 0.1: "0.1", 0.2: "0.2", 0.5: "0.5", 1.0: "1", 2.0: "2", MOST_ALARMS: "5"}


class LearnPage(QWidget):
    """A bar, a sentence, and the curve of the present model."""

    tried = pyqtSignal(str)  # the user wants to listen with the model of this name

    def __init__(self) -> None:
        super().__init__()
        self._ready = ""
        self._theme: Theme = LIGHT
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.try_it = QPushButton(_("&Try it now"))
        self.try_it.setToolTip(_("Listen with the present state of the word. The training goes on (Alt+T)"))
        self.try_it.hide()
        self.plot = pg.PlotWidget()
        self.plot.setMouseEnabled(False, False)
        self.plot.hideButtons()
        self.plot.setMenuEnabled(False)
        self.plot.setLogMode(x=True, y=False)
        self.plot.setAccessibleName(_("Words missed against false alarms an hour"))
        self.plot.setXRange(np.log10(FEWEST_ALARMS), np.log10(MOST_ALARMS), padding=0.03)
        self.plot.getAxis("bottom").setTicks([[(float(np.log10(at)), text) for at, text in TICKS.items()]])
        self.plot.setLimits(yMin=0)
        self.plot.hide()
        self._curve = self.plot.plot([], [], symbol="o", symbolSize=6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.bar)
        column.addWidget(self.text)
        column.addWidget(self.try_it, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.plot, 1)
        column.addStretch(0)
        self.try_it.clicked.connect(lambda: self.tried.emit(self._ready))

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

    def begin(self, word: str) -> None:
        """Show that a training starts."""
        self._ready = ""
        self.title.setText(_("Learning “{word}”", word=word))
        self.text.setText(_("Getting ready. You may close this window: the training goes on."))
        self.bar.setValue(0)
        self.try_it.hide()

    def show_progress(self, progress: Progress) -> None:
        self.bar.setValue(round(1000 * progress.share))
        self.text.setText(progress.text)
        if progress.ready:
            self._ready = progress.ready
            self.try_it.show()
        if progress.curve:
            alarms, missed = np.array(progress.curve, dtype=np.float64).T
            self._curve.setData(np.clip(alarms, FEWEST_ALARMS, MOST_ALARMS), 100 * missed)
            self.plot.setYRange(0, max(5.0, 110 * float(missed.max())))
            self.plot.show()

    def show_stopped(self) -> None:
        """Show that the user stopped the training."""
        self.text.setText(_("Stopped. The progress is saved: “Go on” continues from here."))
