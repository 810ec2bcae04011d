"""The widgets of the window and their places. On the window's thread. The window connects them."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from kws_app.ui.history.history_panel import HistoryPanel
from kws_app.ui.models.legend import Legend
from kws_app.ui.plots.plots import Plots
from kws_app.ui.plots.time_bar import TimeBar, framed
from kws_app.ui.sources.level_meter import LevelMeter
from kws_app.ui.theme import Theme
from kws_app.ui.widgets.banner import LOW_WINDOW, Banner
from kws_app.ui.widgets.control_bar import ControlBar
from kws_app.ui.words.words_panel import WordsPanel

SIDE_DIGITS = 54  # width of the column with words and detections, in digits of the window's font
SIDE_SHARE = 0.47  # of the window's width that the column takes at most
SIDE_LEAST = 300  # px: no narrower


class WindowLayout(QWidget):
    """The controls on top, below them the banner, then the plots, and beside them the words and the detections."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("windowLayout")
        self.controls = ControlBar()
        self.meter = LevelMeter()
        self.controls.row.addSpacing(4)
        self.controls.row.addWidget(self.meter)
        self.controls.row.addWidget(self.controls.more)
        self.banner = Banner()
        self.plots = Plots()
        self.time_bar = TimeBar(self.plots)
        self.legend = Legend()
        self.words = WordsPanel()
        self.history = HistoryPanel()
        self.detections = self.history.table

        self._side = self._make_side()
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(self._framed_plots(), 1)
        body.addWidget(self._side)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 4)
        column.setSpacing(10)
        column.addWidget(self.controls)
        self.below_controls = QVBoxLayout()
        column.addLayout(self.below_controls)
        column.addWidget(self.banner)
        column.addLayout(body, 1)

    def _framed_plots(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("plots")
        frame.setLayout(framed(self.plots, self.time_bar, self.legend))
        return frame

    def _make_side(self) -> QScrollArea:
        """The column on the right. In a low window it scrolls, so that its parts keep their height."""
        side = QWidget()
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setWidget(side)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.words)
        column.addWidget(self.history, 1)
        return scroll

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the column the width that its texts need, within the limits."""
        wanted = self.fontMetrics().horizontalAdvance("0") * SIDE_DIGITS
        share = min(wanted, round(SIDE_SHARE * self.width()))
        self._side.setFixedWidth(max(SIDE_LEAST, self._side_needs, share))
        self.banner.set_low(self.height() < LOW_WINDOW)

    @property
    def _side_needs(self) -> int:
        """The narrowest width that cuts nothing off, in px; a narrower window scrolls."""
        inside, bar = self._side.widget(), self._side.verticalScrollBar()
        if inside is None or bar is None:
            return 0
        return inside.minimumSizeHint().width() + bar.sizeHint().width()

    def set_theme(self, theme: Theme) -> None:
        for part in (self.meter, self.banner, self.plots, self.legend, self.words, self.history):
            part.set_theme(theme)
        self._fit()
