"""The list of takes. Each line says whether the take is good, and has buttons to play, repeat or remove it."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from kws_app.own_word.takes import Take
from kws_app.translation import _


class TakeLine(QFrame):
    """The line of a take."""

    def __init__(self, number: int, take: Take) -> None:
        super().__init__()
        self.setObjectName("part")
        mark = QLabel("✓" if take.good else "✗")
        mark.setObjectName("outcome")
        mark.setProperty("outcome", "worked" if take.good else "")
        said = _("Take {number}: good, {length:.1f} s", number=number, length=take.length_s)
        if take.fault is not None:
            said = _("Take {number}: {fault}", number=number, fault=take.fault.sentence)
        self.text = QLabel(said)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.play = self._button(_("Play"), _("Hear take {number}", number=number))
        self.again = self._button(_("Again"), _("Say take {number} again", number=number))
        self.remove = self._button(_("Remove"), _("Remove take {number}", number=number))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 6, 4)
        row.setSpacing(6)
        row.addWidget(mark)
        row.addWidget(self.text, 1)
        for button in (self.play, self.again, self.remove):
            row.addWidget(button)

    @staticmethod
    def _button(text: str, name: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("small", True)
        button.setToolTip(name)
        button.setAccessibleName(name)
        return button


class TakesView(QScrollArea):
    """All takes. The newest take is visible."""

    play_wanted = pyqtSignal(int)  # index of a take
    again_wanted = pyqtSignal(int)
    remove_wanted = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(_("Takes"))
        self.lines: list[TakeLine] = []
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self.setWidget(self._inside)
        bar = self.verticalScrollBar()
        if bar is not None:
            bar.rangeChanged.connect(lambda _least, most: self._show_newest(most))
        self._follow = False

    def show_takes(self, takes: Sequence[Take]) -> None:
        """Show these takes in place of the present lines."""
        self._follow = len(takes) > len(self.lines)
        for line in self.lines:
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [TakeLine(number, take) for number, take in enumerate(takes, start=1)]
        for index, line in enumerate(self.lines):
            line.play.clicked.connect(lambda _on, index=index: self.play_wanted.emit(index))
            line.again.clicked.connect(lambda _on, index=index: self.again_wanted.emit(index))
            line.remove.clicked.connect(lambda _on, index=index: self.remove_wanted.emit(index))
            self._column.insertWidget(index, line)

    def set_busy(self, busy: bool) -> None:
        """recording: True during a recording; then the buttons are disabled"""
        self._inside.setEnabled(not busy)

    def _show_newest(self, most: int) -> None:
        bar = self.verticalScrollBar()
        if self._follow and bar is not None:
            bar.setValue(most)
