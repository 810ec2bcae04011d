"""Looks for microphones in a thread of its own, because a sound server may be slow or hang."""

import threading
from collections.abc import Callable

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.audio.device_scan import look_for_microphones
from kws_app.audio.portaudio import Microphone
from kws_app.errors import AudioError


class DeviceScan(QObject):
    """One scan at a time. Its answer comes as a signal."""

    found = pyqtSignal(object)  # list[Microphone]
    failed = pyqtSignal(str)  # one sentence

    def __init__(self, search: Callable[[bool], list[Microphone]] = look_for_microphones) -> None:
        """search: returns the microphones; its argument says whether to look for new devices, too"""
        super().__init__()
        self._search = search
        self._thread: threading.Thread | None = None

    def scan(self, rescan: bool) -> None:
        """Start a scan, which answers with `found` or `failed`. While a scan runs, this does nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(rescan,), name="device scan", daemon=True)
            self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait for a running scan to end, at most this long."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, rescan: bool) -> None:
        try:
            self.found.emit(self._search(rescan))
        except AudioError as error:
            self.failed.emit(str(error))
