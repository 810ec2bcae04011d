"""The present levels of several microphones, for the list of sources.

A thread of its own opens the microphones one after the other and closes them at the end. PortAudio's callbacks write
the peaks, and the window's thread reads them.
"""

import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from kws_app.audio.portaudio import (
    count_closed_stream,
    count_opened_stream,
    find_input,
    input_format,
    portaudio,
)
from kws_app.audio.sound_server import led_to
from kws_app.errors import AudioError

SILENCE_DB = -100.0  # lowest level that is reported; full scale is 0
BLOCK_S = 0.05


class Meters:
    """The levels of some microphones, by the names that `list_microphones` gives. Start and stop it once."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._peaks: dict[str, float] = {}  # by name, the peak since the last read; the callbacks write it
        self._failed: dict[str, str] = {}  # by name, one sentence; the thread writes it
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meters", daemon=True)

    def start(self) -> None:
        """Begin to open the microphones; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Let the thread close the microphones; returns at once."""
        self._stop.set()

    def wait(self, patience_s: float) -> bool:
        """Wait until the microphones are closed. Returns whether they are."""
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def levels_db(self) -> dict[str, float]:
        """The peak of each open microphone since the last call, in dB of full scale."""
        return {name: max(SILENCE_DB, 20 * math.log10(max(1e-9, self._take(name)))) for name in list(self._peaks)}

    @property
    def failed(self) -> dict[str, str]:
        """By name, why a microphone cannot be opened, in one sentence."""
        return dict(self._failed)

    def _take(self, name: str) -> float:
        """Read and clear a peak. A block that a callback writes in between is lost, which a meter can bear."""
        peak = self._peaks[name]
        self._peaks[name] = 0.0
        return peak

    def _run(self) -> None:
        streams: list[Any] = []
        try:
            for name in self._names:
                if self._stop.is_set():
                    break
                try:
                    streams.append(self._open(name))
                except AudioError as error:
                    self._failed[name] = str(error)
            self._stop.wait()
        finally:
            for stream in streams:
                with portaudio(patience_s=-1):
                    count_closed_stream()
                    stream.close(ignore_errors=True)

    def _open(self, name: str) -> Any:
        """raises AudioError"""

        def callback(samples: Any, frames: int, times: Any, status: Any) -> None:
            self._peaks[name] = max(self._peaks.get(name, 0.0), float(np.abs(samples).max(initial=0.0)))

        with portaudio() as sounddevice:
            found = find_input(sounddevice, name)
            with led_to(found.microphone_id):
                rate_hz, channels = input_format(sounddevice, found.index)
                stream = sounddevice.InputStream(
                    device=found.index,
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="float32",
                    blocksize=round(BLOCK_S * rate_hz),
                    callback=callback,
                )
            stream.start()
            count_opened_stream()
        return stream
