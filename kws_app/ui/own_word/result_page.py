"""The last page: the measured figures of the word, and a button that brings the earlier model back."""

from collections.abc import Callable

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from kws_app.translation import _
from kws_app.ui.own_word.try_panel import TryPanel


class ResultPage(QWidget):
    """Says that the word is ready, and how well it was heard in the measurement."""

    undo_wanted = pyqtSignal()

    def __init__(self, listen: Callable[[], str]) -> None:
        super().__init__()
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.text, self.next_steps, self.more = QLabel(), QLabel(), QLabel()
        for label in (self.title, self.text, self.next_steps, self.more):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.next_steps, self.more):
            label.setProperty("muted", True)
        self.trial = TryPanel(listen)
        self.undo = QPushButton(_("&Undo: bring the earlier model back"))
        self.undo.clicked.connect(self.undo_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addWidget(self.trial)
        column.addWidget(self.undo, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.next_steps)
        column.addWidget(self.more)
        column.addStretch(1)
        self.say_more("")

    def show_new(self, word: str, figures: str) -> None:
        """Show a word that was learnt for the first time."""
        self.title.setText(_("“{word}” is ready and listens now", word=word))
        self.text.setText(figures)
        self.next_steps.setText(
            _(
                "Label the rows of the list as right or as false alarms. After a few labels, “Learn from these” below "
                "the list makes the word better for your voice and your room."
            )
        )
        self._show(undo=False)

    def add_figures(self, figures: str) -> None:
        """Add the figures of a smaller network of the word."""
        self.text.setText(f"{self.text.text()}\n{figures}")

    def show_lesson(self, word: str, verdict: str, replaced: bool) -> None:
        """Show a word that was trained again with labels."""
        better = _("“{word}” is better now", word=word)
        self.title.setText(better if replaced else _("“{word}” stays as it was", word=word))
        self.text.setText(verdict)
        self.next_steps.setText("" if replaced else _("Nothing was changed. More labels in the list may help."))
        self._show(undo=replaced)

    def show_undone(self, word: str) -> None:
        """Show that the earlier model is back."""
        self.title.setText(_("“{word}” is as it was before", word=word))
        self.text.setText(_("The earlier model listens again."))
        self.next_steps.setText("")
        self._show(undo=False)

    def say_more(self, text: str) -> None:
        """Show a sentence about work that still goes on."""
        self.more.setText(text)
        self.more.setVisible(bool(text))

    def _show(self, undo: bool) -> None:
        self.undo.setVisible(undo)
        self.next_steps.setVisible(bool(self.next_steps.text()))
