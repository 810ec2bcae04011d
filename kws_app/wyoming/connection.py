"""One client: its events in, detections out, with detectors of its own. On the event loop's thread."""

import asyncio
from dataclasses import dataclass

import numpy as np
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event, async_write_event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from kws_app.audio.audio_file import TAIL_S
from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.detection.detector import Detector
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import ModelError, brief
from kws_app.wyoming.offered_models import ServedModels
from kws_app.wyoming.protocol import ProtocolError, audio_format, pcm_samples, read_event

IDLE_S = 300.0  # a client that sends nothing for this long is let go
WRITE_S = 10.0  # and one that takes nothing
PIECE_S = 1.0  # of audio heard in one go: a long chunk does not hold up the other clients


@dataclass
class Listener:
    """A model that hears this client's audio."""

    name: str
    detector: Detector


class Connection:
    """Serves one client until it leaves."""

    def __init__(self, models: ServedModels, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._models = models
        self._reader, self._writer = reader, writer
        self._chosen, _ = models.choose(None)
        self._listeners: list[Listener] | None = None  # None until there is audio
        self._format: tuple[int, int, int] | None = None
        self._resampler = StreamResampler(SAMPLE_RATE)
        self._start_ms = 0  # the client's time at the first sample
        self._heard = False  # since the audio began

    async def serve(self) -> None:
        """Until the client leaves, is idle for too long, or sends what cannot be understood."""
        try:
            while True:
                event = await asyncio.wait_for(read_event(self._reader), IDLE_S)
                if event is None:
                    return
                await self._handle(event)
        except ProtocolError as error:
            await self._write(Error(str(error), "bad-event").event())
        except (asyncio.TimeoutError, ConnectionError):
            return

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
        # any other event is for another kind of service: the protocol has it passed over

    async def _choose(self, names: object) -> None:
        if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ProtocolError("The names in detect must be a list of texts.")
        self._chosen, unknown = self._models.choose(names)
        self._listeners = None
        if unknown:
            known = ", ".join([*self._models.by_keyword, *self._models.entries])
            named = ", ".join(repr(name[:80]) for name in unknown[:5])
            await self._write(Error(f"There is no model {named}; there are: {known}.", "unknown-model").event())

    async def _begin(self, event: Event) -> None:
        """New audio: nothing came before it."""
        timestamp = event.data.get("timestamp")
        self._start_ms = timestamp if isinstance(timestamp, int) else 0
        self._format, self._resampler = None, StreamResampler(SAMPLE_RATE)
        self._heard = False
        self._listeners = []
        for entry in self._chosen:
            try:
                self._listeners.append(Listener(entry.name, await self._models.detector(entry)))
            except ModelError as error:
                await self._write(Error(str(error), "model").event())

    async def _chunk(self, event: Event) -> None:
        found = audio_format(event.data)
        if self._listeners is None:  # a client that did not say audio-start, or chose anew since
            await self._begin(event)
        rate_hz, width, channels = found
        if found != self._format:
            self._format, self._resampler = found, StreamResampler(rate_hz)
        samples = sane(pcm_samples(event.payload or b"", width, channels))
        piece = round(PIECE_S * rate_hz)
        for i in range(0, len(samples), piece):
            await self._hear(self._resampler.process(samples[i : i + piece]))
            await asyncio.sleep(0)  # the other clients' turn

    async def _end(self) -> None:
        """The audio is over: what is still in the resampler, and silence, as a word at the very end needs some."""
        if self._listeners is not None:
            await self._hear(self._resampler.process(np.zeros((0, 1), np.float32), last=True))
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
            except Exception as error:  # whatever goes wrong inside a model, the others listen on
                self._listeners = [other for other in self._listeners or () if other is not listener]
                await self._write(Error(f"The model {listener.name} failed: {brief(error)}.", "model").event())
                continue
            for detection in detections:
                self._heard = True
                at_ms = self._start_ms + round(1000 * detection.time_s)
                await self._write(Detection(name=listener.name, timestamp=at_ms).event())

    async def _write(self, event: Event) -> None:
        await asyncio.wait_for(async_write_event(event, self._writer), WRITE_S)
