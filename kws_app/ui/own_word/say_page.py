"""The second page: the user says the word, and each take is checked at once. On the window's thread."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSignalBlocker, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.errors import AudioError
from kws_app.own_word.takes import LEAD_IN_S, Take, TakeRecorder, check, read_take
from kws_app.translation import _, ngettext
from kws_app.ui.sources.level_meter import LevelMeter

COUNTS = (0, 3, 5, 10, 20)  # numbers of takes that the user can choose
USUAL = 5  # the number that is chosen at first
LOOK_MS = 40  # between two reads of the microphone
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3"}


class SayPage(QWidget):
    """Records takes, or reads them from files. The user can repeat a take."""

    changed = pyqtSignal()

    def __init__(self, feed: Callable[[], Feed | None], play: Callable[[Samples], None]) -> None:
        """feed: returns the sound of the microphone, None while it opens. play: plays samples [N] at 16 kHz"""
        super().__init__()
        self._feed, self._play = feed, play
        self.takes: list[Take] = []
        self._redone: int | None = None  # index of the take that is said again
        self._recorder: TakeRecorder | None = None
        self._meter_reader: TakeRecorder | None = None  # for the meter between two takes
        self._metered: Feed | None = None
        self.setAcceptDrops(True)
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        counts = QHBoxLayout()
        counts.addWidget(QLabel(_("How often will you say it?")))
        self.counts = QButtonGroup(self)
        for count in COUNTS:
            choice = QRadioButton(str(count) if count else _("Not at all"))
            choice.setChecked(count == USUAL)
            self.counts.addButton(choice, count)
            counts.addWidget(choice)
        counts.addStretch(1)
        self.meter = LevelMeter()
        self.record = QPushButton(_("&Record"))
        self.record.setToolTip(_("Record the next take (Alt+R)"))
        self.prompt = QLabel()
        self.prompt.setObjectName("prompt")
        row = QHBoxLayout()
        row.addWidget(self.record)
        row.addWidget(self.meter)
        row.addWidget(self.prompt, 1)
        self.list = QListWidget()
        self.list.setAccessibleName(_("Takes"))
        self.play, self.redo, self.remove = QPushButton(_("&Play")), QPushButton(_("Say it &again")), QPushButton()
        self.remove.setText(_("Re&move"))
        self.files = QPushButton(_("Use &files…"))
        self.files.setToolTip(_("Use recordings of the word that you have. You can also drop them here"))
        below = QHBoxLayout()
        for button in (self.play, self.redo, self.remove):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self.files)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addLayout(counts)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        column.addLayout(below)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.record.clicked.connect(self._record_or_stop)
        self.play.clicked.connect(self._play_take)
        self.redo.clicked.connect(self._say_again)
        self.remove.clicked.connect(self._remove_take)
        self.files.clicked.connect(self._ask_for_files)
        self.list.currentRowChanged.connect(self._show_state)
        self.counts.idClicked.connect(self._show_state)
        self._word = ""
        self._show_state()

    @property
    def wanted(self) -> int:
        """The number of takes that the user wants to say."""
        return self.counts.checkedId()

    @property
    def good_takes(self) -> int:
        return sum(take.good for take in self.takes)

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    def set_word(self, word: str, recordings: Path) -> None:
        """Begin another word, with its saved takes. recordings: the folder of these takes"""
        if word != self._word:
            self._word, self.takes = word, []
            if recordings.is_dir():
                self.add_files([recordings])
            self.title.setText(_("Say “{word}” as you will say it later.", word=word))
            self._fill_list()

    def set_active(self, active: bool) -> None:
        """active: True while the page is shown; only then the microphone is read"""
        self._timer.start() if active else self._timer.stop()
        if not active:
            self._recorder = self._meter_reader = self._metered = None
            self.meter.clear()
        self._show_state()

    def _record_or_stop(self) -> None:
        if self._recorder is not None:
            self._recorder = None
            self._redone = None
        else:
            feed = self._feed()
            if feed is None:
                self.prompt.setText(
                    _("The microphone is not ready: wait a moment, or choose another microphone in the main window.")
                )
                return
            self._recorder = TakeRecorder(feed)
            self._metered = feed
        self._show_state()

    def _look(self) -> None:
        """Read the sound since the last call."""
        feed = self._feed()
        if feed is None:
            return
        if self._recorder is not None:
            if feed is not self._metered:  # the microphone was unplugged or changed
                self._recorder = None
                self.prompt.setText(_("The microphone was disconnected: record the take again."))
                self._show_buttons()
                return
            self.meter.add(self._recorder.look())
            if self._recorder.lost:
                self._recorder = None
                self.prompt.setText(_("Some sound was lost: record the take again."))
                self._show_buttons()
            elif self._recorder.over:
                self._keep(check(self._recorder.samples, self._others()))
            else:
                self._show_prompt()
            return
        if feed is not self._metered or self._meter_reader is None:
            self._metered, self._meter_reader = feed, TakeRecorder(feed)
        self._meter_reader = self._meter_reader if self._meter_reader.seconds < 1 else TakeRecorder(feed)
        self.meter.add(self._meter_reader.look())

    def _others(self) -> list[Take]:
        return [take for number, take in enumerate(self.takes) if number != self._redone]

    def _keep(self, take: Take) -> None:
        self._recorder = None
        if self._redone is None:
            self.takes.append(take)
            row = len(self.takes) - 1
        else:
            row, self._redone = self._redone, None
            self.takes[row] = take
        self._fill_list()
        self.list.setCurrentRow(row)
        self._show_state()

    def _fill_list(self) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            for number, take in enumerate(self.takes, start=1):
                said = _("good, {length:.1f} s", length=take.length_s) if take.fault is None else take.fault.sentence
                mark = "✓" if take.good else "✗"
                text = _("{mark}  Take {number}: {said}", mark=mark, number=number, said=said)
                self.list.addItem(QListWidgetItem(text))
        self._show_state()

    def _show_state(self) -> None:
        self._show_prompt()
        self._show_buttons()
        self.changed.emit()

    def _show_prompt(self) -> None:
        left = self.wanted - self.good_takes
        if self._recorder is not None:
            early = self._recorder.seconds < LEAD_IN_S
            self.prompt.setText(_("Wait…") if early else _("Say it now"))
        elif self.wanted == 0:
            self.prompt.setText(_("The word will be learnt from synthetic voices only."))
        elif left > 0:
            self.prompt.setText(
                ngettext("{count} more good take is needed.", "{count} more good takes are needed.", left, count=left)
            )
        else:
            self.prompt.setText(_("These takes are enough. You can record more."))

    def _show_buttons(self) -> None:
        chosen = 0 <= self.list.currentRow() < len(self.takes)
        for button in (self.play, self.redo, self.remove):
            button.setEnabled(chosen and self._recorder is None)
        self.record.setText(_("S&top") if self._recorder is not None else _("&Record"))
        self.record.setEnabled(self._recorder is not None or self.wanted > 0)

    def _play_take(self) -> None:
        self._play(self.takes[self.list.currentRow()].samples)

    def _say_again(self) -> None:
        self._redone = self.list.currentRow()
        self._record_or_stop()

    def _remove_take(self) -> None:
        del self.takes[self.list.currentRow()]
        self._fill_list()

    def _ask_for_files(self) -> None:
        dialog = QFileDialog(self, _("Recordings of the word"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(False)
        dialog.filesSelected.connect(lambda names: self.add_files([Path(name) for name in names]))
        dialog.show()

    def add_files(self, paths: list[Path]) -> None:
        """Add recordings of the user: files, or folders of files. The page names a file that is no audio."""
        files: list[Path] = []
        for path in paths:
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            files += [each for each in inside if each.suffix.lower() in AUDIO_SUFFIXES or not path.is_dir()]
        refused = ""
        for path in files:
            try:
                self.takes.append(read_take(path, self._others()))
            except AudioError as error:
                refused = str(error)
        self._fill_list()
        if refused:
            self.prompt.setText(refused)
        elif not files:
            self.prompt.setText(_("There is no audio file in this folder: choose another folder."))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        data = None if event is None else event.mimeData()
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        data = None if event is None else event.mimeData()
        if event is not None and data is not None:
            event.acceptProposedAction()
            self.add_files([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])
