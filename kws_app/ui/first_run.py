"""The first run: three short steps in a strip under the controls. Nothing is blocked. On the window's thread.

Once finished or skipped it does not come again by itself; the menu has it.
"""

from collections.abc import Callable

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from kws_app.listening.worker import Mark
from kws_app.translation import _
from kws_app.ui.listening import Listening
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.sources.level_meter import FLOOR_DB, LevelMeter
from kws_app.ui.sources.source_control import SourceControl
from kws_app.ui.widgets.control_bar import OPEN_FILE
from kws_app.ui.widgets.wrapping_row import WrappingRow

MOVED_DB = -45.0  # of the meter: a voice in front of the microphone, not the room
LAST = 2
TITLES = (
    _("1 of 3: is the right microphone selected?"),
    _("2 of 3: say the word"),
    _("3 of 3: choose what happens"),
)


class FirstRun(QFrame):
    """Leads from no sound to a word that does something; each step is passed by doing it, or by the button."""

    finished = pyqtSignal()

    def __init__(
        self,
        listening: Listening,
        sources: SourceControl,
        meter: LevelMeter,
        store: SettingsStore,
        choose_actions: Callable[[], object],
        add_own: Callable[[], object],
    ) -> None:
        """choose_actions: lets the user choose what a word sets off. add_own: lets the user make a word"""
        super().__init__()
        self.setObjectName("firstRun")
        self.setAccessibleName(_("First steps"))
        self.step = 0
        self._listening, self._sources, self._meter, self._store = listening, sources, meter, store
        self._heard: Mark | None = None
        self._title = QLabel()
        self._title.setObjectName("stepTitle")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self.choose = QPushButton(_("Choose what happens…"))
        self.choose.setToolTip(_("A sound, a notification, a program or a web hook when the word is heard"))
        self.own = QPushButton(_("A word of your own…"))
        self.own.setToolTip(_("Type a word, say it a few times, and it listens; on this computer alone"))
        self.next = QPushButton()
        self.next.setToolTip(_("To the next step (Alt+N)"))
        self.skip = QPushButton(_("Skip"))
        self.skip.setToolTip(_("Leave the first steps; the menu has them (Alt+S)"))
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.addLayout(words, 1)
        buttons = QWidget()
        buttons.setLayout(WrappingRow(self.choose, self.own, self.next, self.skip))
        row.addWidget(buttons)
        # not as shortcuts of the buttons, which lose them when their text changes
        QShortcut(QKeySequence("Alt+N"), self).activated.connect(self.next.click)
        QShortcut(QKeySequence("Alt+S"), self).activated.connect(self.skip.click)
        self.choose.clicked.connect(lambda: choose_actions())
        self.own.clicked.connect(lambda: add_own())
        self.next.clicked.connect(self._go_on)
        self.skip.clicked.connect(self._end)
        listening.marked.connect(self._detected)
        listening.changed.connect(self._show_step)
        sources.trouble_changed.connect(self._show_step)
        self.hide()

    @property
    def text(self) -> str:
        """Title and text, as they are read."""
        return f"{self._title.text()}. {self._text.text()}"

    def begin(self) -> None:
        """From the first step on."""
        self.step, self._heard = 0, None
        self._show_step()
        self.show()

    def look(self) -> None:
        """Called a few times a second: has the meter moved?"""
        if not self.isVisible() or self.step != 0 or self._listening.source is None:
            return
        if self._meter.level_db > max(MOVED_DB, FLOOR_DB):
            self.step = 1
            self._show_step()

    def _detected(self, mark: Mark) -> None:
        if self.isVisible() and self.step < LAST:
            self._heard = mark
            self.step = LAST
            self._show_step()

    def _go_on(self) -> None:
        if self.step == LAST:
            self._end()
        elif self.step == 0 and self._listening.source is None and self._listening.without_microphone:
            self._sources.ask_for_file()
        elif self.step == 0 and self._listening.source is None:
            self._listening.start()
        else:
            self.step += 1
            self._show_step()

    def _end(self) -> None:
        self.hide()
        self._store.remember(first_run_done=True)
        self.finished.emit()

    def _show_step(self) -> None:
        off = self._listening.source is None
        missing = self._listening.without_microphone if off else ""
        word = self._listening.word
        self._title.setText(TITLES[self.step])
        if self.step == 0 and missing:
            self._text.setText(missing)
        elif self.step == 0 and off:
            self._text.setText(
                _("Choose it in the list above, then start. The bar at the top right moves as you speak.")
            )
        elif self.step == 0:
            self._text.setText(_("Speak: the bar at the top right should move. If not, choose another microphone."))
        elif self.step == 1:
            self._text.setText(_("Say {word}, and see the curve at the bottom rise above the dashed line.", word=word))
        elif self._heard is not None:
            self._text.setText(
                _("Heard. Now choose what {word} sets off: a sound, a notification, a program.", word=word)
            )
        else:
            self._text.setText(
                _(
                    "Choose what {word} sets off. If it misses you, choose “Sensitive” on the right.",
                    word=word,
                )
            )
        start = OPEN_FILE if missing else _("Start")
        self.next.setText(start if self.step == 0 and off else _("Done") if self.step == LAST else _("Next"))
        self.choose.setVisible(self.step == LAST)
        self.own.setVisible(self.step == LAST)
        self.skip.setVisible(self.step != LAST)
