"""Recordings of MPEG frames, such as MP3: where they end, and a stated length that is true."""

import struct
from typing import BinaryIO

from kws_app.audio.recording import SEARCH_BYTES, Recording, places, read_at, start_of_titles

MPEG_KBIT = {  # by version 1 or not, and layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES_HZ = (44_100, 48_000, 32_000)  # of version 1; halved in version 2, quartered in 2.5
MPEG_TAGS = (b"Xing", b"Info")
TAG_SLACK_BYTES = 2048  # between the size that a tag states and the file's: titles, the tag's own frame
TAG_FRAME_KBIT = 8  # the eighth bit rate has room for the tag in every version
FIRST_FRAME_BYTES = 65_536  # within so many, after the titles, the first frame begins


def frame_bytes(head: bytes) -> int:
    """The length of an MPEG audio frame by its four bytes of header; 0 if they are no header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbit, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or kbit in (0, 15) or rate == 3:
        return 0
    is_first = version == 3
    rate_hz = MPEG_RATES_HZ[rate] // {3: 1, 2: 2, 0: 4}[version]
    bit_s = MPEG_KBIT[is_first, layer][kbit - 1] * 1000
    padding = head[2] >> 1 & 1
    if layer == 1:
        return (12 * bit_s // rate_hz + padding) * 4
    samples = 1152 if is_first or layer == 2 else 576
    return samples // 8 * bit_s // rate_hz + padding


def first_frame(file: BinaryIO, at: int) -> int | None:
    """Where the first of two MPEG frames in a row begins, or None."""
    data = read_at(file, at, FIRST_FRAME_BYTES)
    place = data.find(b"\xff")
    while place >= 0:
        length = frame_bytes(data[place : place + 4])
        if length and frame_bytes(read_at(file, at + place + length, 4)):
            return at + place
        place = data.find(b"\xff", place + 1)
    return None


def mpeg_recording(file: BinaryIO, at: int, size: int) -> Recording:
    """A recording of MPEG frames, up to a tag that states the length of another or to a frame of another format.

    A decoder believes the tag, or guesses the length from the first frame. Where there is no tag, or a tag of another
    length, the frames are counted and the decoder is given a tag that tells the truth.
    """
    end, own_tag = size, None
    for place in places(file, at, size, MPEG_TAGS):
        frame_at = _frame_of_tag(file, place)
        if frame_at == at:
            own_tag = place
        elif frame_at is not None and frame_at > at:
            end = start_of_titles(file, at, frame_at)
            break
    if own_tag is not None:
        flags, _, stated = struct.unpack(">III", read_at(file, own_tag + 4, 12).ljust(12, b"\0"))
        if flags & 3 == 3 and abs(end - at - stated) <= TAG_SLACK_BYTES:  # it states frames and bytes
            return Recording(at, end - at)
    count, end = _count_frames(file, at, end)
    patches = {} if own_tag is None else {own_tag - at: bytes(4)}
    return Recording(at, end - at, patches, _frame_with_tag(read_at(file, at, 4), count, end - at))


def _count_frames(file: BinaryIO, at: int, end: int) -> tuple[int, int]:
    """How many MPEG frames of the first one's format follow each other, and where they end."""
    count, kind = 0, _kind(read_at(file, at, 4))
    window_at, window = at, b""
    while at + 4 <= end:
        if at + 4 > window_at + len(window):
            window_at, window = at, read_at(file, at, SEARCH_BYTES)
        head = window[at - window_at : at - window_at + 4]
        length = frame_bytes(head)
        if not length:
            found = first_frame(file, at + 1)
            at = end if found is None else min(found, end)
        elif _kind(head) == kind:
            count += 1
            at += length
        elif frame_bytes(read_at(file, at + length, 4)):
            return count, at
        else:
            at += 1
    return count, end


def _kind(head: bytes) -> tuple[int, int, bool]:
    """Version and layer, rate, and whether it is mono: a decoder cannot go on where these change."""
    return head[1] & 0x1E, head[2] & 0x0C, head[3] >> 6 == 3


def _frame_with_tag(head: bytes, frames: int, size: int) -> bytes:
    """An MPEG frame without sound whose tag states the length of a recording. Layer 3 alone has such a tag."""
    if 4 - (head[1] >> 1 & 3) != 3:
        return b""
    is_first, is_mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    side_bytes = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}[is_first, is_mono]
    head = bytes((head[0], head[1] | 1, head[2] & 0x0C | TAG_FRAME_KBIT << 4, head[3]))  # without a checksum
    length = frame_bytes(head)
    frame = head + bytes(side_bytes) + b"Info" + struct.pack(">III", 3, frames, size + length)
    return frame.ljust(length, b"\0")


def _frame_of_tag(file: BinaryIO, place: int) -> int | None:
    """Where the frame begins that holds a tag of lengths at `place`; None where the bytes are no tag but chance."""
    for side_bytes in (32, 17, 9):  # of version 1 stereo; of version 1 mono and version 2 stereo; of version 2 mono
        frame_at = place - 4 - side_bytes
        if frame_at < 0:
            continue
        length = frame_bytes(read_at(file, frame_at, 4))
        if length and frame_bytes(read_at(file, frame_at + length, 4)):
            return frame_at
    return None
