"""Events with bounds on every length, and PCM of each width against numbers worked out by hand."""

import asyncio
import json

import numpy as np
import pytest

pytest.importorskip("wyoming", reason="needs the wyoming package: pip install 'kws-app[wyoming]'")

from wyoming.event import Event

from kws_app.wyoming.protocol import LINE_BYTES, PAYLOAD_BYTES, ProtocolError, audio_format, pcm_samples, read_event


def read(data: bytes) -> Event | None:
    async def from_stream() -> Event | None:
        reader = asyncio.StreamReader(limit=LINE_BYTES)
        reader.feed_data(data)
        reader.feed_eof()
        return await read_event(reader)

    return asyncio.run(from_stream())


def test_an_event_with_further_data_and_payload():
    extra = json.dumps({"width": 2}).encode()
    header = {"type": "audio-chunk", "data": {"rate": 1}, "data_length": len(extra), "payload_length": 3}
    event = read(json.dumps(header).encode() + b"\n" + extra + b"abc" + b"next")
    assert event == Event("audio-chunk", {"rate": 1, "width": 2}, b"abc")


@pytest.mark.parametrize(
    "data", [b"", b'{"type": "x", "payload_length": 9}\nabc', b'{"type": "x", "data_length": 9}\n{']
)
def test_a_stream_that_ends_is_the_end(data: bytes):
    assert read(data) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HTTP/1.1\r\n", "no JSON"),
        (b"\xff\xfe\n", "no JSON"),
        (b"[" * 50_000 + b"\n", "no JSON"),
        (b"[]\n", "no JSON object"),
        (b"{}\n", "no type"),
        (b'{"type": 3}\n', "no type"),
        (b'{"type": "x", "data": [1]}\n', "no JSON object"),
        (b'{"type": "x", "data_length": 2}\n[]', "no JSON object"),
        (b'{"type": "x", "data_length": -1}\n', "data_length must be from 0"),
        (b'{"type": "x", "data_length": 65537}\n', "data_length must be from 0 to 65536"),
        (b'{"type": "x", "payload_length": 1e3}\n', "payload_length must be"),
        (f'{{"type": "x", "payload_length": {PAYLOAD_BYTES + 1}}}\n'.encode(), "payload_length must be"),
        (b'{"type": "x", "payload_length": "\\u001b[31m"}\n', r"got '\\x1b\[31m'\."),
        (b'{"type": "ping", "data": {"text": "\\ud800"}}\n', "not Unicode"),
        (b'{"type": "ping", "data": {"text": "\xed\xa0\x80"}}\n', "not Unicode"),
        (b'"' + b"x" * (LINE_BYTES + 1), "longer than 65536 bytes"),
    ],
)
def test_what_is_no_event_is_refused_before_it_is_read(data: bytes, expected: str):
    with pytest.raises(ProtocolError, match=expected):
        read(data)


@pytest.mark.parametrize(
    ("width", "payload", "expected"),
    [
        (1, bytes([0, 128, 192]), [-1.0, 0.0, 0.5]),
        (2, np.array([-32768, 0, 16384], "<i2").tobytes(), [-1.0, 0.0, 0.5]),
        (3, b"\x00\x00\x80" + b"\x00\x00\x00" + b"\x00\x00\x40", [-1.0, 0.0, 0.5]),
        (4, np.array([-(2**31), 0, 2**30], "<i4").tobytes(), [-1.0, 0.0, 0.5]),
    ],
)
def test_pcm_of_each_width(width: int, payload: bytes, expected: list[float]):
    samples = pcm_samples(payload + b"\x01" * (width - 1), width, 1)  # a broken last sample is cut off
    assert samples.dtype == np.float32 and samples.tolist() == [[value] for value in expected]


def test_channels_are_side_by_side():
    assert pcm_samples(bytes([0, 128, 192, 128, 7]), 1, 2).tolist() == [[-1.0, 0.0], [0.5, 0.0]]
    assert pcm_samples(b"", 3, 2).shape == (0, 2)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"rate": 16_000, "width": 2},
        {"rate": 0, "width": 2, "channels": 1},
        {"rate": 16_000.0, "width": 2, "channels": 1},
        {"rate": 16_000, "width": 5, "channels": 1},
        {"rate": 16_000, "width": 2, "channels": 33},
        {"rate": 16_000, "width": True, "channels": 1},
    ],
)
def test_formats_that_no_sound_has(data: dict):
    with pytest.raises(ProtocolError, match="The audio's"):
        audio_format(data)
