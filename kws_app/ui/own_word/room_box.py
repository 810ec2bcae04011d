"""The optional part of the second page: records two minutes of the user's room. On the window's thread."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.room import LEAST_ROOM_S, ROOM_S, RoomRecorder
from kws_app.translation import _

WHY = _(
    "Optional: record your room for two minutes, with the television on. This gives fewer false alarms. Do not say the "
    "word."
)


class RoomBox(QWidget):
    """A button, the progress of the recording, and its purpose."""

    wanted = pyqtSignal()  # the button was pressed

    def __init__(self) -> None:
        super().__init__()
        self.samples: Samples | None = None  # [N] at 16 kHz, once enough of the room was recorded
        self._recorder: RoomRecorder | None = None
        self.record = QPushButton()
        self.record.setProperty("small", True)
        self.record.clicked.connect(self.wanted)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setProperty("muted", True)
        self.bar = QProgressBar()
        self.bar.setRange(0, round(ROOM_S))
        self.bar.setTextVisible(False)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.text)
        words.addWidget(self.bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.record)
        row.addLayout(words, 1)
        self.forget()

    @property
    def recording(self) -> bool:
        return self._recorder is not None

    @property
    def feed(self) -> Feed | None:
        """The sound that is recorded; None without a recording."""
        return None if self._recorder is None else self._recorder.feed

    def forget(self) -> None:
        """Begin another word, without a recording."""
        self.samples = None
        self.stop()
        self._say(WHY)

    def begin(self, feed: Feed) -> None:
        """Start to record."""
        self._recorder = RoomRecorder(feed)
        self.samples = None
        self._show()

    def look(self) -> Samples:
        """Read the sound since the last call. Returns samples [N] at 16 kHz."""
        assert self._recorder is not None
        samples = self._recorder.look()
        if self._recorder.over:
            self.stop()
        else:
            self._show()
        return samples

    def stop(self) -> None:
        """Stop, and keep the recording if it is long enough."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None and recorder.seconds >= LEAST_ROOM_S:
            self.samples = recorder.samples
            self._say(_("The training uses {seconds:.0f} s of your room.", seconds=recorder.seconds))
        elif recorder is not None:
            self._say(
                _("The recording is too short: record at least {seconds:.0f} s of your room.", seconds=LEAST_ROOM_S)
            )
        self._show()

    def _say(self, text: str) -> None:
        self.text.setText(text)

    def _show(self) -> None:
        self.bar.setVisible(self.recording)
        self.record.setText(_("Stop") if self.recording else _("Record the room"))
        if self._recorder is not None:
            self.bar.setValue(round(self._recorder.seconds))
            left = max(0.0, ROOM_S - self._recorder.seconds)
            self._say(_("Recording the room, {seconds:.0f} s to go. Do not say the word.", seconds=left))
