"""The dialog that adds a word: words that come with the program, and the user's own words. On the window's thread."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from kws_app.engine.names import written
from kws_app.own_word.job import why_not
from kws_app.translation import _
from kws_app.ui.widgets.dialog import Dialog
from kws_app.ui.widgets.wrapping_row import WrappingRow

WIDTH = 460  # px


class WordChooser(Dialog):
    """A line for each word: its name, its measured figures, and a button that adds it."""

    chosen = pyqtSignal(str)  # keyword
    own_wanted = pyqtSignal()  # the user wants to make a new word
    model_wanted = pyqtSignal()  # the user wants to add a model file

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Add a word"), WIDTH, parent)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        self.adds: dict[str, QPushButton] = {}  # by keyword
        self._shown: list[tuple[str, str, bool]] = []
        self.bring_model = QPushButton(_("From a model file…"))
        self.bring_model.setToolTip(_("Shows the description of the model before it is added"))
        self.bring_model.setAutoDefault(False)
        self.bring_model.clicked.connect(self.model_wanted)
        self.own = QPushButton(_("Add your own word…"))
        self.own.setToolTip(
            why_not() or _("Type a word and say it a few times. This computer learns it; nothing is sent anywhere")
        )
        self.own.setAutoDefault(False)
        self.own.clicked.connect(self.own_wanted)
        self.column.addLayout(self._list)
        self.column.addLayout(WrappingRow(self.own, self.bring_model))
        needed = QLabel(why_not())
        needed.setProperty("muted", True)
        needed.setWordWrap(True)
        needed.setTextFormat(Qt.TextFormat.PlainText)
        needed.setVisible(bool(why_not()))
        self.column.addWidget(needed)

    def show_words(self, words: Sequence[tuple[str, str, bool]]) -> None:
        """words: for each word its keyword, its measured figures, and whether it is on already"""
        if list(words) == self._shown:
            return
        self._shown = list(words)
        self.adds = {}
        while (item := self._list.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for keyword, text, listed in words:
            self._list.addWidget(self._line(keyword, text, listed))
        self.fit()

    def _line(self, keyword: str, text: str, listed: bool) -> QFrame:
        line = QFrame()
        line.setObjectName("part")
        name = QLabel(written(keyword))
        name.setObjectName("stepTitle")
        about = QLabel(text)
        about.setProperty("muted", True)
        for label in (name, about):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        add = self.adds[keyword] = QPushButton(_("Listening") if listed else _("Add"))
        add.setAccessibleName(_("Add “{word}”", word=written(keyword)))
        add.setToolTip(_("The word is on") if listed else _("Listen for this word"))
        add.setEnabled(not listed)
        add.setAutoDefault(False)
        add.clicked.connect(lambda: self.chosen.emit(keyword))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(name)
        words.addWidget(about)
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 8, 10, 8)
        row.addLayout(words, 1)
        row.addWidget(add)
        return line
