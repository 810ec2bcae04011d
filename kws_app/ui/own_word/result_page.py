"""The last page: what to expect of the new word, in plain numbers."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from kws_app.own_word.job import Progress
from kws_app.translation import _


class ResultPage(QWidget):
    """Says that the word listens, and how well it was measured."""

    def __init__(self) -> None:
        super().__init__()
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addStretch(1)

    def show_word(self, word: str, progress: Progress) -> None:
        self.title.setText(_('"{word}" listens now.', word=word))
        self.text.setText(
            _(
                "{figures}\n\nSay it a few times and see the curve rise. Mark in the list what was right and what was "
                "a false alarm: that shows how it does with your voice and in your room.",
                figures=progress.text,
            )
        )
