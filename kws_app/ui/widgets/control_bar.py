"""The controls: start, source, model, threshold. They hold what is chosen and say what the user does; nothing else.

On the window's thread. A value set by a method is shown but not reported back, so nothing loops.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QShowEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from kws_app.audio.portaudio import Microphone
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.translation import _

SLIDER_STEPS = 1000  # of the threshold, from 0 to 1
OPEN_FILE = _("Open a file…")
START_HINT = _("Start or stop listening (Space)")


@dataclass(frozen=True)
class SourceChoice:
    """A microphone by name (empty: the system's default), or a file."""

    microphone: str = ""
    path: Path | None = None


class SourcePicker(QComboBox):
    """Microphones, the file if one is open, and the way to open one."""

    chosen = pyqtSignal(object)  # SourceChoice
    file_wanted = pyqtSignal()
    opening = pyqtSignal()  # the list is about to drop down

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Source of the sound"))
        self.setToolTip(_("What to listen to: a microphone or an audio file (Ctrl+O opens one)"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(110)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice = SourceChoice()
        self.microphones: list[Microphone] = []
        self._recent: list[Path] = []
        self.activated.connect(self._activated)
        self._fill()

    def set_microphones(self, microphones: list[Microphone]) -> None:
        if microphones == self.microphones:
            return  # an open list is left as it is
        self.microphones = microphones
        self._fill()
        view = self.view()
        if view is not None and view.isVisible():
            super().showPopup()  # as high as it is long now

    def set_recent(self, paths: list[Path]) -> None:
        """Files that were opened before, the latest first."""
        self._recent = paths
        self._fill()

    def choose(self, choice: SourceChoice) -> None:
        self.choice = choice
        self._fill()

    def _fill(self) -> None:
        with QSignalBlocker(self):
            self.clear()
            for microphone in self.microphones:
                self.addItem(microphone.label, SourceChoice(microphone.name))
            if self.choice.path is None and self._index() < 0:  # not there now, still meant
                self.insertItem(
                    0,
                    _("{microphone} (not there)", microphone=self.choice.microphone)
                    if self.microphones
                    else _("No microphone"),
                )
                self.setItemData(0, self.choice)
            self.insertSeparator(self.count())
            chosen = [] if self.choice.path is None else [self.choice.path]
            for path in dict.fromkeys([*self._recent, *chosen]):
                self.addItem(path.name, SourceChoice(self.choice.microphone, path))
                self.setItemData(self.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
            self.addItem(OPEN_FILE, None)
            self.setCurrentIndex(self._index())

    def _index(self) -> int:
        return next((i for i in range(self.count()) if self.itemData(i) == self.choice), -1)

    def _activated(self, index: int) -> None:
        choice = self.itemData(index)
        self.setCurrentIndex(self._index())
        if choice is None:
            self.file_wanted.emit()
        elif choice != self.choice:
            self.choose(choice)
            self.chosen.emit(choice)

    def showPopup(self) -> None:
        self.opening.emit()
        super().showPopup()


class ControlBar(QWidget):
    """One row: start, source, look again, model, others beside it, the menu; the window adds the meter before that."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start = QPushButton(_("Start listening"))
        self.start.setObjectName("start")
        self.start.setCheckable(True)
        self.start.setToolTip(START_HINT)
        self.start.toggled.connect(self._name_start)
        self.source = SourcePicker()
        self.refresh = QToolButton()
        self.refresh.setText("⟳")
        self.refresh.setAccessibleName(_("Look for microphones again"))
        self.refresh.setToolTip(
            _(
                "Look for microphones again (F5); while listening, this opens the one in use anew, which interrupts "
                "it for a moment"
            )
        )
        self.refresh.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.real_time = QCheckBox(_("Real time"))
        self.real_time.setToolTip(
            _("Play the file at the pace at which it was spoken; else as fast as this computer can")
        )
        self.real_time.hide()  # until a file is chosen
        self.model = QComboBox()
        self.model.setAccessibleName(_("Model"))
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)  # a pair has a long name
        self.model.setMinimumWidth(130)
        self.more = QToolButton()
        self.more.setText("☰")
        self.more.setAccessibleName(_("Menu"))
        self.more.setToolTip(_("More: settings and what is seldom needed (F10)"))
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)  # for actions that other parts add
        self.menu.setToolTipsVisible(True)
        self.more.setMenu(self.menu)
        self.compare = QToolButton()
        self.compare.setToolTip(
            _("Let several models listen to the same sound: to compare them, or for several words (Ctrl+L)")
        )
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(8)
        self.row.addWidget(self.start)
        self.row.addSpacing(4)
        self.row.addWidget(self.source, 1)
        self.row.addWidget(self.real_time)
        self.row.addWidget(self.refresh)
        self.row.addSpacing(4)
        self.row.addWidget(self.model)
        self.row.addWidget(self.compare)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Now that it has the theme's font: the start button stays as wide as the longer of its texts."""
        super().showEvent(event)
        widths = []
        for checked in (not self.start.isChecked(), self.start.isChecked()):
            self._name_start(checked)
            widths.append(self.start.sizeHint().width())
        self.start.setMinimumWidth(max(widths))

    def offer(self, text: str, tip: str, action: Callable[[], object]) -> QAction:
        """Put something into the menu."""
        offered = QAction(text, self.menu)
        offered.setToolTip(tip)
        offered.triggered.connect(lambda: action())
        self.menu.addAction(offered)
        return offered

    def _name_start(self, checked: bool) -> None:
        self.start.setText(_("Stop listening") if checked else _("Start listening"))

    def set_listening(self, listening: bool) -> None:
        with QSignalBlocker(self.start):
            self.start.setChecked(listening)
        self._name_start(listening)

    def forbid_start(self, reason: str) -> None:
        """Nothing can be started, for this reason; none: it can."""
        self.start.setEnabled(not reason)
        self.start.setToolTip(reason or START_HINT)

    def set_models(self, names: list[str], current: str) -> None:
        with QSignalBlocker(self.model):
            self.model.clear()
            self.model.addItems(names)
            self.model.setCurrentIndex(names.index(current) if current in names else -1)
        hint = _("The model that listens: which word, and which network (Ctrl+M)")
        self.model.setToolTip(f"{current}\n{hint}")  # a narrow window cuts the name off


class ThresholdControl(QWidget):
    """The threshold as a slider, with its value and the way back to the model's own."""

    changed = pyqtSignal(float)  # by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = 0.5
        self.recommended = 0.5
        self._value = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(LOWEST_THRESHOLD * SLIDER_STEPS), SLIDER_STEPS)
        self.slider.setSingleStep(5)
        self.slider.setPageStep(50)
        self.slider.setAccessibleName(_("Threshold"))
        self.slider.setToolTip(
            _(
                "Probability from which the word counts as heard: further right means fewer false alarms and more "
                "misses (Ctrl+Up, Ctrl+Down, or drag the line in the plot)"
            )
        )
        self.reset = QPushButton()
        self.reset.setToolTip(_("Use the threshold that was measured with this model (Ctrl+R)"))
        grid = QGridLayout(self)
        grid.setContentsMargins(2, 0, 2, 0)
        grid.addWidget(QLabel(_("Threshold")), 0, 0)
        grid.addWidget(self._value, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        grid.addWidget(self.reset, 2, 0, 1, 2)
        self.slider.valueChanged.connect(self._slid)
        self.reset.clicked.connect(lambda: self._change(self.recommended))
        self.set_threshold(0.5, 0.5)

    def set_threshold(self, threshold: float, recommended: float | None = None) -> None:
        """Show a threshold, and the one to go back to if it is given."""
        self.threshold = threshold
        self.recommended = self.recommended if recommended is None else recommended
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(threshold * SLIDER_STEPS))
        self._value.setText(f"{threshold:.3f}")
        self.reset.setText(_("Back to the model's {threshold:.3f}", threshold=self.recommended))
        self.reset.setEnabled(abs(threshold - self.recommended) > 0.5 / SLIDER_STEPS)

    def step(self, steps: int) -> None:
        """Move by slider steps, as the keys do."""
        self.slider.setValue(self.slider.value() + steps * self.slider.singleStep())

    def _slid(self, value: int) -> None:
        self._change(value / SLIDER_STEPS)

    def _change(self, threshold: float) -> None:
        self.set_threshold(threshold)
        self.changed.emit(threshold)
