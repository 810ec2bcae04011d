"""A client of kws-wyoming for tests: connect, send audio, read the answer."""

import contextlib
from collections.abc import AsyncIterator

import numpy as np
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event

from tests.support.waiting import PATIENCE_S

RATE_HZ = 16_000


@contextlib.asynccontextmanager
async def connected(uri: str) -> AsyncIterator[AsyncClient]:
    client = AsyncClient.from_uri(uri, connect_timeout=PATIENCE_S, read_timeout=PATIENCE_S)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def answer(client: AsyncClient) -> Event:
    event = await client.read_event()
    assert event is not None, "the server hung up"
    return event


async def send(client: AsyncClient, samples: np.ndarray, rate_hz: int = RATE_HZ, width: int = 2, channels: int = 1):
    """The whole of some audio, [N] in [-1, 1), in chunks of a tenth of a second; every channel holds the same."""
    await client.write_event(AudioStart(rate_hz, width, channels, timestamp=1000).event())
    scaled = np.repeat(samples[:, None], channels, axis=1) * (2.0 ** (8 * width - 1) - 1)
    if width == 1:
        raw = (scaled + 128).astype("u1")
    elif width == 3:
        raw = scaled.astype("<i4").reshape(-1, 1).view("u1")[:, :3].reshape(len(samples), channels, 3)
    else:
        raw = scaled.astype(f"<i{width}")
    step = rate_hz // 10
    for i in range(0, len(raw), step):
        await client.write_event(AudioChunk(rate_hz, width, channels, raw[i : i + step].tobytes()).event())
    await client.write_event(AudioStop().event())
