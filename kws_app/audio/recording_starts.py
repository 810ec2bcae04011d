"""Finds where a recording of a known kind begins, by its marks.

A file may hold a second recording that the header of the first recording does not mention.
"""

import struct
from collections.abc import Callable
from functools import lru_cache
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.mpeg_header import frame_bytes, frame_kind
from kws_app.audio.recording import SEARCH_BYTES, after_titles, read_at

HEAD_BYTES = 40  # enough to know a container
FLAC_MARKS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")  # with the head of the first block, of 34 bytes
W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
MPEG_FRAMES = 4  # frames in a row with the same format that count as a recording; fewer may be chance
MPEG_LONGEST = 5760  # bytes; no frame is longer


def _is_au(head: bytes) -> bool:
    """Whether a header in Sun's format has a possible rate and possible sizes."""
    if len(head) < 24:
        return False
    offset, _, encoding, rate_hz, channels = struct.unpack(">IIIII", head[4:24])
    return 24 <= offset <= 65_536 and 1 <= encoding <= 27 and 0 < rate_hz <= 1_000_000 and 0 < channels <= 1024


# a mark, its offset, and a check of the first bytes
_MARKS: tuple[tuple[bytes, int, Callable[[bytes], bool]], ...] = (
    (b"WAVE", 8, lambda head: head[:4] in (b"RIFF", b"RF64", b"RIFX")),
    (b"AIF", 8, lambda head: head[:4] == b"FORM"),
    (b"caff\x00\x01\x00\x00", 0, lambda head: True),
    (W64_RIFF, 0, lambda head: True),
    (b".snd", 0, _is_au),
    (FLAC_MARKS[0], 0, lambda head: True),
    (FLAC_MARKS[1], 0, lambda head: True),
    (b"OggS\x00\x02", 0, lambda head: True),
)


def is_start(file: BinaryIO, at: int) -> bool:
    """Whether a recording begins at this offset, or after titles that begin there. raises OSError"""
    at = after_titles(file, at)
    data = read_at(file, at, HEAD_BYTES)
    if any(data[offset:].startswith(mark) and fits(data) for mark, offset, fits in _MARKS):
        return True
    kind = frame_kind(data[:4].ljust(4, b"\0"))
    for _ in range(MPEG_FRAMES):
        head = read_at(file, at, 4)
        length = frame_bytes(head)
        if not length or frame_kind(head) != kind:
            return False
        at += length
    return True


def next_start(file: BinaryIO, at: int, size: int) -> int | None:
    """The first offset in [at, size) where a recording begins; None without one.

    Of MPEG only layer 3 (MP3) is found. raises OSError
    """
    while at < size:
        data = read_at(file, at, SEARCH_BYTES + MPEG_FRAMES * MPEG_LONGEST)
        fresh = min(len(data), SEARCH_BYTES, size - at)
        if fresh == 0:
            return None
        starts = [*_marked(data, fresh), *_mpeg_runs(data)]
        first = min((start for start in starts if start < fresh), default=None)
        if first is not None:
            return at + first
        at += fresh
    return None


def _marked(data: bytes, before: int) -> list[int]:
    """For each mark, the first offset where a recording begins."""
    found = []
    for mark, offset, fits in _MARKS:
        place = data.find(mark)
        while 0 <= place < before + offset:
            start = place - offset
            if start >= 0 and fits(data[start : start + HEAD_BYTES]):
                found.append(start)
                break
            place = data.find(mark, place + 1)
    return found


@lru_cache(maxsize=1)
def _layer_3_lengths() -> NDArray[np.int64]:
    """The length of a layer 3 frame, by the second and the third byte of its header; 0 if they are no header."""
    lengths = np.zeros((256, 256), np.int64)
    for second in range(0xE0, 0x100):
        if second & 0x06 == 0x02:
            lengths[second] = [frame_bytes(bytes((0xFF, second, third, 0))) for third in range(256)]
    return lengths


def _mpeg_runs(data: bytes) -> list[int]:
    """The offsets at which MPEG_FRAMES frames of layer 3 with the same format begin."""
    if len(data) < 4:
        return []
    values = np.frombuffer(data, np.uint8)
    starts = np.flatnonzero(values[:-3] == 0xFF)
    lengths = _layer_3_lengths()
    format_of = values & np.uint8(0x1E), values & np.uint8(0x0C)  # of the second and the third byte
    at = starts
    for _ in range(MPEG_FRAMES):
        inside = at + 3 <= len(values)
        starts, at = starts[inside], at[inside]
        steps = np.where(values[at] == 0xFF, lengths[values[at + 1], values[at + 2]], 0)
        same = (format_of[0][at + 1] == format_of[0][starts + 1]) & (format_of[1][at + 2] == format_of[1][starts + 2])
        keep = (steps > 0) & same
        starts, at = starts[keep], at[keep] + steps[keep]
    return list(map(int, starts))
