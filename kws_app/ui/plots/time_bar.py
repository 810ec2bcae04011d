"""The strip above the plots: it freezes the picture and chooses how much time is shown. On the window's thread."""

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QScrollBar, QToolButton, QVBoxLayout, QWidget

from kws_app.settings import SPANS_S
from kws_app.translation import _
from kws_app.ui.plots.plots import Plots

BAR_STEPS_PER_S = 10  # steps of the scroll bar in a second


def span_text(seconds: int) -> str:
    """The text of an entry of the list."""
    if seconds >= 120:
        return _("show {minutes} min", minutes=seconds // 60)
    return _("show {seconds} s", seconds=seconds)


class TimeBar(QWidget):
    """Moves the plots in time. `scroll_bar` lies below the plots."""

    span_chosen = pyqtSignal(int)  # seconds, by the user

    def __init__(self, plots: Plots, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots = plots
        self.pause = QToolButton()
        self.pause.setCheckable(True)
        self.pause.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.pause.setToolTip(
            _(
                "Stop the picture to look at it. Listening goes on (P). Drag the plots to move, turn the wheel to "
                "zoom. The last five minutes are kept"
            )
        )
        self.span = QComboBox()
        self.span.setAccessibleName(_("Seconds shown"))
        self.span.setToolTip(_("How much time the plots show (Ctrl+Plus, Ctrl+Minus, or the wheel)"))
        for seconds in SPANS_S:
            self.span.addItem(span_text(seconds), seconds)
        self.scroll_bar = QScrollBar(Qt.Orientation.Horizontal)
        self.scroll_bar.setAccessibleName(_("Time that is shown"))
        self.scroll_bar.setToolTip(_("Go back through the last five minutes; the right end is the newest sound"))
        self.scroll_bar.hide()
        self.setObjectName("slim")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 10, 0)
        row.addWidget(self.pause)
        row.addStretch(1)
        row.addWidget(self.span)
        self.set_span(plots.view.span_s)
        self.pause.toggled.connect(plots.set_paused)
        self.span.activated.connect(self._choose_span)
        self.scroll_bar.valueChanged.connect(self._scrolled)
        plots.view_changed.connect(self._show_view)
        plots.zoomed.connect(self.step_span)
        self._show_view()

    def set_span(self, seconds: int) -> None:
        """Show this many seconds, one of SPANS_S."""
        with QSignalBlocker(self.span):
            self.span.setCurrentIndex(SPANS_S.index(seconds))
        self._plots.set_span(seconds)

    def step_span(self, steps: int) -> None:
        """Show more time, or less for a negative number of steps."""
        index = min(max(self.span.currentIndex() + steps, 0), len(SPANS_S) - 1)
        if index != self.span.currentIndex():
            self.span.setCurrentIndex(index)
            self._choose_span(index)

    def _choose_span(self, index: int) -> None:
        self._plots.set_span(SPANS_S[index])
        self.span_chosen.emit(SPANS_S[index])

    def _show_view(self) -> None:
        view, history = self._plots.view, self._plots.history
        with QSignalBlocker(self.pause):
            self.pause.setChecked(view.paused)
        self.pause.setText(_("Back to now") if view.paused else _("Freeze picture"))
        furthest = round(view.furthest_back_s(history) * BAR_STEPS_PER_S)
        with QSignalBlocker(self.scroll_bar):
            self.scroll_bar.setRange(-furthest, 0)
            self.scroll_bar.setPageStep(view.span_s * BAR_STEPS_PER_S)
            self.scroll_bar.setSingleStep(BAR_STEPS_PER_S)
            self.scroll_bar.setValue(-round(view.back_s * BAR_STEPS_PER_S))
        self.scroll_bar.setVisible(view.paused and furthest > 0)

    def _scrolled(self, value: int) -> None:
        self._plots.scroll(value / BAR_STEPS_PER_S + self._plots.view.back_s)


def framed(plots: Plots, bar: TimeBar, below: QWidget) -> QVBoxLayout:
    """From top to bottom: the bar, the plots, the scroll bar, another widget."""
    column = QVBoxLayout()
    column.setContentsMargins(4, 4, 4, 4)
    column.setSpacing(2)
    for widget in (bar, plots, bar.scroll_bar, below):
        column.addWidget(widget, 1 if widget is plots else 0)
    return column
