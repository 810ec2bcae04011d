"""What kws-wyoming hears of the audio that a client sends, through the protocol's own client over loopback."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.audio import AudioChunk, AudioStart
from wyoming.wake import Detect, Detection, NotDetected

from tests.support.loudness import bursts
from tests.support.programs import StartServer, logged
from tests.support.wyoming_client import RATE_HZ, answer, connected, send


@pytest.mark.parametrize(
    ("rate_hz", "width", "channels"), [(16_000, 2, 1), (44_100, 2, 2), (48_000, 4, 1), (8_000, 3, 2), (22_050, 1, 1)]
)
def test_any_format_is_heard(uri: str, rate_hz: int, width: int, channels: int):
    samples = np.interp(np.arange(3 * rate_hz) / rate_hz, np.arange(48_000) / RATE_HZ, bursts(1.0, duration_s=3.0))

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(Detect(names=["loud/teacher"]).event())
            await send(client, samples, rate_hz, width, channels)
            detection = Detection.from_event(await answer(client))
            assert detection.name == "loud/teacher" and 1900 < detection.timestamp < 2500

    if width == 1:  # of 8 bits, silence is not silent enough for a model that hears loudness
        samples = np.where(np.abs(samples) < 1 / 64, 0.0, samples)
    asyncio.run(scene(uri))


def test_silence_is_not_detected_and_each_audio_starts_afresh(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await send(client, bursts(duration_s=1.0))
            assert NotDetected.is_type((await answer(client)).type)
            for _ in range(2):  # within the refractory time of the first, had it gone on
                await send(client, bursts(0.5, duration_s=0.9))
                assert Detection.from_event(await answer(client)).name == "loud/teacher"
            await send(client, bursts(duration_s=0.5))
            assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


def test_audio_of_another_rate_that_ends_before_it_begins_is_not_detected(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            for duration_s in (1.0, 0.0, 1.0):
                await send(client, bursts(duration_s=duration_s), rate_hz=44_100)
                assert NotDetected.is_type((await answer(client)).type)

    asyncio.run(scene(uri))


def test_clients_do_not_hear_each_other(uri: str):
    async def scene(uri: str) -> None:
        async with connected(uri) as loud, connected(uri) as quiet:
            await asyncio.gather(send(loud, bursts(1.0, duration_s=2.0)), send(quiet, bursts(duration_s=2.0)))
            assert Detection.is_type((await answer(loud)).type)
            assert NotDetected.is_type((await answer(quiet)).type)

    asyncio.run(scene(uri))


def test_channels_that_cancel_each_other_are_heard_and_logged(serve: StartServer):
    uri, process = serve()
    sound = (bursts(1.0, duration_s=2.0) * 32_767).astype("<i2")

    async def scene(uri: str) -> None:
        async with connected(uri) as client:
            await client.write_event(AudioStart(RATE_HZ, 2, 2).event())
            for part in np.split(np.stack([sound, -sound], axis=1), 20):
                await client.write_event(AudioChunk(RATE_HZ, 2, 2, part.tobytes()).event())
            assert Detection.from_event(await answer(client)).name == "loud/teacher"

    asyncio.run(scene(uri))
    assert logged(process).count("the channels cancel each other") == 1


def test_the_shipped_model_hears_its_word(serve: StartServer, speech_commands):
    clips = speech_commands.testing("happy", 3)
    gap = np.zeros(RATE_HZ, np.float32)
    samples = np.concatenate([part for clip in clips for part in (gap, clip)] + [gap])

    async def scene(uri: str) -> None:
        for asked in ("happy", "happy/teacher", "happy/student+teacher"):
            async with connected(uri) as client:
                await client.write_event(Detect(names=[asked]).event())
                await send(client, samples)
                heard = [Detection.from_event(await answer(client)).name for _ in range(2)]  # of three: none is perfect
                assert heard == [asked] * 2

    asyncio.run(scene(serve("--uri", "tcp://127.0.0.1:0")[0]))
