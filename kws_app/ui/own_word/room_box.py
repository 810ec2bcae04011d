"""The optional part of the second page: two minutes of the user's room and television. On the window's thread."""

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.own_word.room import LEAST_ROOM_S, ROOM_S, RoomRecorder
from kws_app.translation import _

WHY = _("Optional: two minutes of your room, with the television on, make false alarms rarer. Do not say the word.")


class RoomBox(QWidget):
    """A button, how far the recording is, and what it is good for."""

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
        """From which it records."""
        return None if self._recorder is None else self._recorder.feed

    def forget(self) -> None:
        """Another word: nothing was recorded."""
        self.samples = None
        self.stop()
        self._say(WHY)

    def begin(self, feed: Feed) -> None:
        """Record from now on."""
        self._recorder = RoomRecorder(feed)
        self.samples = None
        self._show()

    def look(self) -> Samples:
        """Take in what arrived since the last call; returns it at 16 kHz."""
        assert self._recorder is not None
        samples = self._recorder.look()
        if self._recorder.over:
            self.stop()
        else:
            self._show()
        return samples

    def stop(self) -> None:
        """Keep what there is, if it is enough."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None and recorder.seconds >= LEAST_ROOM_S:
            self.samples = recorder.samples
            self._say(_("{seconds:.0f} s of your room will be learnt, too.", seconds=recorder.seconds))
        elif recorder is not None:
            self._say(_("That was too short: record at least {seconds:.0f} s of your room.", seconds=LEAST_ROOM_S))
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
