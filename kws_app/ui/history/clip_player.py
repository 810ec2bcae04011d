"""Plays one clip at a time on a thread of its own. Used on the window's thread."""

import threading

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from kws_app.audio.playback import play
from kws_app.audio.ring import Samples
from kws_app.errors import AudioError

DRAIN_MS = 1000  # after the last sample: until the room, the device and the model have had it


class Player(QObject):
    """What is played, and whether it may still be heard by the microphone."""

    changed = pyqtSignal(object)  # id that plays, or None
    audible = pyqtSignal(bool)  # from the start of the first until DRAIN_MS after the end of the last
    failed = pyqtSignal(str)  # one sentence
    _ended = pyqtSignal(object, str)  # the stop of which one, and why it failed

    def __init__(self) -> None:
        super().__init__()
        self.playing: str | None = None
        self._stop = threading.Event()
        self._drained = QTimer(self)
        self._drained.setSingleShot(True)
        self._drained.setInterval(DRAIN_MS)
        self._drained.timeout.connect(lambda: self.audible.emit(False))
        self._ended.connect(self._end)

    def play(self, id: str, samples: Samples) -> None:
        """In place of what plays now. samples: [N] at 16 kHz"""
        self._stop.set()
        self._stop = threading.Event()
        self._drained.stop()
        self.playing = id
        self.audible.emit(True)
        self.changed.emit(id)
        threading.Thread(target=self._run, args=(samples, self._stop), name="player", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, samples: Samples, stop: threading.Event) -> None:
        try:
            play(samples, stop)
        except AudioError as error:
            self._tell(stop, str(error))
        else:
            self._tell(stop, "")

    def _tell(self, stop: threading.Event, failure: str) -> None:
        try:
            self._ended.emit(stop, failure)
        except RuntimeError:
            pass  # the window is gone

    def _end(self, stop: threading.Event, failure: str) -> None:
        if failure:
            self.failed.emit(failure)
        if stop is self._stop:  # nothing else plays since
            self.playing = None
            self._drained.start()
            self.changed.emit(None)
