"""Microphones: the list of them, and a source that keeps listening through anything a device does. And playing clips.

The only file that knows PortAudio. Its callback thread copies samples into the ring and notes the time; the source's
own thread opens the stream, watches it, closes it in a helper thread (closing may block when a sound server hangs)
and tries again without end. The worker thread reads the ring.
"""

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soxr

from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed, Phase, SourceState, ThreadedSource
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

BLOCK_S = 0.02  # of audio in each callback
LATENCY_S = 0.06  # asked of the device: three blocks, steady under load and short to hear
SILENT_S = 1.0  # no callback for this long: the device is gone
FIRST_CALLBACK_S = 3.0  # some devices take this long to wake
WATCH_S = 0.2
RETRY_S = 1.0
CLOSE_S = 0.7  # a stream that takes longer to close is left to its helper thread
ANSWER_S = 3.0  # the sound system answers within this or is called stuck

_portaudio_lock = threading.Lock()  # PortAudio's own functions must not run side by side
_open_streams = 0  # changed under the lock


@dataclass(frozen=True)
class Microphone:
    """A device to choose. Kept in the settings is `name`; the empty name is the system's default."""

    name: str  # PortAudio's, with the host API in brackets where that is not the default one
    label: str  # with the host API in any case


@contextmanager
def _portaudio(patience_s: float = ANSWER_S) -> Iterator[Any]:
    """The sounddevice module, for one caller at a time; -1 waits for the others for ever.

    Imported here and not above: importing it starts PortAudio, which takes long, may be missing, and is not
    needed for files.
    raises AudioError if it cannot be had
    """
    if not _portaudio_lock.acquire(timeout=patience_s):
        raise AudioError(_("The sound system does not answer: waiting for it, or restart it (or open a file)."))
    try:
        try:
            import sounddevice
        except OSError as error:
            raise AudioError(
                _(
                    "Microphones need the PortAudio library ({error}): install it, on Debian and Ubuntu with `apt "
                    "install libportaudio2`, or open a file.",
                    error=error,
                )
            ) from error
        try:
            yield sounddevice
        except sounddevice.PortAudioError as error:
            raise AudioError(_("The sound system reports an error ({error}): trying again.", error=error)) from error
    finally:
        _portaudio_lock.release()


def has_open_stream() -> bool:
    """Whether one would end if PortAudio were started again."""
    return _open_streams > 0


def list_microphones(rescan: bool = False) -> list[Microphone]:
    """The default first, then each input by name and host API. May take a second: not for the window's thread.

    rescan: look for devices that were plugged in since; ignored while a stream is open, which it would end
    raises AudioError if there is none
    """
    with _portaudio() as sounddevice:
        if rescan and _open_streams == 0:
            _restart(sounddevice)
        inputs = _inputs(sounddevice)
        default = _default_input(sounddevice)
    if not inputs:
        raise AudioError(_("No microphone was found: plug one in, or open a file."))
    label = _("Default microphone") if default is None else _("Default microphone ({default})", default=default)
    return [Microphone("", label), *(Microphone(name, each.label) for name, each in inputs.items())]


def _restart(sounddevice: Any) -> None:
    """Let PortAudio see the devices there are now; there is no public way."""
    sounddevice._terminate()
    sounddevice._initialize()


@dataclass(frozen=True)
class _Input:
    """A device as PortAudio numbers it today."""

    index: int
    device: str  # its name alone
    label: str


def _inputs(sounddevice: Any) -> dict[str, _Input]:
    """By name, those of the default host API first; the names of the others end with theirs."""
    apis = sounddevice.query_hostapis()
    default_input = sounddevice.default.device[0]
    order = sorted(range(len(apis)), key=lambda i: default_input not in apis[i]["devices"])
    found: dict[str, _Input] = {}
    for api in order:
        for index in apis[api]["devices"]:
            device = sounddevice.query_devices(index)
            label = f"{device['name']} ({apis[api]['name']})"
            name = device["name"] if api == order[0] else label
            if device["max_input_channels"] > 0 and name not in found:
                found[name] = _Input(index, device["name"], label)
    return found


def _default_input(sounddevice: Any) -> str | None:
    index = sounddevice.default.device[0]
    return None if index < 0 else str(sounddevice.query_devices(index)["name"])


def _find(sounddevice: Any, name: str) -> int:
    """Index of the input called `name`; of the default for the empty name. raises AudioError if it is not there"""
    inputs = _inputs(sounddevice)
    default = _default_input(sounddevice)
    if not inputs or (not name and default is None):
        raise AudioError(_("No microphone was found: plug one in, or open a file."))
    if not name:
        return int(sounddevice.default.device[0])
    # the default host API may be another than when the name was remembered
    known = next((each for key, each in inputs.items() if name in (key, each.label, each.device)), None)
    if known is None:
        raise AudioError(_("Microphone '{name}' is not there: plug it in, or choose another.", name=name))
    return known.index


def _choose_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels): 16 kHz mono where the device offers it, else what comes nearest."""
    device = sounddevice.query_devices(index)
    rates = (SAMPLE_RATE, int(device["default_samplerate"]), 48_000, 44_100)
    most = device["max_input_channels"]
    for channels in dict.fromkeys((1, min(2, most), most)):
        for rate_hz in rates:
            try:
                sounddevice.check_input_settings(index, channels, "float32", samplerate=rate_hz)
            except sounddevice.PortAudioError:
                continue
            return rate_hz, channels
    raise AudioError(
        _(
            "Microphone '{name}' cannot be opened: another program may hold it, or access to the microphone is "
            "switched off in the system's privacy settings.",
            name=device["name"],
        )
    )


class MicrophoneSource(ThreadedSource):
    """A microphone by name; resumes it by name when it comes back."""

    path: Path | None = None

    def __init__(self, microphone: str = "") -> None:
        super().__init__("microphone")
        self.name = microphone or _("Default microphone")
        self.feed: Feed | None = None  # written by the source's thread
        self.overruns = 0  # written by the callback
        self._microphone = microphone
        self._last_callback = 0.0  # monotonic seconds, written by the callback; 0 before the first of all
        self._opened = 0.0  # monotonic seconds, written by the source's thread: when the last stream began
        # monotonic seconds, as long as a new stream brings nothing: set by the source's thread, ended by the callback
        self._silent_since = 0.0
        self._remark: str | None = None  # on the format, said once; written by the source's thread
        self._wake = threading.Event()  # set to end the watch: by `stop`, `reopen`, or PortAudio when a stream finishes
        self._reopen = threading.Event()  # set with `_wake` where nothing went wrong

    def stop(self) -> None:
        self._stop.set()  # before the thread wakes, so that it sees why
        self._wake.set()
        super().stop()

    def reopen(self) -> None:
        """Close and open again, which lets PortAudio see new devices; a gap of about half a second."""
        self._reopen.set()
        self._wake.set()

    def _run(self) -> None:
        rescan = False
        while not self._stop.is_set():
            self._wake.clear()
            self._reopen.clear()
            try:
                stream = self._open(rescan)
            except AudioError as error:
                self.state = SourceState(Phase.WAITING, str(error))
                self._stop.wait(RETRY_S)
            else:
                self._watch(time.monotonic())
                if self._reopen.is_set():
                    self.state = SourceState(Phase.OPENING)
                elif not self._stop.is_set():  # before closing, which takes a while where the sound server hangs
                    self.state = SourceState(
                        Phase.WAITING,
                        _("{name} went away: listening goes on as soon as it is back.", name=self.name),
                    )
                self._close(stream)
            rescan = True

    def _open(self, rescan: bool) -> Any:
        """A running stream into a new feed. raises AudioError"""
        global _open_streams
        with _portaudio() as sounddevice:
            if rescan and _open_streams == 0:
                _restart(sounddevice)
            try:
                index = _find(sounddevice, self._microphone)
            except AudioError:
                if rescan or _open_streams:
                    raise
                _restart(sounddevice)  # it may have been plugged in since
                index = _find(sounddevice, self._microphone)
            rate_hz, channels = _choose_format(sounddevice, index)
            if self._remark is None and rate_hz != SAMPLE_RATE:
                self._remark = _(
                    "{name} does not offer {wanted} Hz: it is opened at {rate_hz} Hz and converted.",
                    name=self.name,
                    wanted=SAMPLE_RATE,
                    rate_hz=rate_hz,
                )
            feed = Feed(rate_hz, LATENCY_S)
            last_sound = max(self._last_callback, self._opened)
            stream = sounddevice.InputStream(
                device=index,
                samplerate=rate_hz,
                channels=channels,
                dtype="float32",
                blocksize=round(BLOCK_S * rate_hz),
                latency=LATENCY_S,
                callback=self._callback_into(feed),
                finished_callback=self._wake.set,
            )
            stream.start()
            feed.latency_s = stream.latency
            _open_streams += 1
        now = time.monotonic()
        if self.feed is not None:  # a device may take seconds to start: only now is it known what was missed
            missing_s = max(0.0, now - last_sound - feed.ring.written / rate_hz)
            feed.begins_s = self.feed.begins_s + self.feed.ring.written / self.feed.rate_hz + missing_s
            self._silent_since = now if not feed.ring.written else 0.0
        self._opened = now
        self.feed = feed
        return stream

    def _callback_into(self, feed: Feed) -> Any:
        """The callback of one stream: it copies and counts, nothing else.

        It keeps the feed no longer than others do: sounddevice's streams and their callbacks hold each other, so each
        would keep its ring of megabytes until Python looks for such circles, which with torch loaded is seldom.
        """
        target = weakref.ref(feed)

        def callback(samples: Any, frames: int, times: Any, status: Any) -> None:
            feed = target()
            if feed is None:
                return  # a stream that a hung server lets go of late
            now = time.monotonic()
            if feed is self.feed and self._silent_since:  # a suspended microphone opens, and is silent for seconds
                feed.begins_s += max(0.0, now - self._silent_since - frames / feed.rate_hz)
                self._silent_since = 0.0
            # a second channel is there only where the device refuses to be opened with one
            feed.ring.write(samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1))
            if status.input_overflow:
                self.overruns += 1
            if feed is self.feed:  # not a former one
                self._last_callback = now

        return callback

    def _take_remark(self) -> str:
        """What is to be said about the format; nothing the second time."""
        remark, self._remark = self._remark or "", ""
        return remark

    def _watch(self, opened: float) -> None:
        """Return when the stream must be closed: stopped, finished, or silent for too long."""
        # `_stop` too: a stop just before `_run` clears `_wake` would be missed
        while not self._stop.is_set() and not self._wake.wait(WATCH_S):
            now = time.monotonic()
            if self._last_callback > opened:
                if self.state.phase is not Phase.LISTENING:
                    self.state = SourceState(Phase.LISTENING, self._take_remark())
                if now - self._last_callback > SILENT_S:
                    return
            elif now - opened > FIRST_CALLBACK_S:
                return

    def _close(self, stream: Any) -> None:
        """Close in a helper thread: with a hung sound server this blocks until the server goes on."""

        def close() -> None:
            global _open_streams
            with _portaudio(patience_s=-1) as sounddevice:
                try:
                    stream.abort()
                    stream.close()
                except sounddevice.PortAudioError:
                    pass  # a device that is gone cannot be closed properly, and need not be
                _open_streams -= 1

        helper = threading.Thread(target=close, name="stream closer", daemon=True)
        helper.start()
        helper.join(CLOSE_S)


def play(samples: Samples, stop: threading.Event) -> None:
    """Play samples [N] at 16 kHz on the default output. Blocks until they have sounded, or `stop` is set.

    raises AudioError, in one sentence, if there is no output or it fails
    """
    global _open_streams
    with _portaudio() as sounddevice:
        if sounddevice.default.device[1] < 0 and _open_streams == 0:
            _restart(sounddevice)  # one may have been plugged in since
        index = sounddevice.default.device[1]
        if index < 0:
            raise AudioError(_("No loudspeaker or headphones were found: plug them in to hear anything."))
        rate_hz, channels = _output_format(sounddevice, index)
        stream = sounddevice.OutputStream(rate_hz, device=index, channels=channels, dtype="float32", latency="high")
        stream.start()
        _open_streams += 1  # looking for devices would end it
    sound = soxr.resample(samples, SAMPLE_RATE, rate_hz) if rate_hz != SAMPLE_RATE else samples
    sound = sound[:, None].repeat(channels, axis=1)
    try:
        block = round(BLOCK_S * rate_hz)
        for first in range(0, len(sound), block):
            if stop.is_set():
                break
            stream.write(sound[first : first + block])
        if not stop.is_set():
            stream.stop()  # waits for what is under way
    except sounddevice.PortAudioError as error:
        raise AudioError(_("The sound could not be played ({error}): try again.", error=error)) from error
    finally:
        with _portaudio(patience_s=-1):
            _open_streams -= 1
            stream.close(ignore_errors=True)


def _output_format(sounddevice: Any, index: int) -> tuple[int, int]:
    """(rate in Hz, channels) at which an output can be opened; 16 kHz mono where it offers that."""
    device = sounddevice.query_devices(index)
    for channels in (1, min(2, device["max_output_channels"])):
        for rate_hz in (SAMPLE_RATE, int(device["default_samplerate"]), 48_000, 44_100):
            try:
                sounddevice.check_output_settings(index, channels, "float32", samplerate=rate_hz)
            except sounddevice.PortAudioError:
                continue
            return rate_hz, channels
    raise AudioError(_("'{name}' cannot be opened to play anything: another program may hold it.", name=device["name"]))
