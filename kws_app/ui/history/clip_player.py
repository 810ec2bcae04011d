"""Plays one clip at a time, in a thread of its own. Called on the window's thread."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.audio.playback import play
from kws_app.audio.ring import Samples
from kws_app.errors import AudioError


class Player(QObject):
    """The player of clips."""

    changed = pyqtSignal(object)  # id of the clip that plays, or None
    failed = pyqtSignal(str)  # one sentence
    _ended = pyqtSignal(object, str)  # the stop event of the clip that ended, and why it failed, or nothing

    def __init__(self, playing: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """playing: a context that the playing thread enters around each sound"""
        super().__init__()
        self._around = playing
        self.playing: str | None = None
        self._stop = threading.Event()
        self._ended.connect(self._end)

    def play(self, id: str, samples: Samples) -> None:
        """Play a clip. A clip that plays already is stopped. samples: [N] at 16 kHz"""
        self._stop.set()
        self._stop = threading.Event()
        self.playing = id
        self.changed.emit(id)
        threading.Thread(target=self._run, args=(samples, self._stop), name="player", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, samples: Samples, stop: threading.Event) -> None:
        try:
            with self._around():
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
        if stop is self._stop:  # no other clip has started since
            self.playing = None
            self.changed.emit(None)
