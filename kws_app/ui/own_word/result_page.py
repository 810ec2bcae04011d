"""The last page: the measured figures of the new word. On the window's thread."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QVBoxLayout, QWidget

from kws_app.own_word.job import Progress
from kws_app.translation import _


class ResultPage(QWidget):
    """Says that the word is ready, and how well it was heard in the measurement."""

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
        self.title.setText(_("“{word}” is ready and listens now.", word=word))
        self.text.setText(
            _(
                "{figures}\n\nSay the word a few times and see the curve rise. Label the rows of the list as right or "
                "as false alarms: this shows how well it works with your voice and in your room.",
                figures=progress.text,
            )
        )
