"""The part of the last pages in which the user tries the new word. On the window's thread."""

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from kws_app.translation import _, ngettext


class TryPanel(QFrame):
    """Asks the user to say the word, and counts how often it was heard."""

    def __init__(self, listen: Callable[[], str]) -> None:
        """listen: switches the microphone on; returns why it cannot, in one sentence, or an empty text"""
        super().__init__()
        self.setObjectName("part")
        self._listen = listen
        self._word = ""
        self._heard = 0
        self.text = QLabel()
        self.text.setObjectName("prompt")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(_("&Try it now"))
        self.button.setToolTip(_("Switch the microphone on and say the word. The training goes on (Alt+T)"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 10, 8)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self.button.clicked.connect(self._try)

    def begin(self, word: str) -> None:
        """Show that the word is on."""
        self._word, self._heard = word, 0
        self.text.setText(_("“{word}” is on.", word=word))
        self.button.show()

    def note_heard(self) -> None:
        """Count a detection of the word."""
        self._heard += 1
        self.button.hide()
        self.text.setText(
            ngettext("“{word}” was heard once.", "“{word}” was heard {count} times.", self._heard, word=self._word)
        )

    def _try(self) -> None:
        trouble = self._listen()
        self.text.setText(trouble or _("Say “{word}”.", word=self._word))
        self.button.setVisible(bool(trouble))
