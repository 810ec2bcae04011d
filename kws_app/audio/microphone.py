"""A source that listens to a microphone, and goes on listening whatever the device does.

PortAudio's callback thread copies samples into the ring and notes the time. The source's own thread opens the stream,
watches it, closes it in a helper thread (closing may block when a sound server hangs) and tries again without end.
The worker thread reads the ring.
"""

import threading
import time
import weakref
from pathlib import Path
from typing import Any

from kws_app.audio.downmix import Downmix
from kws_app.audio.portaudio import (
    count_closed_stream,
    count_opened_stream,
    find_input,
    input_format,
    is_there,
    portaudio,
    restart_if_idle,
)
from kws_app.audio.sound_server import ask_server, label_in, led_to
from kws_app.audio.source import Feed, Phase, SourceState, ThreadedSource
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

BLOCK_S = 0.02  # the sound in each callback
LATENCY_S = 0.06  # the device is asked for three blocks: steady under load, and too short to notice
SILENT_S = 1.0  # a device without a callback for this long counts as gone
FIRST_CALLBACK_S = 3.0  # some devices take this long to start
WATCH_S = 0.2  # between two looks at the stream
LOOK_S = 2.0  # between two questions whether the sound server still has the chosen microphone
LOOK_ANSWER_S = 0.5  # longest wait for the answer; a slower server is asked again later
RETRY_S = 1.0  # between two attempts to open
CLOSE_S = 0.7  # longest wait for a stream to close; then its helper thread goes on alone


class MicrophoneSource(ThreadedSource):
    """A microphone by name. When it is plugged in again, the listening goes on."""

    path: Path | None = None

    def __init__(self, microphone: str = "") -> None:
        super().__init__("microphone")
        self.name = label_in(microphone) or _("Default microphone")
        self.feed: Feed | None = None  # written by the source's thread
        self.overruns = 0  # written by the callback
        self._microphone = microphone
        self._last_callback = 0.0  # monotonic seconds, written by the callback; 0 before the first callback
        self._opened = 0.0  # monotonic seconds when the last stream began, written by the source's thread
        # Monotonic seconds since a new stream has brought nothing; 0 otherwise. The source's thread sets it, and the
        # first callback ends it.
        self._silent_since = 0.0
        self._remark: str | None = None  # a sentence about the format, said once; written by the source's thread
        self._downmix: Downmix | None = None  # of the present stream; written by the source's thread
        self._said_cancelled = False  # the source's thread alone
        self._microphone_id = ""  # id in the sound server, if the stream uses it; only the source's thread uses it
        self._next_look = 0.0  # monotonic seconds of the next question to the sound server; only the source's thread
        self._wake = threading.Event()  # set to end the watch: by `stop`, `reopen`, or PortAudio when a stream finishes
        self._reopen = threading.Event()  # set with `_wake` if the user wants to open the microphone again

    def stop(self) -> None:
        self._stop.set()  # before the thread wakes, so that it sees why
        self._wake.set()
        super().stop()

    def reopen(self) -> None:
        """Close and open the microphone, so that PortAudio sees new devices. About half a second is not heard."""
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
                elif not self._stop.is_set():  # before closing: a sound server that hangs makes closing slow
                    self.state = SourceState(
                        Phase.WAITING,
                        _("{name} was disconnected: the listening goes on as soon as it is back.", name=self.name),
                    )
                self._close(stream)
            rescan = True

    def _open(self, rescan: bool) -> Any:
        """Open a stream that writes into a new feed, and start it. raises AudioError"""
        with portaudio() as sounddevice:
            if rescan:
                restart_if_idle(sounddevice)
            try:
                found = find_input(sounddevice, self._microphone)
            except AudioError:
                if rescan or not restart_if_idle(sounddevice):  # it may have been plugged in since
                    raise
                found = find_input(sounddevice, self._microphone)
            with led_to(found.microphone_id):
                rate_hz, channels = input_format(sounddevice, found.index)
            if self._remark is None and rate_hz != SAMPLE_RATE:
                self._remark = _(
                    "{name} does not offer {wanted} Hz: it is opened at {rate_hz} Hz and converted.",
                    name=self.name,
                    wanted=SAMPLE_RATE,
                    rate_hz=rate_hz,
                )
            feed = Feed(rate_hz, LATENCY_S)
            last_sound = max(self._last_callback, self._opened)
            with led_to(found.microphone_id):
                stream = sounddevice.InputStream(
                    device=found.index,
                    samplerate=rate_hz,
                    channels=channels,
                    dtype="float32",
                    blocksize=round(BLOCK_S * rate_hz),
                    latency=LATENCY_S,
                    callback=self._callback_into(feed),
                    finished_callback=self._wake.set,
                )
            self._microphone_id = found.microphone_id
            stream.start()
            feed.latency_s = stream.latency
            count_opened_stream()
        now = time.monotonic()
        if self.feed is not None:  # a device may take seconds to start, so the missed time is known only now
            missing_s = max(0.0, now - last_sound - feed.ring.written / rate_hz)
            feed.begins_s = self.feed.begins_s + self.feed.ring.written / self.feed.rate_hz + missing_s
            self._silent_since = now if not feed.ring.written else 0.0
        self._opened = now
        self.feed = feed
        return stream

    def _callback_into(self, feed: Feed) -> Any:
        """The callback of a stream. It copies samples and counts overruns.

        It holds the feed by a weak reference. sounddevice's stream and its callback hold each other, and Python frees
        such circles seldom: each old stream would keep its ring of megabytes for a long time.
        """
        target = weakref.ref(feed)
        downmix = Downmix(feed.rate_hz)
        self._downmix = downmix

        def callback(samples: Any, frames: int, times: Any, status: Any) -> None:
            feed = target()
            if feed is None:
                return  # a late callback of a closed stream, after the sound server was stuck
            now = time.monotonic()
            if feed is self.feed and self._silent_since:  # a suspended microphone opens, and is silent for seconds
                feed.begins_s += max(0.0, now - self._silent_since - frames / feed.rate_hz)
                self._silent_since = 0.0
            feed.ring.write(downmix.process(samples))
            if status.input_overflow:
                self.overruns += 1
            if feed is self.feed:  # not an earlier feed
                self._last_callback = now

        return callback

    def _take_remark(self) -> str:
        """Sentences about the format and the channels. Each is said once; later the answer is empty."""
        remark, self._remark = self._remark or "", ""
        if self._downmix is not None and self._downmix.has_cancelled and not self._said_cancelled:
            self._said_cancelled = True
            cancelled = _(
                "The channels of {name} cancel each other: only the strongest channel is heard.", name=self.name
            )
            remark = f"{remark} {cancelled}".strip()
        return remark

    def _watch(self, opened: float) -> None:
        """Return when the stream must be closed: it was stopped, it finished, or it was silent for too long."""
        # `_stop` too: a stop just before `_run` clears `_wake` would be missed
        while not self._stop.is_set() and not self._wake.wait(WATCH_S):
            now = time.monotonic()
            if self._last_callback > opened:
                remark = self._take_remark()
                if remark or self.state.phase is not Phase.LISTENING:
                    self.state = SourceState(Phase.LISTENING, remark)
                if now - self._last_callback > SILENT_S or self._is_elsewhere(now):
                    return
            elif now - opened > FIRST_CALLBACK_S:
                return

    def _is_elsewhere(self, now: float) -> bool:
        """Whether the chosen microphone was unplugged, and the sound server gives another microphone instead."""
        if not self._microphone_id or now < self._next_look:
            return False
        self._next_look = now + LOOK_S
        answer = ask_server(LOOK_ANSWER_S)
        return answer is not None and not is_there(self._microphone, answer)

    def _close(self, stream: Any) -> None:
        """Close a stream in a helper thread. If the sound server hangs, closing waits until the server goes on."""

        def close() -> None:
            with portaudio(patience_s=-1) as sounddevice:
                try:
                    stream.abort()
                    stream.close()
                except sounddevice.PortAudioError:
                    pass  # a device that is gone cannot be closed
                count_closed_stream()

        helper = threading.Thread(target=close, name="stream closer", daemon=True)
        helper.start()
        helper.join(CLOSE_S)
