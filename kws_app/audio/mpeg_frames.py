"""Recordings of MPEG frames, such as MP3: their ends and their true lengths."""

import struct
from typing import BinaryIO

from kws_app.audio.mpeg_header import frame_bytes, frame_kind
from kws_app.audio.recording import SEARCH_BYTES, Recording, places, read_at, start_of_titles
from kws_app.audio.recording_starts import next_start

MPEG_TAGS = (b"Xing", b"Info")
TAG_SLACK_BYTES = 2048  # allowed difference between the size in a tag and the real size: titles, the frame of the tag
TAG_FRAME_KBIT = 8  # index of a bit rate whose frame has room for the tag in every version
FIRST_FRAME_BYTES = 65_536  # the first frame begins at most so many bytes after the titles


def first_frame(file: BinaryIO, at: int) -> int | None:
    """The first byte of the first two MPEG frames in a row; None without such frames."""
    data = read_at(file, at, FIRST_FRAME_BYTES)
    place = data.find(b"\xff")
    while place >= 0:
        length = frame_bytes(data[place : place + 4])
        if length and frame_bytes(read_at(file, at + place + length, 4)):
            return at + place
        place = data.find(b"\xff", place + 1)
    return None


def mpeg_recording(file: BinaryIO, at: int, size: int) -> Recording:
    """A recording of MPEG frames. It ends at the tag of another recording, or at a frame of another format.

    A decoder believes the length in the tag, or guesses the length from the first frame. If there is no tag, or its
    length is wrong, the frames are counted here, and the decoder gets a tag with the true length.
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
        if flags & 3 == 3 and abs(end - at - stated) <= TAG_SLACK_BYTES:  # the tag has both frames and bytes
            return Recording(at, end - at)
    count, end = _count_frames(file, at, end)
    patches = {} if own_tag is None else {own_tag - at: bytes(4)}
    return Recording(at, end - at, patches, _frame_with_tag(read_at(file, at, 4), count, end - at))


def _count_frames(file: BinaryIO, at: int, end: int) -> tuple[int, int]:
    """The number of MPEG frames in a row with the format of the first frame, and the byte after them."""
    count, kind = 0, frame_kind(read_at(file, at, 4))
    window_at, window = at, b""
    while at + 4 <= end:
        if at + 4 > window_at + len(window):
            window_at, window = at, read_at(file, at, SEARCH_BYTES)
        head = window[at - window_at : at - window_at + 4]
        length = frame_bytes(head)
        if not length:
            found = _after_damage(file, at, end)
            if found is None or frame_kind(read_at(file, found, 4)) != kind:
                return count, at if found is None else found
            at = found
        elif frame_kind(head) == kind:
            count += 1
            at += length
        elif frame_bytes(read_at(file, at + length, 4)):
            return count, at
        else:
            at += 1
    return count, end


def _after_damage(file: BinaryIO, at: int, end: int) -> int | None:
    """The next byte after a damage at which frames go on or another recording begins; None without one."""
    found = [place for place in (first_frame(file, at), next_start(file, at, end)) if place is not None]
    return min((place for place in found if place < end), default=None)


def _frame_with_tag(head: bytes, frames: int, size: int) -> bytes:
    """A silent MPEG frame with a tag that states the length of a recording. Only layer 3 has such tags."""
    if 4 - (head[1] >> 1 & 3) != 3:
        return b""
    is_first, is_mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    side_bytes = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}[is_first, is_mono]
    head = bytes((head[0], head[1] | 1, head[2] & 0x0C | TAG_FRAME_KBIT << 4, head[3]))  # without a checksum
    length = frame_bytes(head)
    frame = head + bytes(side_bytes) + b"Info" + struct.pack(">III", 3, frames, size + length)
    return frame.ljust(length, b"\0")


def _frame_of_tag(file: BinaryIO, place: int) -> int | None:
    """The first byte of the frame with a length tag at `place`; None if the bytes are a tag only by chance."""
    for side_bytes in (32, 17, 9):  # of version 1 stereo; of version 1 mono and version 2 stereo; of version 2 mono
        frame_at = place - 4 - side_bytes
        if frame_at < 0:
            continue
        length = frame_bytes(read_at(file, frame_at, 4))
        if length and frame_bytes(read_at(file, frame_at + length, 4)):
            return frame_at
    return None
