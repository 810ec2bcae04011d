"""The wizard: four pages from a typed word to a word that listens. On the window's thread.

Each page has its own file. The training runs in a child process (kws_app/own_word/job.py) and reports by signals.
Closing the wizard loses nothing: the takes are saved, and the training goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.own_word.job import Progress, TrainingJob, why_not
from kws_app.own_word.lessons import Lessons
from kws_app.own_word.order import Order, Typed, WordPlaces
from kws_app.own_word.room import save_room
from kws_app.own_word.takes import save_takes
from kws_app.own_word.word import folder_name
from kws_app.translation import _
from kws_app.ui.own_word.learn_page import LearnPage
from kws_app.ui.own_word.microphone import Microphone
from kws_app.ui.own_word.result_page import ResultPage
from kws_app.ui.own_word.say_page import SayPage
from kws_app.ui.own_word.word_page import WordPage
from kws_app.ui.theme import LIGHT, Theme

WORD, SAY, LEARN, RESULT = range(4)
STEPS = (_("1  Your word"), _("2  Say it"), _("3  It learns"), _("4  Ready"))
SIZE = 680, 600  # px, at first
LEAST_SIZE = 480, 360  # px: below the usual size the pages scroll


class OwnWordWizard(QWidget):
    """A window of its own. It does not block the main window."""

    ready = pyqtSignal(str)  # name of the model that hears the word from now on
    added = pyqtSignal(str)  # name of a smaller model of the word
    _progressed = pyqtSignal(object)  # Progress, from the job's thread
    _ended = pyqtSignal(str)  # why the training failed, or empty

    def __init__(
        self,
        data_dir: Path,
        models_dir: Path,
        microphone: Microphone,
        play: Callable[[Samples], None],
        parent: QWidget | None = None,
        options: Sequence[str] = (),
        taken: Callable[[str], bool] = lambda keyword: False,
    ) -> None:
        """data_dir: where the takes are kept
        models_dir: where the models go
        play: let a take be heard
        options: more of them for the training, such as --quick
        taken: whether a keyword is that of a word which comes with the program
        """
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("ownWord")
        self.setWindowTitle(_("Add your own word"))
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(*SIZE)
        self._data_dir, self._models_dir, self._taken = data_dir, models_dir, taken
        self.job = TrainingJob(self._tell_progress, self._tell_end, options)
        self._progressed.connect(self._show_progress)
        self._ended.connect(self._show_end)
        self.word_page, self.say_page = WordPage(play), SayPage(microphone, play)
        self.learn_page, self.result_page = LearnPage(microphone.open), ResultPage(microphone.open)
        self._order: Order | None = None  # what is trained, or was trained last
        self._lessons: Lessons | None = None  # from which it learns
        self._made = ""  # name of the model that the present training made ready
        self._undoing = False
        self._last = Progress(0.0, "")
        self._lay_out()
        self.back.clicked.connect(self._go_back)
        self.next.clicked.connect(self._go_on)
        self.word_page.changed.connect(self._show_buttons)
        self.word_page.entered.connect(self._go_on)
        self.say_page.changed.connect(self._show_buttons)
        self.result_page.undo_wanted.connect(self._undo)
        self.set_theme(LIGHT)
        self._go_to(WORD)

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        for page in (self.word_page, self.say_page, self.learn_page, self.result_page):
            scroll = QScrollArea()
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setWidgetResizable(True)
            scroll.setWidget(page)
            self.pages.addWidget(scroll)
        self._marks = [QLabel(step) for step in STEPS]
        steps = QHBoxLayout()
        for mark in self._marks:
            steps.addWidget(mark)
            steps.addSpacing(16)
        steps.addStretch(1)
        self.trouble = QLabel()
        self.trouble.setObjectName("trouble")
        self.trouble.setWordWrap(True)
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.hide()
        self.back, self.next = QPushButton(), QPushButton()
        self.next.setObjectName("forward")
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addStretch(1)
        buttons.addWidget(self.next)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(12)
        column.addLayout(steps)
        column.addWidget(self.pages, 1)
        column.addWidget(self.trouble)
        column.addLayout(buttons)

    def open(self, word: str = "") -> None:
        """Open the wizard, at its first page if no training runs. An unfinished training is offered again."""
        if not self.job.running and self.page in (WORD, RESULT):
            self._go_to(WORD)
            unfinished = None if word or self.word_page.word else Typed.unfinished(self._data_dir)
            if word:
                self.word_page.edit.setText(word)
            elif unfinished is not None:
                self.word_page.show_typed(unfinished)
                self._say(
                    _("The training of “{word}” was not finished: it can go on from there.", word=unfinished.word)
                )
            self.word_page.edit.setFocus()
        self._come_forward()

    def learn_from(self, keyword: str, lessons: Lessons) -> None:
        """Train a word again, with the labelled sounds in its folders."""
        if self.job.running:
            self._say(_("Another word is being learnt: wait until it is ready."))
        else:
            typed = Typed.of(self._data_dir, keyword)
            self._lessons = lessons
            order = self._order_of(typed)
            self._start(replace(order, if_better=True))
        self._come_forward()

    def note_heard(self, keyword: str) -> None:
        """Count a detection if it is of the new word."""
        if self._made and self._order is not None and keyword == folder_name(self._order.word):
            self.learn_page.trial.note_heard()
            self.result_page.trial.note_heard()

    @property
    def page(self) -> int:
        """The page that is shown: WORD, SAY, LEARN or RESULT."""
        return self.pages.currentIndex()

    @property
    def places(self) -> WordPlaces:
        """The folders of the typed word."""
        return WordPlaces(self._data_dir, self.word_page.word)

    def set_theme(self, theme: Theme) -> None:
        self.say_page.meter.set_theme(theme)
        self.learn_page.set_theme(theme)

    def _come_forward(self) -> None:
        self.show()
        self.raise_()
        self.activateWindow()

    def _go_to(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self.say_page.set_active(page == SAY)
        for number, mark in enumerate(self._marks):
            font = mark.font()
            font.setBold(number == page)
            mark.setFont(font)
            mark.setEnabled(number <= page)
        self._say("")
        self._show_buttons()

    def _say(self, trouble: str) -> None:
        self.trouble.setText(trouble)
        self.trouble.setVisible(bool(trouble))

    def _show_buttons(self) -> None:
        page, running = self.page, self.job.running
        learn = _("&Learn it") if self.say_page.good_takes or not self.say_page.wanted else _("&Learn it anyway")
        texts = {
            WORD: _("&Next"),
            SAY: learn,
            LEARN: _("&See what to expect") if self._made else _("&Stop") if running else _("&Go on"),
            RESULT: _("&Done"),
        }
        self.next.setText(texts[page])
        can_go = {WORD: not self.word_page.problem, SAY: not self.say_page.busy}
        self.next.setEnabled(can_go.get(page, True))
        stops = running and bool(self._made) and page == LEARN
        self.back.setText(_("&Stop") if stops else _("&Back"))
        self.back.setToolTip(_("Stop. The progress is saved") if stops else _("Go back to the last step (Alt+B)"))
        self.back.setVisible(page == SAY or stops or (page == LEARN and not running and self._lessons is None))

    def _go_back(self) -> None:
        if self.job.running:
            self.job.cancel()
        else:
            self._go_to(self.page - 1)

    def _go_on(self) -> None:
        page = self.page
        if page == WORD:
            self._go_to_takes()
        elif page == SAY:
            self._lessons = None
            self._start(self._order_of(Typed(self.word_page.word, self.word_page.language, self.word_page.chosen)))
        elif page == LEARN and self._made:
            self._go_to(RESULT)
        elif page == LEARN and self.job.running:
            self.job.cancel()
            self.next.setEnabled(False)
        elif page == LEARN and self._order is not None:
            self._start(self._order)
        else:
            self.close()

    def _go_to_takes(self) -> None:
        problem = self.word_page.problem or why_not()
        if not problem and self._taken(folder_name(self.word_page.word)):
            problem = _(
                "“{word}” comes with the program: choose it with “Add a word…” in the window.", word=self.word_page.word
            )
        if problem:
            self._say(problem)
        else:
            self.say_page.set_word(self.word_page.word, self.places.takes)
            self._go_to(SAY)

    # Learning

    def _order_of(self, typed: Typed) -> Order:
        places = WordPlaces(self._data_dir, typed.word)
        return Order(places, self._models_dir, typed.language, typed.sayings)

    def _start(self, order: Order) -> None:
        try:
            if self._lessons is None:
                self._keep_takes()
            Typed(order.word, order.language, order.sayings).save(self._data_dir)
        except (AudioError, OSError) as error:
            self._say(str(error))
            return
        self._order, self._made, self._last = order, "", Progress(0.0, "")
        self._go_to(LEARN)
        self.learn_page.begin(order.word, self._lessons.count if self._lessons is not None else 0)
        self.job.start(order)
        self._show_buttons()

    def _keep_takes(self) -> None:
        """Save the takes and the room. raises AudioError, in one sentence, if they cannot be written"""
        save_takes([take for take in self.say_page.takes if take.good], self.places.takes)
        if self.say_page.room.samples is not None:
            save_room(self.say_page.room.samples, self.places.not_the_word)

    def _undo(self) -> None:
        if self._order is not None and not self.job.running:
            self._undoing = True
            self.job.undo(self._order)

    def _tell_progress(self, progress: Progress) -> None:
        """Called on the job's thread, which holds this method and so keeps this object alive."""
        self._progressed.emit(progress)

    def _tell_end(self, trouble: str) -> None:
        """Called on the job's thread, as `_tell_progress`."""
        self._ended.emit(trouble)

    def _show_progress(self, progress: Progress) -> None:
        if progress.ready and progress.ready != self._last.ready:
            self._take_in(progress)
        self._last = replace(progress, ready=progress.ready or self._last.ready)
        self.learn_page.show_progress(progress)
        if self._made and progress.share < 1.0:
            self.result_page.say_more(_("The smaller networks are still being made. {text}", text=progress.text))

    def _take_in(self, progress: Progress) -> None:
        """A model is ready. The first model listens from now on. The user finds the smaller models in Advanced."""
        assert self._order is not None
        if self._made:
            self.added.emit(progress.ready)
            self.result_page.add_figures(progress.text)
            return
        self._made = progress.ready
        word = self._order.word
        if self._lessons is not None:
            self.result_page.show_lesson(word, progress.text, progress.replaced)
        else:
            self.result_page.show_new(word, progress.text)
        for trial in (self.learn_page, self.result_page):
            trial.trial.begin(word)
        self.learn_page.trial.show()
        if progress.replaced:
            self.ready.emit(progress.ready)
        self._show_buttons()

    def _show_end(self, reason: str) -> None:
        self.job.wait(1.0)  # the thread has only to return
        if self._undoing:
            self._undoing = False
            self._show_undone(reason)
            return
        self.result_page.say_more("")
        if self._made:
            self._note_learnt()
            if self.page == LEARN:
                self._go_to(RESULT)
        else:
            self.learn_page.show_stopped()
        self._show_buttons()
        if reason:
            self._say(reason)

    def _show_undone(self, reason: str) -> None:
        if reason:
            self._say(reason)
        elif self._order is not None:
            self.result_page.show_undone(self._order.word)
            self.ready.emit(self._made)

    def _note_learnt(self) -> None:
        """Note that the training is finished, so that the next start does not offer it again."""
        assert self._order is not None
        order = self._order
        try:
            Typed(order.word, order.language, order.sayings, learnt=True).save(self._data_dir)
        except OSError as error:
            self._say(
                _(
                    "The folder of the word could not be written ({error}): free some space.",
                    error=error.strerror or error,
                )
            )

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """The wizard closes. A training goes on, and the wizard shows it when it is opened again."""
        self._leave()
        super().closeEvent(event)

    def finish(self) -> None:
        """The app ends: stop a training. It continues when the user starts it again."""
        self._leave()
        self.word_page.finish()
        self.job.cancel()
        self.close()

    def _leave(self) -> None:
        """Nothing that was said is lost."""
        if self.page == SAY and (self.say_page.takes or self.say_page.room.samples is not None):
            try:
                self._keep_takes()
            except AudioError as error:
                self._say(str(error))
        self.say_page.set_active(False)

    def showEvent(self, event: object) -> None:
        """Switch the microphone on again if the wizard is opened on the second page."""
        super().showEvent(event)  # type: ignore[arg-type]
        self.say_page.set_active(self.page == SAY)
