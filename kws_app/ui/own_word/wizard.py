"""The wizard: four pages from a typed word to a word that listens. On the window's thread.

Each page has its own file. The training runs in a child process (kws_app/own_word/job.py) and reports by signals.
Closing the wizard loses nothing: the takes are saved, and the training goes on.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.errors import AudioError
from kws_app.own_word.job import Progress, TrainingJob, why_not
from kws_app.own_word.takes import save_takes
from kws_app.own_word.word import check_word, folder_name
from kws_app.translation import _
from kws_app.ui.own_word.learn_page import LearnPage
from kws_app.ui.own_word.result_page import ResultPage
from kws_app.ui.own_word.say_page import SayPage
from kws_app.ui.own_word.word_page import WordPage
from kws_app.ui.theme import LIGHT, Theme

WORD, SAY, LEARN, RESULT = range(4)
STEPS = (_("1  Your word"), _("2  Say it"), _("3  It learns"), _("4  Ready"))
RECORDINGS = "own_words"  # folder of the takes, in the data folder
WORK = ".work"  # folder in RECORDINGS for the unfinished files of a training
WIDTH, HEIGHT = 640, 480  # px, the smallest size; it fits a small laptop


class OwnWordWizard(QWidget):
    """A window of its own. It does not block the main window."""

    ready = pyqtSignal(str)  # name of a model that can listen now
    _progressed = pyqtSignal(object)  # Progress, from the job's thread
    _ended = pyqtSignal(str)  # why the training failed, or empty

    def __init__(
        self,
        data_dir: Path,
        models_dir: Path,
        feed: Callable[[], Feed | None],
        play: Callable[[Samples], None],
        parent: QWidget | None = None,
        options: Sequence[str] = (),
    ) -> None:
        """data_dir: folder for the takes
        models_dir: folder for the models
        feed: returns the sound of the microphone, and starts it if needed; None while it opens
        play: plays samples [N] at 16 kHz
        options: more options for the training, such as --quick
        """
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("ownWord")
        self.setWindowTitle(_("Add your own word"))
        self.setMinimumSize(WIDTH, HEIGHT)
        self._data_dir, self._models_dir = data_dir, models_dir
        self.job = TrainingJob(self._progressed.emit, self._ended.emit, options)
        self._progressed.connect(self._show_progress)
        self._ended.connect(self._show_end)
        self.word_page, self.say_page = WordPage(play), SayPage(feed, play)
        self.learn_page, self.result_page = LearnPage(), ResultPage()
        self.pages = QStackedWidget()
        for page in (self.word_page, self.say_page, self.learn_page, self.result_page):
            self.pages.addWidget(page)
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
        self.back, self.next = QPushButton(_("&Back")), QPushButton()
        self.back.setToolTip(_("Go back to the last step (Alt+B)"))
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
        self.back.clicked.connect(self._go_back)
        self.next.clicked.connect(self._go_on)
        self.word_page.changed.connect(self._show_buttons)
        self.word_page.entered.connect(self._go_on)
        self.say_page.changed.connect(self._show_buttons)
        self.learn_page.tried.connect(self.ready)
        self._last = Progress(0.0, "")
        self.set_theme(LIGHT)
        self._go_to(WORD)

    def open(self, word: str = "") -> None:
        """Open the wizard, at its first page if no training runs. word: for the input field"""
        if not self.job.running and self.pages.currentIndex() in (WORD, RESULT):
            self._go_to(WORD)
            if word:
                self.word_page.edit.setText(word)
        self.show()
        self.raise_()
        self.activateWindow()

    @property
    def page(self) -> int:
        """The page that is shown: WORD, SAY, LEARN or RESULT."""
        return self.pages.currentIndex()

    @property
    def recordings(self) -> Path:
        """The folder of the takes of the present word."""
        return self._data_dir / RECORDINGS / folder_name(self.word_page.word)

    def set_theme(self, theme: Theme) -> None:
        self.say_page.meter.set_theme(theme)
        self.learn_page.set_theme(theme)

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
        texts = {
            WORD: _("&Next"),
            SAY: _("&Learn it") if self.say_page.good_takes or not self.say_page.wanted else _("&Learn it anyway"),
            LEARN: _("&Stop") if running else _("&Go on"),
            RESULT: _("&Done"),
        }
        self.next.setText(texts[page])
        self.next.setEnabled(page != WORD or not check_word(self.word_page.word))
        self.back.setVisible(page in (SAY, LEARN))
        self.back.setEnabled(not running)

    def _go_back(self) -> None:
        self._go_to(self.page - 1)

    def _go_on(self) -> None:
        page = self.page
        if page == WORD:
            problem = check_word(self.word_page.word) or why_not()
            if problem:
                self._say(problem)
            else:
                self.say_page.set_word(self.word_page.word, self.recordings)
                self._go_to(SAY)
        elif page == SAY:
            self._begin_learning()
        elif page == LEARN:
            self.job.cancel() if self.job.running else self._begin_learning()
            self.next.setEnabled(not self.job.running)
        else:
            self.close()

    def _begin_learning(self) -> None:
        takes = [take for take in self.say_page.takes if take.good]
        try:
            if takes:
                save_takes(takes, self.recordings)
            elif self.recordings.is_dir():
                shutil.rmtree(self.recordings)
        except (AudioError, OSError) as error:
            self._say(str(error))
            return
        self._go_to(LEARN)
        self.learn_page.begin(self.word_page.word)
        self._last = Progress(0.0, "")
        work = self._data_dir / RECORDINGS / WORK
        self.job.start(self.word_page.word, self.recordings if takes else None, self._models_dir, work)
        self._show_buttons()

    def _show_progress(self, progress: Progress) -> None:
        if progress.ready and progress.ready != self._last.ready:
            self.ready.emit(progress.ready)
        self._last = progress
        self.learn_page.show_progress(progress)

    def _show_end(self, reason: str) -> None:
        self.job.wait(1.0)  # the thread of the job is about to end
        self.next.setEnabled(True)
        if reason:
            self._say(reason)
        elif self._last.share >= 1.0:
            self.result_page.show_word(self.word_page.word, self._last)
            self._go_to(RESULT)
            return
        else:
            self.learn_page.show_stopped()
        self._show_buttons()

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """The wizard closes. A training goes on, and the wizard shows it when it is opened again."""
        self.say_page.set_active(False)
        super().closeEvent(event)

    def finish(self) -> None:
        """The app ends: stop a training. It continues when the user starts it again."""
        self.say_page.set_active(False)
        self.word_page.finish()
        self.job.cancel()
        self.close()
