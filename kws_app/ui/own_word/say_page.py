"""The second page: the user says the word, and each take is checked at once. On the window's thread."""

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.files import read_files
from kws_app.own_word.series import Phase, Series
from kws_app.own_word.takes import Take, TakeRecorder
from kws_app.translation import _, ngettext
from kws_app.ui.own_word.microphone import Microphone
from kws_app.ui.own_word.room_box import RoomBox
from kws_app.ui.own_word.takes_view import TakesView
from kws_app.ui.sources.level_meter import LevelMeter
from kws_app.ui.widgets.wrapping_row import WrappingRow

COUNTS = (0, 3, 5, 10, 20)  # numbers of takes that the user can choose
USUAL = 5  # the number that is chosen at first
LOOK_MS = 40  # between two reads of the microphone


class SayPage(QWidget):
    """Records takes, or reads them from files. The user can repeat a take."""

    changed = pyqtSignal()

    def __init__(self, microphone: Microphone, play: Callable[[Samples], None]) -> None:
        super().__init__()
        self._microphone, self._play = microphone, play
        self.takes: list[Take] = []
        self._series: Series | None = None
        self._meter_reader: TakeRecorder | None = None  # between takes the meter moves, too
        self._metered: Feed | None = None
        self._word = ""
        self._trouble = ""  # what went wrong last
        self._waits: Callable[[Feed], None] | None = None  # what begins once the microphone is open
        self.setAcceptDrops(True)
        self.title = QLabel()
        self.title.setObjectName("pageTitle")
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.counts = QButtonGroup(self)
        self.meter = LevelMeter()
        self.record = QPushButton(_("&Record"))
        self.record.setToolTip(_("Count down, then record take after take (Alt+R)"))
        self.prompt = QLabel()
        self.prompt.setObjectName("prompt")
        self.prompt.setWordWrap(True)
        self.prompt.setTextFormat(Qt.TextFormat.PlainText)
        self.view = TakesView()
        self.room = RoomBox()
        self.files = QPushButton(_("Use &files…"))
        self.files.setToolTip(_("Use recordings of the word that you have. You can also drop files and folders here"))
        self.folder = QPushButton(_("Use a f&older…"))
        self._lay_out()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.record.clicked.connect(self._record_or_stop)
        self.view.play_wanted.connect(lambda index: self._play(self.takes[index].samples))
        self.view.again_wanted.connect(lambda index: self._when_open(lambda feed: self._begin(feed, index)))
        self.view.remove_wanted.connect(self._remove)
        self.room.wanted.connect(self._record_room_or_stop)
        self.files.clicked.connect(lambda: self._ask(QFileDialog.FileMode.ExistingFiles))
        self.folder.clicked.connect(lambda: self._ask(QFileDialog.FileMode.Directory))
        self.counts.idClicked.connect(self._show_state)
        self._show_state()

    def _lay_out(self) -> None:
        choices: list[QWidget] = [QLabel(_("How often will you say it?"))]
        for count in COUNTS:
            choice = QRadioButton(str(count) if count else _("Not at all"))
            choice.setChecked(count == USUAL)
            self.counts.addButton(choice, count)
            choices.append(choice)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.record)
        row.addWidget(self.meter)
        row.addWidget(self.prompt, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.title)
        column.addLayout(WrappingRow(*choices, last_at_right=False))
        column.addLayout(row)
        column.addWidget(self.view, 1)
        column.addLayout(WrappingRow(self.files, self.folder, last_at_right=False))
        column.addWidget(self.room)

    @property
    def wanted(self) -> int:
        """Takes that the user chose to say."""
        return self.counts.checkedId()

    @property
    def good_takes(self) -> int:
        return sum(take.good for take in self.takes)

    @property
    def recording(self) -> bool:
        """Whether takes are recorded."""
        return self._series is not None

    @property
    def speaking(self) -> bool:
        """Whether the user is to say the word now."""
        return self._series is not None and self._series.listens

    @property
    def busy(self) -> bool:
        """Whether anything is recorded, or will be as soon as the microphone is open."""
        return self.recording or self.room.recording or self._waits is not None

    def set_word(self, word: str, recordings: Path) -> None:
        """Begin another word, with its saved takes. recordings: the folder of these takes"""
        if word != self._word:
            self._word, self.takes, self._trouble = word, [], ""
            self.room.forget()
            if recordings.is_dir():
                self.add_files([recordings])
            self.title.setText(_("Say “{word}” as you will say it later", word=word))
            self._show_takes()

    def set_active(self, active: bool) -> None:
        """Whether the page is shown: the microphone is open and the meter moves only then."""
        if active:
            self._trouble = self._microphone.open()
            self._timer.start()
        else:
            self._timer.stop()
            self._series = self._meter_reader = self._metered = self._waits = None
            if self.room.recording:
                self.room.stop()
            self.meter.clear()
        self._show_state()

    # Recording

    def _record_or_stop(self) -> None:
        if self._series is not None or self._waits is not None:
            self._series = self._waits = None
            self._show_state()
        else:
            self._when_open(self._begin)

    def _begin(self, feed: Feed, redo: int | None = None) -> None:
        wanted = max(self.wanted, self.good_takes + 1)  # more than enough does no harm
        self._series = Series(feed, self.takes, wanted, redo)

    def _record_room_or_stop(self) -> None:
        if self.room.recording:
            self.room.stop()
            self._show_state()
        else:
            self._when_open(self.room.begin)

    def _when_open(self, begin: Callable[[Feed], None]) -> None:
        """Begin now, or as soon as the microphone is open."""
        self._trouble = self._microphone.open()
        feed = self._microphone.feed()
        if self._trouble:
            self._waits = None
        elif feed is None:
            self._waits = begin
        else:
            self._waits = None
            begin(feed)
        self._show_state()

    def _look(self) -> None:
        """Take in what was heard since the last look."""
        feed = self._microphone.feed()
        used = self._series.feed if self._series is not None else self.room.feed
        if used is not None and feed is not used:
            self._series = None
            if self.room.recording:
                self.room.stop()
            self._end(_("The microphone was disconnected: record the take again."))
        elif feed is None:
            return
        elif self._waits is not None:
            self._when_open(self._waits)
        elif self._series is not None:
            self._follow(self._series)
        elif self.room.recording:
            self.meter.add(self.room.look())
            if not self.room.recording:
                self._show_state()
        else:
            self._show_level(feed)

    def _follow(self, series: Series) -> None:
        count = len(self.takes), series.placed
        self.meter.add(series.look())
        if (len(self.takes), series.placed) != count or series.phase is Phase.OVER:
            self._show_takes()
        if series.phase is Phase.OVER:
            self._series = None
            self._end(series.trouble)
        else:
            self._show_prompt()

    def _end(self, trouble: str) -> None:
        self._trouble = trouble
        self._show_state()

    def _show_level(self, feed: Feed) -> None:
        if feed is not self._metered or self._meter_reader is None or self._meter_reader.seconds >= 1:
            self._metered, self._meter_reader = feed, TakeRecorder(feed)
        self.meter.add(self._meter_reader.look())

    def _remove(self, index: int) -> None:
        del self.takes[index]
        self._show_takes()

    # Files

    def _ask(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, _("Recordings of the word"))
        dialog.setFileMode(mode)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(False)
        dialog.filesSelected.connect(lambda names: self.add_files([Path(name) for name in names]))
        dialog.show()

    def add_files(self, paths: list[Path]) -> None:
        """Add recordings of the user: files, or folders of files. The page says which file is no audio."""
        found, self._trouble = read_files(paths, self.takes)
        self.takes += found
        self._show_takes()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        data = None if event is None else event.mimeData()
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        data = None if event is None else event.mimeData()
        if event is not None and data is not None:
            event.acceptProposedAction()
            self.add_files([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])

    # What is shown

    def _show_takes(self) -> None:
        self.view.show_takes(self.takes)
        self._show_state()

    def _show_state(self) -> None:
        self._show_prompt()
        self.view.set_busy(self.busy)
        for button in (self.files, self.folder):
            button.setEnabled(not self.busy)
        self.record.setText(_("S&top") if self.recording else _("&Record"))
        self.record.setEnabled(self.recording or (self.wanted > 0 and not self.room.recording))
        self.room.record.setEnabled(not self.recording)
        self.changed.emit()

    def _show_prompt(self) -> None:
        left = self.wanted - self.good_takes
        if self._series is not None:
            text = self._of_series(self._series)
        elif self._waits is not None:
            text = _("The microphone is being opened…")
        elif self._trouble:
            text = self._trouble
        elif self.wanted == 0:
            text = _("The word will be learnt from synthetic voices only.")
        elif left > 0:
            text = ngettext(
                "{count} more good take is needed.", "{count} more good takes are needed.", left, count=left
            )
        else:
            text = _("These takes are enough. You can record more.")
        if self.prompt.text() != text:
            self.prompt.setText(text)

    def _of_series(self, series: Series) -> str:
        if series.phase is Phase.SPEAK:
            return _("Say it now") if series.listens else _("Ready…")
        if series.placed is None:
            return _("Say it after the count: {number}", number=series.number)
        fault = self.takes[series.placed].fault
        if fault is None:
            return _("Good. Once more after the count: {number}", number=series.number)
        return _("Once more after the count: {number}. {fault}", number=series.number, fault=fault.sentence)
