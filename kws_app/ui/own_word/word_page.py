"""The first page: the word is typed, and the page says how it sounds and whether it is a good word.

Plain checks answer at once. What takes longer is asked of a child process on a thread; the answer comes as a signal.
"""

import threading
from collections.abc import Callable

from PyQt6.QtCore import QLocale, Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.own_word.advice import Advice, Advisor, Saying, saying_like, spoken
from kws_app.own_word.job import Progress, TrainingJob, why_not
from kws_app.own_word.languages import LANGUAGES, language_of
from kws_app.own_word.order import Typed
from kws_app.own_word.word import MOST_LETTERS, check_word
from kws_app.translation import _
from kws_app.ui.own_word.sayings_box import SayingsBox

GENERAL_NAMES = {"en": "English", "es": "Español"}  # Qt names a country's language, such as "American English"
TYPING_MS = 500  # after the last key the word counts as complete


def language_name(code: str) -> str:
    """A language in its own words, such as "Deutsch"."""
    name = GENERAL_NAMES.get(code) or QLocale(code).nativeLanguageName() or code
    return name[0].upper() + name[1:]


class WordPage(QWidget):
    """The input field, advice about the word, and the voices that will say it."""

    changed = pyqtSignal()
    entered = pyqtSignal()  # the Enter key
    _advised = pyqtSignal(object)  # Advice, from the advisor's thread
    _answered = pyqtSignal(str, object)  # the question, and Samples, a Saying, or a sentence
    _voices_fetched = pyqtSignal(str)  # why the download failed, or empty

    def __init__(self, play: Callable[[Samples], None]) -> None:
        """play: plays samples [N] at 16 kHz"""
        super().__init__()
        self._play = play
        self._advisor = Advisor(self._tell_advice)
        self._fetching = TrainingJob(self._note_nothing, self._tell_fetched)
        self.edit = QLineEdit()
        self.edit.setPlaceholderText(_("For example a name, or two words"))
        self.edit.setAccessibleName(_("Your word"))
        self.edit.setMaxLength(5 * MOST_LETTERS)  # longer texts get their sentence, too
        self.languages = QComboBox()
        self.languages.setAccessibleName(_("The language of the word"))
        self.languages.setToolTip(_("The language in which the word is pronounced"))
        for code in LANGUAGES:
            self.languages.addItem(language_name(code), code)
        self.languages.setCurrentIndex(self.languages.findData(language_of(QLocale().name())))
        self.advice = _wrapped()
        self.sayings = SayingsBox()
        self.voices = _wrapped(muted=True)
        self.fetch = QPushButton(_("&Get better voices"))
        self.fetch.setToolTip(_("Download the Kokoro voices: 120 MB, licence Apache-2.0 (Alt+G)"))
        self._lay_out()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_MS)
        self._pause.timeout.connect(self._ask)
        self.edit.textChanged.connect(self._typed)
        self.edit.returnPressed.connect(self.entered)
        self.languages.currentIndexChanged.connect(self._typed)
        self.sayings.changed.connect(self.changed)
        self.sayings.hear_wanted.connect(self._hear)
        self.sayings.add_wanted.connect(self._add)
        self.fetch.clicked.connect(self._fetch_voices)
        self._advised.connect(self._show_advice)
        self._answered.connect(self._take_answer)
        self._voices_fetched.connect(self._show_fetched)
        self._typed()

    def _lay_out(self) -> None:
        title = QLabel(_("Which word should it listen for?"))
        title.setObjectName("pageTitle")
        title.setWordWrap(True)
        what = _wrapped(muted=True)
        what.setText(
            _(
                "It learns from synthetic voices that say the word, and from you if you like. Everything is made on "
                "this computer. The word listens after a few minutes."
            )
        )
        row = QHBoxLayout()
        row.addWidget(self.edit, 1)
        row.addWidget(self.languages)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(title)
        column.addLayout(row)
        column.addWidget(self.advice)
        column.addWidget(self.sayings)
        column.addSpacing(6)
        column.addWidget(what)
        column.addWidget(self.voices)
        column.addWidget(self.fetch, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.sayings.hide()
        self.fetch.hide()

    @property
    def word(self) -> str:
        """The typed word, without spaces around it."""
        return " ".join(self.edit.text().split())

    @property
    def language(self) -> str:
        return str(self.languages.currentData())

    @property
    def chosen(self) -> tuple[str, ...]:
        """The IPA of the ways that the user chose; empty for all ways that were found."""
        return self.sayings.chosen

    def show_typed(self, typed: Typed) -> None:
        """Show a word of an earlier run."""
        self.languages.setCurrentIndex(self.languages.findData(typed.language))
        self.edit.setText(typed.word)

    @property
    def problem(self) -> str:
        """Why the word cannot be used, in one sentence; empty if it can."""
        if self.sayings.none_chosen:
            return _("Keep at least one way to say the word.")
        return check_word(self.word) or self._trouble

    def finish(self) -> None:
        """The app ends: stop a download."""
        self._pause.stop()
        self._fetching.cancel()

    def _typed(self) -> None:
        word = self.word
        self._pause.stop()
        self._trouble = ""
        self.sayings.hide()
        self.sayings.show_sayings([])
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

    _trouble = ""  # why the word cannot be used, by the advisor

    def _ask(self) -> None:
        self._advisor.ask(self.word, self.language)

    def _tell_advice(self, advice: Advice) -> None:
        """Called on the advisor's thread, which holds this method and so keeps this object alive."""
        self._advised.emit(advice)

    def _tell_fetched(self, trouble: str) -> None:
        """Called on the job's thread, which holds this method and so keeps this object alive."""
        self._voices_fetched.emit(trouble)

    def _show_advice(self, advice: Advice) -> None:
        if (advice.word, advice.language) != (self.word, self.language):
            return
        self._trouble = advice.trouble
        self.advice.setText(advice.trouble or "\n".join(advice.sentences))
        self.sayings.show_sayings(advice.sayings)
        self.sayings.setVisible(bool(advice.sayings))
        if not advice.trouble:
            self.voices.setText(_("Voices on this computer: {names}.", names=", ".join(advice.voices) or _("none")))
        self.fetch.setVisible(bool(advice.better_voices) and not self._fetching.running)
        self.changed.emit()

    def _hear(self, ipa: str) -> None:
        word, language = self.word, self.language
        self._answer(lambda: spoken(word, language, ipa))

    def _add(self, letters: str) -> None:
        word, language = self.word, self.language
        self._answer(lambda: saying_like(word, language, letters))

    def _answer(self, ask: Callable[[], Samples | Saying]) -> None:
        """Ask on a thread."""
        self.sayings.say("")
        self.sayings.set_asking(True)
        question = f"{self.language} {self.word}"

        def run() -> None:
            answer: Samples | Saying | str
            try:
                answer = ask()
            except (AudioError, ValueError) as error:
                answer = str(error)
            try:
                self._answered.emit(question, answer)
            except RuntimeError:
                pass  # the window is gone

        threading.Thread(target=run, name="word question", daemon=True).start()

    def _take_answer(self, question: str, answer: Samples | Saying | str) -> None:
        self.sayings.set_asking(False)
        if question != f"{self.language} {self.word}":
            return  # another word is typed by now
        if isinstance(answer, str):
            self.sayings.say(answer)
        elif isinstance(answer, Saying):
            self.sayings.take_in(answer)
        else:
            self._play(answer)

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


def _wrapped(muted: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("muted", muted)
    return label
