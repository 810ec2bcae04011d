"""Serves one client: reads its events and sends detections, with detectors of its own. On the event loop's thread."""

import asyncio
import logging
import time
from dataclasses import dataclass

import numpy as np
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from kws_app.audio.audio_file import TAIL_S
from kws_app.audio.downmix import Downmix
from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.detection.detector import Detector
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import ModelError, brief
from kws_app.wyoming.offered_models import MOST_MODELS, ServedModels
from kws_app.wyoming.protocol import ProtocolError, audio_format, pcm_samples, read_event

FIRST_EVENT_S = 10.0  # the connection to a client without a first event ends after this time
IDLE_S = 300.0  # the connection to a client without a further event ends after this time
WRITE_S = 10.0  # the connection to a client that reads no answer ends after this time
MOST_NAMES = 1000  # names of models in a request
PIECE_S = 1.0  # sound that is processed at once; a long chunk must not delay the other clients


log = logging.getLogger(__name__)


@dataclass
class Listener:
    """A model that hears the audio of this client, and the names that the client used for it."""

    names: list[str]
    detector: Detector


class Connection:
    """Serves one client until it leaves."""

    def __init__(
        self, models: ServedModels, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str
    ) -> None:
        """peer: the address of the client, for the log"""
        self._models = models
        self._reader, self._writer = reader, writer
        self.peer = peer
        self.last_event_s = time.monotonic()  # time of the last event, or of the connection before any event
        self._has_sent = False
        self._choice = models.choose(None)
        self._listeners: list[Listener] | None = None  # None until there is audio
        self._format: tuple[int, int, int] | None = None
        self._resampler, self._downmix = StreamResampler(SAMPLE_RATE), Downmix(SAMPLE_RATE)
        self._start_ms = 0  # the client's time of the first sample
        self._heard = False  # whether there was a detection since the audio began

    async def serve(self) -> None:
        """Answer events until the client leaves, is idle for too long, or sends an invalid event."""
        try:
            try:
                while (event := await self._next_event()) is not None:
                    await self._handle(event)
                log.debug("%s left", self.peer)
            except ProtocolError as error:
                await self._refuse(str(error), "bad-event")
        except asyncio.TimeoutError:
            log.warning("%s was disconnected: it reads no answer", self.peer)
        except ConnectionError as error:
            log.debug("%s is gone (%s)", self.peer, error)

    async def make_room(self) -> None:
        """Tell the client that another client needs its place."""
        await self._refuse("All places are taken, and this client was silent the longest: the connection ends.", "idle")

    async def _next_event(self) -> Event | None:
        """The next event; None if the client has left, or is disconnected because it sent nothing."""
        patience_s = IDLE_S if self._has_sent else FIRST_EVENT_S
        try:
            event = await asyncio.wait_for(read_event(self._reader), patience_s)
        except asyncio.TimeoutError:
            await self._refuse(f"No event came for {patience_s:g} s: the connection ends.", "idle")
            return None
        self.last_event_s, self._has_sent = time.monotonic(), True
        return event

    async def _refuse(self, reason: str, code: str) -> None:
        """Send an error to the client, and write it to the log."""
        log.warning("%s: %s", self.peer, reason)
        await self._write(Error(reason, code).event())

    async def _handle(self, event: Event) -> None:
        if Describe.is_type(event.type):
            await self._write(self._models.info().event())
        elif Detect.is_type(event.type):
            await self._choose(event.data.get("names"))
        elif AudioStart.is_type(event.type):
            audio_format(event.data)
            await self._begin(event)
        elif AudioChunk.is_type(event.type):
            await self._chunk(event)
        elif AudioStop.is_type(event.type):
            await self._end()
        elif Ping.is_type(event.type):
            await self._write(Pong(text=Ping.from_event(event).text).event())
        # any other event is for another kind of service; the protocol says to ignore it

    async def _choose(self, names: object) -> None:
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ProtocolError("The names in detect must be a list of texts.")
        if names is not None and len(names) > MOST_NAMES:
            raise ProtocolError(f"The names in detect must be at most {MOST_NAMES}, got {len(names)}.")
        self._choice = self._models.choose(names)
        self._listeners = None
        log.debug("%s will hear %s", self.peer, ", ".join(self._choice.names) or "nothing")
        if self._choice.unknown:
            known = ", ".join([*self._models.by_keyword, *self._models.entries])
            reason = f"There is no model {_quoted(self._choice.unknown)}. The models are: {known}."
            await self._refuse(reason, "unknown-model")
        if self._choice.too_many:
            reason = (
                f"At most {MOST_MODELS} models run at once, so these are left out: {_quoted(self._choice.too_many)}."
            )
            await self._refuse(reason, "too-many-models")

    async def _begin(self, event: Event) -> None:
        """Begin new audio, with fresh detectors."""
        timestamp = event.data.get("timestamp")
        self._start_ms = timestamp if isinstance(timestamp, int) else 0
        self._format, self._resampler = None, StreamResampler(SAMPLE_RATE)
        self._heard = False
        self._listeners = []
        for model, names in self._choice.names.items():
            try:
                self._listeners.append(Listener(names, await self._models.detector(self._models.entries[model])))
            except ModelError as error:
                await self._refuse(str(error), "model")

    async def _chunk(self, event: Event) -> None:
        found = audio_format(event.data)
        if self._listeners is None:  # the client sent no audio-start, or has chosen other models
            await self._begin(event)
        rate_hz, width, channels = found
        if found != self._format:
            log.debug("%s sends %d Hz, %d bytes a sample, %d channels", self.peer, rate_hz, width, channels)
            self._format, self._resampler, self._downmix = found, StreamResampler(rate_hz), Downmix(rate_hz)
        samples = sane(pcm_samples(event.payload or b"", width, channels))
        piece = round(PIECE_S * rate_hz)
        has_cancelled = self._downmix.has_cancelled
        for i in range(0, len(samples), piece):
            await self._hear(self._resampler.process(self._downmix.process(samples[i : i + piece])))
            await asyncio.sleep(0)  # let the other clients run
        if self._downmix.has_cancelled and not has_cancelled:
            log.warning("%s: the channels cancel each other: only the strongest channel is heard", self.peer)

    async def _end(self) -> None:
        """Process the rest in the resampler, and then silence, which a word at the very end needs."""
        if self._listeners is not None:
            await self._hear(self._resampler.process(np.zeros(0, np.float32), last=True))
            await self._hear(np.zeros(round(TAIL_S * SAMPLE_RATE), np.float32))
        if not self._heard:
            await self._write(NotDetected().event())
        self._listeners, self._heard = None, False

    async def _hear(self, samples: Samples) -> None:
        if not len(samples):
            return
        for listener in list(self._listeners or ()):
            try:
                detections = listener.detector.process(samples).detections
            except Exception as error:  # any error of a model: the other models go on
                self._listeners = [other for other in self._listeners or () if other is not listener]
                await self._refuse(f"The model {listener.names[0]} failed: {brief(error)}.", "model")
                continue
            for detection in detections:
                self._heard = True
                at_ms = self._start_ms + round(1000 * detection.time_s)
                for name in listener.names:
                    log.debug("%s: %s at %d ms", self.peer, name, at_ms)
                    await self._write(Detection(name=name, timestamp=at_ms).event())

    async def _write(self, event: Event) -> None:
        await asyncio.wait_for(async_write_event(event, self._writer), WRITE_S)


def _quoted(names: list[str]) -> str:
    """The first few names of a client, safe to show."""
    shown = ", ".join(ascii(name[:80]) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
