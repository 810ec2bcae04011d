"""Looks for microphones in a helper thread, because a sound server may take its time or hang."""

import threading
from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.audio.device_scan import look_for_microphones
from kws_app.audio.portaudio import Microphone
from kws_app.errors import AudioError


class DeviceScan(QObject):
    """One scan at a time; its answer comes as a signal."""

    found = pyqtSignal(object)  # list[Microphone]
    failed = pyqtSignal(str)  # one sentence

    def __init__(self, search: Callable[[bool], list[Microphone]] = look_for_microphones) -> None:
        """search: given whether to look for new devices, answers with what there is"""
        super().__init__()
        self._search = search
        self._thread: threading.Thread | None = None

    def scan(self, rescan: bool) -> None:
        """Answers later with `found` or `failed`; does nothing while an earlier scan is under way."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(rescan,), name="device scan", daemon=True)
            self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait for a scan under way, but no longer than this."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, rescan: bool) -> None:
        try:
            self.found.emit(self._search(rescan))
        except AudioError as error:
            self.failed.emit(str(error))
