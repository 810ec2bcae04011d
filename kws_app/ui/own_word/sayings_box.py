"""The ways to say the typed word: the user hears them, leaves some out, or adds some. On the window's thread."""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from kws_app.own_word.advice import Saying
from kws_app.translation import _

LONGEST = 80  # letters of a way that the user adds


class SayingsBox(QWidget):
    """A line for each way. At first all ways are chosen."""

    changed = pyqtSignal()
    hear_wanted = pyqtSignal(str)  # IPA
    add_wanted = pyqtSignal(str)  # letters, as the user typed them

    def __init__(self) -> None:
        super().__init__()
        self.checks: dict[str, QCheckBox] = {}  # by IPA
        self.plays: dict[str, QPushButton] = {}
        self._found: tuple[str, ...] = ()
        title = QLabel(_("The word may sound like this"))
        title.setObjectName("sectionTitle")
        self.edit = QLineEdit()
        self.edit.setMaxLength(LONGEST)
        self.edit.setPlaceholderText(_("Another way: as it sounds, such as “kompjutah”"))
        self.edit.setAccessibleName(_("Another way to say the word"))
        self.edit.setToolTip(_("Letters that sound like the word, or phonetic letters (IPA)"))
        self.add = QPushButton(_("&Add"))
        self.add.setToolTip(_("Learn this way to say the word, too (Alt+A)"))
        self.trouble = QLabel()
        self.trouble.setObjectName("trouble")
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        row.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(title)
        column.addLayout(self._lines)
        column.addLayout(row)
        column.addWidget(self.trouble)
        self.edit.returnPressed.connect(self._add)
        self.edit.textChanged.connect(lambda text: self.add.setEnabled(bool(text.strip())))
        self.add.clicked.connect(self._add)
        self.add.setEnabled(False)
        self.say("")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The IPA of the chosen ways; empty for the ways that were found, because the training finds them, too."""
        ways = tuple(ipa for ipa, check in self.checks.items() if check.isChecked())
        return () if ways == self._found else ways

    @property
    def none_chosen(self) -> bool:
        """Whether the user left out every way."""
        return bool(self.checks) and not any(check.isChecked() for check in self.checks.values())

    def show_sayings(self, sayings: Sequence[Saying]) -> None:
        """Show the ways that were found for a word, in place of the present lines."""
        while (item := self._lines.takeAt(0)) is not None:
            line = item.widget()
            if line is not None:
                line.hide()
                line.deleteLater()
        self.checks, self.plays = {}, {}
        self._found = tuple(saying.ipa for saying in sayings)
        self.edit.clear()
        self.say("")
        for saying in sayings:
            self._show(saying)
        self.changed.emit()

    def take_in(self, saying: Saying) -> None:
        """Add a way of the user."""
        self.edit.clear()
        self.say("")
        if saying.ipa in self.checks:
            self.checks[saying.ipa].setChecked(True)
        else:
            self._show(saying)
            self.changed.emit()

    def say(self, trouble: str) -> None:
        """Show why a way could not be added."""
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def set_asking(self, asking: bool) -> None:
        """asking: True while an answer is awaited; then the buttons are disabled"""
        self.add.setEnabled(not asking and bool(self.edit.text().strip()))
        for play in self.plays.values():
            play.setEnabled(not asking)

    def _add(self) -> None:
        letters = self.edit.text().strip()
        if letters:
            self.add_wanted.emit(letters)

    def _show(self, saying: Saying) -> None:
        check = QCheckBox(f"{saying.description}   [{saying.ipa}]".replace("&", "&&"))
        check.setChecked(True)
        check.toggled.connect(self.changed)
        play = QPushButton(_("Hear it"))
        play.setProperty("small", True)
        play.setAccessibleName(_("Hear it: {way}", way=saying.description))
        play.clicked.connect(lambda: self.hear_wanted.emit(saying.ipa))
        self.checks[saying.ipa], self.plays[saying.ipa] = check, play
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(check, 1)
        row.addWidget(play)
        self._lines.addWidget(line)
