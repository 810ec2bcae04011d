"""The first page: the user types the word, and the page says how it sounds and whether it is a good word.

On the window's thread. Simple checks answer at once. A child process finds out how the word sounds; its answer comes as
a signal.
"""

import threading
from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.own_word.advice import Advice, Advisor, spoken
from kws_app.own_word.job import Progress, TrainingJob, why_not
from kws_app.own_word.word import MOST_LETTERS, check_word
from kws_app.translation import _

TYPING_MS = 500  # after the last key the word counts as complete
MOST_PRONUNCIATIONS = 4  # pronunciations that are shown


class WordPage(QWidget):
    """The input field, advice about the word, and the voices that will say it."""

    changed = pyqtSignal()
    entered = pyqtSignal()  # the Enter key
    _answered = pyqtSignal(object)  # Advice, from the advisor's thread
    _said = pyqtSignal(object, str)  # Samples, or None and a sentence why no voice can say the word
    _voices_fetched = pyqtSignal(str)  # why the download failed, or empty

    def __init__(self, play: Callable[[Samples], None]) -> None:
        """play: plays samples [N] at 16 kHz"""
        super().__init__()
        self._play = play
        self._advisor = Advisor(self._answered.emit)
        self._fetching = TrainingJob(self._note_nothing, self._voices_fetched.emit)
        title = QLabel(_("Which word should it listen for?"))
        title.setObjectName("pageTitle")
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(_("For example a name, or two words"))
        self.edit.setAccessibleName(_("Your word"))
        self.edit.setMaxLength(5 * MOST_LETTERS)  # longer than allowed, so that the user reads why
        self.advice = _wrapped()
        self.sounds = _wrapped()
        self.hear = QPushButton(_("&Hear it"))
        self.hear.setToolTip(_("A voice says the word (Alt+H)"))
        self.hear.hide()
        sounds = QHBoxLayout()
        sounds.addWidget(self.sounds, 1)
        sounds.addWidget(self.hear, 0, Qt.AlignmentFlag.AlignTop)
        self.voices = _wrapped()
        self.voices.setProperty("muted", True)
        self.fetch = QPushButton(_("&Get better voices"))
        self.fetch.setToolTip(_("Download the Kokoro voices: 120 MB, licence Apache-2.0 (Alt+G)"))
        self.fetch.hide()
        what = _wrapped()
        what.setText(
            _(
                "The word is learnt from synthetic voices, and from your own voice if you like. All of this happens on "
                "this computer. The word is ready after a few minutes."
            )
        )
        what.setProperty("muted", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(title)
        column.addWidget(self.edit)
        column.addWidget(self.advice)
        column.addLayout(sounds)
        column.addSpacing(8)
        column.addWidget(what)
        column.addWidget(self.voices)
        column.addWidget(self.fetch, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_MS)
        self._pause.timeout.connect(self._ask)
        self.edit.textChanged.connect(self._typed)
        self.edit.returnPressed.connect(self.entered)
        self.hear.clicked.connect(self._hear)
        self.fetch.clicked.connect(self._fetch_voices)
        self._answered.connect(self._show_advice)
        self._said.connect(self._play_word)
        self._voices_fetched.connect(self._show_fetched)
        self._typed()

    @property
    def word(self) -> str:
        """The typed word, without spaces around it."""
        return " ".join(self.edit.text().split())

    def finish(self) -> None:
        """The app ends: stop a download."""
        self._pause.stop()
        self._fetching.cancel()

    def _typed(self) -> None:
        word = self.word
        self._pause.stop()
        self.hear.hide()
        self.sounds.setText("")
        if not word:
            self.advice.setText(_("A good word has three or more syllables and is rare in talk."))
        elif check_word(word):
            self.advice.setText(check_word(word))
        elif why_not():
            self.advice.setText(why_not())
        else:
            self.advice.setText(_("Checking the word…"))
            self._pause.start()
        self.changed.emit()

    def _ask(self) -> None:
        self._advisor.ask(self.word)

    def _show_advice(self, advice: Advice) -> None:
        if advice.word != self.word:
            return
        self.advice.setText(advice.trouble or "\n".join(advice.sentences))
        said = [f"[{ipa}]  {description}" for ipa, description in advice.pronunciations[:MOST_PRONUNCIATIONS]]
        self.sounds.setText("\n".join(said))
        self.hear.setVisible(bool(said))
        if not advice.trouble:
            self.voices.setText(_("Voices on this computer: {names}.", names=", ".join(advice.voices) or _("none")))
        self.fetch.setVisible(bool(advice.better_voices) and not self._fetching.running)

    def _hear(self) -> None:
        self.hear.setEnabled(False)
        threading.Thread(target=self._say, args=(self.word,), name="word voice", daemon=True).start()

    def _say(self, word: str) -> None:
        try:
            samples, trouble = spoken(word), ""
        except AudioError as error:
            samples, trouble = None, str(error)
        try:
            self._said.emit(samples, trouble)
        except RuntimeError:
            pass  # the window is gone

    def _play_word(self, samples: Samples | None, trouble: str) -> None:
        self.hear.setEnabled(True)
        if samples is None:
            self.advice.setText(trouble)
        else:
            self._play(samples)

    def _fetch_voices(self) -> None:
        self.fetch.hide()
        self.voices.setText(_("Downloading the voices, 120 MB. You can go on in the meantime."))
        self._fetching.fetch_voices()

    def _show_fetched(self, trouble: str) -> None:
        self.voices.setText(trouble or _("The voices are downloaded."))
        self.fetch.setVisible(bool(trouble))
        if self.word and not check_word(self.word):
            self._ask()

    @staticmethod
    def _note_nothing(progress: Progress) -> None:
        """Do nothing: a download reports no progress."""


def _wrapped() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
