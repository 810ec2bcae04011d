"""The first steps: four short steps in a strip under the controls. They block nothing. On the window's thread.

The strip comes by itself until the user finishes or skips it. After that the menu opens it.
"""

from collections.abc import Callable

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from kws_app.engine.names import written
from kws_app.listening.findings import Mark
from kws_app.translation import _
from kws_app.ui.listening import Listening
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.sources.level_meter import FLOOR_DB, LevelMeter
from kws_app.ui.sources.source_control import SourceControl
from kws_app.ui.widgets.control_bar import OPEN_FILE
from kws_app.ui.widgets.wrapping_row import WrappingRow
from kws_app.ui.words.active_words import ActiveWords

MOVED_DB = -45.0  # the meter reaches it with a voice in front of the microphone, but not with the noise of a room
MOST_WORDS = 4  # words that are offered as buttons
WORD, MICROPHONE, SAY, ACTIONS = range(4)  # the steps
TITLES = (
    _("1 of 4: choose a word"),
    _("2 of 4: is the right microphone selected?"),
    _("3 of 4: say the word"),
    _("4 of 4: choose what happens"),
)


class FirstRun(QFrame):
    """Leads a new user to a word that does something. A step ends when the user does it, or presses the button."""

    finished = pyqtSignal()

    def __init__(
        self,
        listening: Listening,
        sources: SourceControl,
        meter: LevelMeter,
        words: ActiveWords,
        store: SettingsStore,
        choose_actions: Callable[[], object],
        add_own: Callable[[], object],
    ) -> None:
        """choose_actions: opens the dialog of the actions. add_own: opens the wizard that makes a new word"""
        super().__init__()
        self.setObjectName("firstRun")
        self.setAccessibleName(_("First steps"))
        self.step = WORD
        self._listening, self._sources, self._meter, self._store = listening, sources, meter, store
        self._words = words
        self.words: dict[str, QPushButton] = {}  # by keyword: the words to choose from
        self._heard: Mark | None = None
        self._title = QLabel()
        self._title.setObjectName("stepTitle")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self.choose = QPushButton(_("Choose what happens…"))
        self.choose.setToolTip(_("A sound, a notification, a program or a web hook when the word is heard"))
        self.own = QPushButton(_("Add your own word…"))
        self.own.setToolTip(_("Type a word and say it a few times. This computer learns it; nothing is sent anywhere"))
        self.next = QPushButton()
        self.next.setToolTip(_("Go to the next step (Alt+N)"))
        self.skip = QPushButton(_("Skip"))
        self.skip.setToolTip(_("Close the first steps; you can open them from the menu (Alt+S)"))
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.addLayout(texts, 1)
        buttons = QWidget()
        self._buttons = WrappingRow(self.choose, self.own, self.next, self.skip)
        buttons.setLayout(self._buttons)
        row.addWidget(buttons)
        # not shortcuts of the buttons: a button loses its shortcut when its text changes
        QShortcut(QKeySequence("Alt+N"), self).activated.connect(self.next.click)
        QShortcut(QKeySequence("Alt+S"), self).activated.connect(self.skip.click)
        self.choose.clicked.connect(lambda: choose_actions())
        self.own.clicked.connect(lambda: self._add_own(add_own))
        words.shown.connect(self._offer_words)
        self.next.clicked.connect(self._go_on)
        self.skip.clicked.connect(self._end)
        listening.marked.connect(self._detected)
        listening.changed.connect(self._show_step)
        sources.trouble_changed.connect(self._show_step)
        self.hide()

    @property
    def text(self) -> str:
        """The title and the text, as a user reads them."""
        return f"{self._title.text()}. {self._text.text()}"

    def begin(self) -> None:
        """Begin with the first step."""
        self.step, self._heard = WORD, None
        self._offer_words()
        self._show_step()
        self.show()

    def look(self) -> None:
        """Go to the second step once the meter moves. Called a few times a second."""
        if not self.isVisible() or self.step != MICROPHONE or self._listening.source is None:
            return
        if self._meter.level_db > max(MOVED_DB, FLOOR_DB):
            self.step = SAY
            self._show_step()

    def _detected(self, mark: Mark) -> None:
        if self.isVisible() and self.step < ACTIONS:
            self._heard = mark
            self.step = ACTIONS
            self._show_step()

    def _go_on(self) -> None:
        if self.step == ACTIONS:
            self._end()
        elif self.step == MICROPHONE and self._listening.source is None and self._listening.without_microphone:
            self._sources.ask_for_file()
        elif self.step == MICROPHONE and self._listening.source is None:
            self._listening.start()
        else:
            self.step += 1
            self._show_step()

    def _offer_words(self) -> None:
        """A button for each word that comes with the program."""
        listed = list(self._words.words)
        known = sorted(self._words.known, key=lambda word: (word not in listed, word))[:MOST_WORDS]
        if set(self.words) == set(known):
            return
        for button in self.words.values():
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.words = {}
        for place, keyword in enumerate(known):
            button = self.words[keyword] = QPushButton(_("“{word}”", word=written(keyword).replace("&", "&&")))
            button.setToolTip(_("Listen for this word"))
            button.clicked.connect(lambda _on, keyword=keyword: self._choose_word(keyword))
            self._buttons.insert(place, button)
            button.setVisible(self.step == WORD)

    def _choose_word(self, keyword: str) -> None:
        """Listen for this word, and for no other."""
        self._words.add_word(keyword)
        for other, word in self._words.words.items():
            if other != keyword and word.on:
                self._words.switch(other, on=False)
        self._words.select(keyword)
        self._go_on()

    def _add_own(self, add_own: Callable[[], object]) -> None:
        add_own()
        if self.step == WORD:
            self._go_on()

    def _end(self) -> None:
        self.hide()
        self._store.remember(first_run_done=True)
        self.finished.emit()

    def _show_step(self) -> None:
        off = self._listening.source is None
        missing = self._listening.without_microphone if off else ""
        word = self._listening.word
        self._title.setText(TITLES[self.step])
        if self.step == WORD:
            self._text.setText(_("Which word should it listen for? You can add more words later."))
        elif self.step == MICROPHONE and missing:
            self._text.setText(missing)
        elif self.step == MICROPHONE and off:
            self._text.setText(
                _("Choose a microphone in the list above, then press Start. The bar at the top right shows the sound.")
            )
        elif self.step == MICROPHONE:
            self._text.setText(_("Speak: the bar at the top right should move. If not, choose another microphone."))
        elif self.step == SAY:
            self._text.setText(_("Say {word}. The curve at the bottom rises above the dashed line.", word=word))
        elif self._heard is not None:
            self._text.setText(
                _("Heard. Now choose what happens after {word}: a sound, a notification, a program.", word=word)
            )
        else:
            self._text.setText(
                _(
                    "Choose what happens after {word}. If you are not heard, choose “Sensitive” on the right.",
                    word=word,
                )
            )
        start = OPEN_FILE if missing else _("Start")
        self.next.setText(
            start if self.step == MICROPHONE and off else _("Done") if self.step == ACTIONS else _("Next")
        )
        self.choose.setVisible(self.step == ACTIONS)
        self.own.setVisible(self.step in (WORD, ACTIONS))
        for button in self.words.values():
            button.setVisible(self.step == WORD)
        self.skip.setVisible(self.step != ACTIONS)
