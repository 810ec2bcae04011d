"""The first page: the word is typed, and the page says at once whether it is a good word."""

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from kws_app.own_word.word import MOST_LETTERS, check_word
from kws_app.translation import _

GOOD_LETTERS = 6  # from here on few other words sound alike


class WordPage(QWidget):
    """A field for the word, and a sentence about it."""

    changed = pyqtSignal()
    entered = pyqtSignal()  # the Enter key

    def __init__(self) -> None:
        super().__init__()
        title = QLabel(_("Which word should it listen for?"))
        title.setObjectName("pageTitle")
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(_("For example a name, or two words"))
        self.edit.setAccessibleName(_("Your word"))
        self.edit.setMaxLength(5 * MOST_LETTERS)  # longer texts get their sentence, too
        self.advice = QLabel()
        self.advice.setWordWrap(True)
        self.advice.setTextFormat(Qt.TextFormat.PlainText)
        what = QLabel(
            _(
                "It learns from synthetic voices that say the word, and from you if you like. Everything is made on "
                "this computer. The first version listens after a few minutes."
            )
        )
        what.setWordWrap(True)
        what.setProperty("muted", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.edit)
        column.addWidget(self.advice)
        column.addSpacing(8)
        column.addWidget(what)
        column.addStretch(1)
        self.edit.textChanged.connect(self._show_advice)
        self.edit.returnPressed.connect(self.entered)
        self._show_advice()

    @property
    def word(self) -> str:
        """As typed, without spaces around it."""
        return " ".join(self.edit.text().split())

    def _show_advice(self) -> None:
        word = self.word
        if not word:
            self.advice.setText(_("A good word has two or more syllables and is rare in talk."))
        elif check_word(word):
            self.advice.setText(check_word(word))
        elif sum(c.isalpha() for c in word) < GOOD_LETTERS:
            self.advice.setText(_("This word is short: other words may set it off. A longer word is safer."))
        else:
            self.advice.setText(_("This word can be learnt."))
        self.changed.emit()
