"""Reads Wyoming events from a stream, and converts PCM to samples. Every length from a client has a limit."""

import asyncio
import json
from typing import Any

import numpy as np
from wyoming.event import Event

from kws_app.audio.audio_file import RATES_HZ
from kws_app.audio.ring import Samples

LINE_BYTES = 65_536  # longest header of an event, and longest further data
PAYLOAD_BYTES = 1_048_576  # half a minute of sound at 16 kHz; clients send tenths of a second
MOST_CHANNELS = 32


class ProtocolError(Exception):
    """The client sent an invalid event, or an event that cannot be served. The message is one sentence."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None at the end of the stream. reader: with a limit of LINE_BYTES. raises ProtocolError"""
    try:
        line = await reader.readline()
    except ValueError as error:  # the limit of the reader
        raise ProtocolError(f"An event's header is longer than {LINE_BYTES} bytes.") from error
    if not line:
        return None
    header = _object(line)
    kind = header.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("An event has no type.")
    data = header.get("data") or {}
    if not isinstance(data, dict):
        raise ProtocolError(f"The data of the event {kind[:40]!r} is no JSON object.")
    try:
        if length := _length(header, "data_length", LINE_BYTES):
            data = {**data, **_object(await reader.readexactly(length))}
        length = _length(header, "payload_length", PAYLOAD_BYTES)
        payload = await reader.readexactly(length) if length else None
    except asyncio.IncompleteReadError:
        return None
    return Event(type=kind, data=data, payload=payload)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("An event is no JSON: connect a Wyoming client.") from error
    if not isinstance(value, dict):
        raise ProtocolError("An event is no JSON object: connect a Wyoming client.")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError) as error:  # text with a lone surrogate cannot be sent or logged
        raise ProtocolError("An event contains text that is not Unicode.") from error
    return value


def _length(header: dict[str, Any], name: str, most: int) -> int:
    value = header.get(name) or 0
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ProtocolError(f"{name} must be from 0 to {most}, got {ascii(value)[:40]}.")
    return value


def audio_format(data: dict[str, Any]) -> tuple[int, int, int]:
    """Rate in Hz, bytes a sample and channels of an audio event. raises ProtocolError"""
    found = []
    for name, (least, most) in (("rate", RATES_HZ), ("width", (1, 4)), ("channels", (1, MOST_CHANNELS))):
        value = data.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ProtocolError(f"The audio's {name} must be from {least} to {most}, got {ascii(value)[:40]}.")
        found.append(value)
    rate_hz, width, channels = found
    return rate_hz, width, channels


def pcm_samples(payload: bytes, width: int, channels: int) -> Samples:
    """Little-endian PCM as samples [N, channels] float32 in [-1, 1). An incomplete last frame is dropped.

    width: bytes of a sample; width 1 is unsigned with silence at 128, as in WAV files
    """
    payload = payload[: len(payload) // (width * channels) * width * channels]
    if width == 1:
        samples = np.frombuffer(payload, np.uint8).astype(np.float32) - np.float32(128)
    elif width == 3:
        padded = np.zeros((len(payload) // 3, 4), np.uint8)  # 24 bits go into the upper bytes of 32 bits
        padded[:, 1:] = np.frombuffer(payload, np.uint8).reshape(-1, 3)
        samples = padded.reshape(-1).view("<i4").astype(np.float32)
        width = 4
    else:
        samples = np.frombuffer(payload, f"<i{width}").astype(np.float32)
    return samples.reshape(-1, channels) * np.float32(2.0 ** (1 - 8 * width))
