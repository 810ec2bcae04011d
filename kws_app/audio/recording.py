"""A recording in a file: its place, its bytes for a decoder, and the search for marks.

recordings.py finds the recordings of a file with the help of chunk_container.py and mpeg_frames.py.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

SEARCH_BYTES = 1 << 20  # read at once in the search for a mark
SECTOR_BYTES = 512  # a disk fails in pieces of this size or larger
OLD_TITLE_BYTES = 128  # size of a title in ID3 version 1, which stands at the end
LEAST_HIDDEN_BYTES = 64  # fewer bytes after the end of a recording hold no sound
LYRICS = b"LYRICSBEGIN"  # begin of the text of a song, which some programs append to a file
APE_IS_HEADER = 1 << 29  # flag of titles in APE's format; a footer does not have it


@dataclass(frozen=True)
class Recording:
    """The place of a recording in a file, and corrections of its header."""

    start: int  # bytes from the start of the file
    size: int  # bytes
    patches: dict[int, bytes] = field(default_factory=dict)  # by offset from the start, the correct bytes
    prefix: bytes = b""  # bytes that a decoder reads before the recording
    is_sound_to_end: bool = False  # True: a decoder that stops before the end has left sound unread
    search_from: int | None = None  # if only decoding finds the end: the next recording begins after this offset
    failure: OSError | None = None  # an error of the disk in the search for the end of the recording

    @property
    def end(self) -> int:
        return self.start + self.size


class RecordingReader(io.RawIOBase):
    """A recording of an open file, as a file for a decoder.

    It never raises, because the decoder would print the exception and go on. The first error is kept in `error`, and
    the recording ends there.
    """

    def __init__(self, file: BinaryIO, recording: Recording) -> None:
        self._file, self._recording = file, recording
        self._position = 0
        self._furthest = 0
        self.error: OSError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def read_bytes(self) -> int:
        """The number of bytes from the start of the recording to the furthest byte that was read."""
        return max(0, self._furthest - len(self._recording.prefix))

    @property
    def unread_bytes(self) -> int:
        """The number of bytes after the furthest byte that was read."""
        return self._recording.size - self.read_bytes

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position. A place before the start, as in broken headers, is ignored."""
        whole = len(self._recording.prefix) + self._recording.size
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: whole}[whence]
        if origin + offset >= 0:
            self._position = origin + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def] # any writable buffer
        view = memoryview(buffer).cast("B")
        done = self._straight_into(view)
        while done < len(view) and (data := self._some(len(view) - done)):
            view[done : done + len(data)] = data
            done += len(data)
            self._position += len(data)
            self._furthest = max(self._furthest, self._position)
        return done

    def _straight_into(self, view: memoryview) -> int:
        """Bytes read without a copy on the way; 0 where something has to be changed in them, or the disk fails."""
        prefix, recording = self._recording.prefix, self._recording
        first = self._position - len(prefix)  # in the recording
        count = min(len(view), recording.size - first)
        begins_after_patches = all(at + len(patch) <= first for at, patch in recording.patches.items())
        if first < 0 or count <= 0 or self.error is not None or not begins_after_patches:
            return 0
        try:
            self._file.seek(recording.start + first)
            done: int = self._file.readinto(view[:count])  # type: ignore[attr-defined] # a file opened for bytes has it
        except OSError:
            return 0
        self._position += done
        self._furthest = max(self._furthest, self._position)
        return done

    def _some(self, count: int) -> bytes:
        """Between 1 and `count` bytes from the position on; empty at the end and after an error."""
        prefix, recording = self._recording.prefix, self._recording
        if self._position < len(prefix):
            return prefix[self._position :][:count]
        first = self._position - len(prefix)  # in the recording
        count = min(count, recording.size - first)
        if count <= 0 or self.error is not None:
            return b""
        try:
            data = bytearray(read_at(self._file, recording.start + first, count))
        except OSError as error:
            self.error = error
            return b""
        for at, patch in recording.patches.items():
            begin, end = max(at, first), min(at + len(patch), first + len(data))
            if begin < end:
                data[begin - first : end - first] = patch[begin - at : end - at]
        return bytes(data)


def read_at(file: BinaryIO, at: int, count: int) -> bytes:
    """Up to `count` bytes; fewer before a damaged place. raises OSError at the damaged place"""
    while True:
        try:
            file.seek(at)
            return file.read(count)
        except OSError:
            if count <= SECTOR_BYTES:
                raise
            count //= 2


def places(file: BinaryIO, at: int, size: int, marks: tuple[bytes, ...]) -> Iterator[int]:
    """The offset of each mark from `at` on, in order."""
    longest = max(map(len, marks))
    while at < size:
        data = read_at(file, at, SEARCH_BYTES)
        places = set()
        for mark in marks:
            place = data.find(mark)
            while place >= 0:
                places.add(place)
                place = data.find(mark, place + 1)
        fresh = len(data) - longest + 1 if at + len(data) < size else len(data)
        if fresh <= 0:
            return
        yield from (at + place for place in sorted(places) if place < fresh)
        at += fresh


def holds_nothing(file: BinaryIO, at: int, size: int) -> bool:
    """Whether the rest of the file is titles, zeros, or too short to hold sound."""
    at = after_titles(file, at)
    if size - at < LEAST_HIDDEN_BYTES or read_at(file, at, len(LYRICS)) == LYRICS:
        return True
    while at < size and not any(data := read_at(file, at, SEARCH_BYTES)):
        at += len(data)
    return at >= size


def after_titles(file: BinaryIO, at: int) -> int:
    """The offset after all titles that begin at `at`."""
    while length := _titles_bytes(read_at(file, at, 32)):
        at += length
    return at


def _titles_bytes(head: bytes) -> int:
    """The length of titles, from their first bytes: ID3 version 1 or 2, or APE. 0 if the bytes are no title."""
    if head[:3] == b"ID3" and len(head) >= 10:
        length = 0
        for byte in head[6:10]:  # seven bits each
            length = length << 7 | byte & 0x7F
        return 10 + length + (10 if head[5] & 0x10 else 0)
    if head[:8] == b"APETAGEX" and len(head) == 32:
        length, _, flags = struct.unpack("<III", head[12:24])
        return 32 + (length if flags & APE_IS_HEADER else 0)
    return OLD_TITLE_BYTES if head[:3] == b"TAG" else 0


def start_of_titles(file: BinaryIO, after: int, end: int) -> int:
    """The offset of the titles between a recording and `end`; `end` without titles."""
    for place in places(file, max(after, end - SEARCH_BYTES), end, (b"ID3",)):
        if place > after and after_titles(file, place) == end:
            return place
    old = end - OLD_TITLE_BYTES
    return old if old > after and read_at(file, old, 3) == b"TAG" else end
