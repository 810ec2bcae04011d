"""The recordings in an audio file, told by their container's own marks, without decoding anything.

A file may hold several recordings in a row, as radio recorders and `cat` make them: a decoder stops after the first.
A header may state too small a size, as a recorder that was killed leaves it: a decoder stops there. `find_recordings`
returns where each recording lies, and `RecordingReader` shows a decoder one recording as if it were a whole file, with
the header put right. Used by audio_file.py, on the thread that reads the file.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

SEARCH_BYTES = 1 << 20  # read at once in the search for a mark
OLD_TITLE_BYTES = 128  # of a title in the first version of ID3, which stands at the end
SECTOR_BYTES = 512  # a disk fails in pieces of this size or larger
MOST_RECORDINGS = 10_000  # in one file: more are no recordings but an attempt to keep the program busy
LEAST_HIDDEN_BYTES = 64  # after a header's size: fewer hold no sound worth hearing
END_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # of titles, which other programs append to any file
UINT32_MOST = 0xFFFFFFFF


@dataclass(frozen=True)
class Recording:
    """Where one recording lies in a file, and what its header should say."""

    start: int  # bytes from the start of the file
    size: int  # bytes
    patches: dict[int, bytes] = field(default_factory=dict)  # bytes from the recording's start -> the right bytes
    prefix: bytes = b""  # what a decoder should read in front of it
    is_sound_to_end: bool = False  # so that a decoder that stops before the end has left sound unread

    @property
    def end(self) -> int:
        return self.start + self.size


class RecordingReader(io.RawIOBase):
    """One recording of an open file, as a file of its own for a decoder.

    It never raises: an exception could not pass through the decoder, which would print it and go on. The first error
    is kept in `error`, and the recording ends there.
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
    def unread_bytes(self) -> int:
        """After the furthest byte that was read."""
        return len(self._recording.prefix) + self._recording.size - self._furthest

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """A place before the start, which broken headers point to, leaves the position as it is."""
        whole = len(self._recording.prefix) + self._recording.size
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: whole}[whence]
        if origin + offset >= 0:
            self._position = origin + offset
        return self._position

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def] # any writable buffer
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and (data := self._some(len(view) - done)):
            view[done : done + len(data)] = data
            done += len(data)
            self._position += len(data)
            self._furthest = max(self._furthest, self._position)
        return done

    def _some(self, count: int) -> bytes:
        """At least one and at most `count` bytes from the position on; none at the end or after an error."""
        prefix, recording = self._recording.prefix, self._recording
        if self._position < len(prefix):
            return prefix[self._position :][:count]
        first = self._position - len(prefix)  # in the recording
        count = min(count, recording.size - first)
        if count <= 0 or self.error is not None:
            return b""
        try:
            data = bytearray(_read(self._file, recording.start + first, count))
        except OSError as error:
            self.error = error
            return b""
        for at, patch in recording.patches.items():
            begin, end = max(at, first), min(at + len(patch), first + len(data))
            if begin < end:
                data[begin - first : end - first] = patch[begin - at : end - at]
        return bytes(data)


def find_recordings(file: BinaryIO) -> list[Recording]:
    """Every recording in a file, in order. The first is there in any case: a decoder says what is wrong with it.

    file: opened for reading bytes, seekable
    A part that cannot be read ends the search: whoever decodes meets the same error at the same place.
    """
    size = file.seek(0, io.SEEK_END)
    found: list[Recording] = []
    at = 0
    while at < size and len(found) < MOST_RECORDINGS:
        try:
            recording = _recording_at(file, at, size)
        except OSError:
            found.append(Recording(at, size - at))
            break
        if recording is None:
            break
        found.append(recording)
        at = recording.end
    return found or [Recording(0, size)]


def _holds_nothing(file: BinaryIO, at: int, size: int) -> bool:
    """Whether the rest of the file is a title, zeros, or too short to hold sound."""
    if size - at < LEAST_HIDDEN_BYTES or _read(file, at, 16).startswith(END_TAGS):
        return True
    while at < size and not any(data := _read(file, at, SEARCH_BYTES)):
        at += len(data)
    return at >= size


def _recording_at(file: BinaryIO, at: int, size: int) -> Recording | None:
    """The recording that begins at a byte of the file, or None where no known mark stands there."""
    head = _read(file, at, 40)
    if head[:4] in CHUNKS and (head[8:12] in FORMS or head[:4] == b"caff"):
        return _chunked(file, at, size, CHUNKS[head[:4]])
    if head[:16] == W64_RIFF:
        return _chunked(file, at, size, W64)
    if head[:4] == b".snd":
        return _au(file, at, size, head)
    if head[:4] == b"OggS":
        return Recording(at, _ogg_end(file, at, size) - at)
    sound_at = _after_id3(file, at)
    if _read(file, sound_at, 8) in FLAC_MARKS:
        end = next(_marks(file, sound_at + 8, size, FLAC_MARKS), size)
        end = _start_of_titles(file, sound_at, end)
        return Recording(at, end - at, is_sound_to_end=True)
    frame_at = _first_frame(file, sound_at)
    return None if frame_at is None else _mpeg(file, frame_at, size)


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    """Up to `count` bytes: fewer in front of a place that cannot be read. raises OSError at that place"""
    while True:
        try:
            file.seek(at)
            return file.read(count)
        except OSError:
            if count <= SECTOR_BYTES:
                raise
            count //= 2


def _marks(file: BinaryIO, at: int, size: int, marks: tuple[bytes, ...]) -> Iterator[int]:
    """Every place from `at` on where one of the marks stands, in order."""
    longest = max(map(len, marks))
    while at < size:
        data = _read(file, at, SEARCH_BYTES)
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


# Containers of chunks: WAV, RF64, AIFF, CAF and W64


@dataclass(frozen=True)
class _Chunks:
    """How a container writes its chunks."""

    data_id: bytes
    size_format: str  # of struct, as it stands after the id
    first: int  # bytes from the container's start to its first chunk
    align: int = 2  # bytes; a chunk begins at a multiple of it
    counts_head: int = 0  # bytes of the chunk's head that its size includes
    whole_size_at: int | None = 4  # where the size of the whole is written
    joined: bytes | None = None  # what stands eight bytes after the start of another recording

    def padding(self, place: int) -> int:
        """Bytes from a place, counted from the container's start, to where the next chunk may begin."""
        return -place % self.align


W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
W64 = _Chunks(W64_DATA, "<Q", 40, 8, 24, 16)
CHUNKS = {
    b"RIFF": _Chunks(b"data", "<I", 12, joined=b"WAVE"),
    b"RF64": _Chunks(b"data", "<I", 12, joined=b"WAVE"),
    b"RIFX": _Chunks(b"data", ">I", 12, joined=b"WAVE"),
    b"FORM": _Chunks(b"SSND", ">I", 12, joined=b"AIF"),
    b"caff": _Chunks(b"data", ">Q", 8, align=1, whole_size_at=None),
}
FORMS = (b"WAVE", b"AIFF", b"AIFC")


def _chunked(file: BinaryIO, at: int, size: int, kind: _Chunks) -> Recording | None:
    """A recording in a container of chunks, with the sizes put right where they are too small or unknown."""
    chunks = list(_walk(file, at, size, kind))
    data = next((chunk for chunk in chunks if chunk[0] == kind.data_id), None)
    if data is None:  # a decoder will say so
        return Recording(at, size - at)
    _, data_at, stated = data
    if (stated_long := _rf64_size(file, chunks)) is not None:
        stated = stated_long
    data_end = data_at + stated
    for after in (data_end + kind.padding(data_end - at), data_end):  # some programs forget the padding
        end = _tail_end(file, at, after, size, kind)
        if end is not None:
            return Recording(at, end - at)
    end = _joined_at(file, data_at, size, kind)
    return Recording(at, end - at, _right_sizes(file, at, end, data_at, chunks, kind), is_sound_to_end=True)


def _walk(file: BinaryIO, start: int, size: int, kind: _Chunks) -> Iterator[tuple[bytes, int, int]]:
    """The chunks up to the data: id, where the content begins, the stated size of the content."""
    at = start + kind.first
    head_bytes = len(kind.data_id) + struct.calcsize(kind.size_format)
    while at + head_bytes <= size:
        head = _read(file, at, head_bytes)
        name = head[: len(kind.data_id)]
        stated = struct.unpack(kind.size_format, head[len(name) :])[0] - kind.counts_head
        yield name, at + head_bytes, max(0, stated)
        if name == kind.data_id:
            return
        at += head_bytes + max(0, stated)
        at += kind.padding(at - start)


def _tail_end(file: BinaryIO, start: int, at: int, size: int, kind: _Chunks) -> int | None:
    """Where a recording whose data ends at `at` is over, its last chunks included. None: its data goes on there."""
    name_bytes = len(kind.data_id)
    head_bytes = name_bytes + struct.calcsize(kind.size_format)
    while at < size:
        if _is_start(_read(file, at, 40)):
            return at
        if _holds_nothing(file, at, size):
            return size
        head = _read(file, at, head_bytes)
        stated = struct.unpack(kind.size_format, head[name_bytes:])[0] - kind.counts_head
        is_name = head[:4].isascii() and head[:4].decode().isprintable()
        if not is_name or stated < 0 or at + head_bytes + stated > size + 1:
            return None
        at += head_bytes + stated
        at += kind.padding(at - start)
    return size if at <= size + 1 else None


def _is_start(head: bytes) -> bool:
    """Whether another container begins here."""
    is_chunked = head[:4] in CHUNKS and (head[8:12] in FORMS or head[:4] == b"caff")
    return is_chunked or head[:16] == W64_RIFF or head[:4] in (b".snd", b"OggS") or head[:8] in FLAC_MARKS


def _joined_at(file: BinaryIO, at: int, size: int, kind: _Chunks) -> int:
    """Where the next recording of the same kind begins, or the end of the file."""
    if kind.joined is not None:
        for place in _marks(file, at, size, (kind.joined,)):
            if place - 8 > at and _is_start(_read(file, place - 8, 40)):
                return place - 8
    return size


def _rf64_size(file: BinaryIO, chunks: list[tuple[bytes, int, int]]) -> int | None:
    """The size of the data as the chunk ds64 of an RF64 file states it."""
    ds64 = next((at for name, at, _ in chunks if name == b"ds64"), None)
    return None if ds64 is None else int(struct.unpack("<Q", _read(file, ds64 + 8, 8))[0])


def _right_sizes(
    file: BinaryIO, start: int, end: int, data_at: int, chunks: list[tuple[bytes, int, int]], kind: _Chunks
) -> dict[int, bytes]:
    """Patches that let the data reach to `end`. A size that has no room in its field becomes the largest one."""
    width = struct.calcsize(kind.size_format)
    most = (1 << (8 * width)) - 1 if width < 8 else (1 << 63) - 1

    def packed(value: int) -> bytes:
        return struct.pack(kind.size_format, min(value, most))

    patches = {data_at - start - width: packed(end - data_at + kind.counts_head)}
    if kind.whole_size_at is not None:
        patches[kind.whole_size_at] = packed(end - start - (8 if kind.counts_head == 0 else 0))
    for name, at, _ in chunks:
        if name == b"ds64":
            patches[at - start] = struct.pack("<QQ", end - start - 8, end - data_at)
            patches[data_at - start - width] = patches[4] = b"\xff\xff\xff\xff"
        if name == b"COMM":  # of AIFF: channels, frames, bits a sample
            channels, _, bits = struct.unpack(">HIH", _read(file, at, 8))
            frame_bytes = max(1, channels * ((bits + 7) // 8))
            patches[at - start + 2] = struct.pack(">I", min((end - data_at - 8) // frame_bytes, UINT32_MOST))
    return patches


def _au(file: BinaryIO, at: int, size: int, head: bytes) -> Recording:
    """A recording in Sun's format: 24 bytes of header or more, then samples of a stated or an unknown size."""
    data_offset, stated = struct.unpack(">II", head[4:12].ljust(8, b"\0"))
    end = at + data_offset + stated
    if stated and end <= size and (_is_start(_read(file, end, 40)) or _holds_nothing(file, end, size)):
        return Recording(at, end - at)
    return Recording(at, size - at, {8: b"\xff\xff\xff\xff"})


# Streams of pages and frames: Ogg, FLAC and MP3

FLAC_MARKS = (b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22")  # with the head of the first block, which is 34 long
OGG_FIRST_PAGE = 2  # flag of a page that begins a stream


def _ogg_end(file: BinaryIO, at: int, size: int) -> int:
    """Where the streams that begin at `at` are over: where a new stream begins after pages of sound."""
    is_begun, page_at = False, at
    while at + 27 <= size:
        head = _read(file, at, 27 + 255)
        if head[:4] != b"OggS":  # the last page is damaged or cut: its length is wrong
            at = page_at = next(_marks(file, page_at + 4, size, (b"OggS",)), size)
            continue
        page_at = at
        if not head[5] & OGG_FIRST_PAGE:
            is_begun = True
        elif is_begun:
            return at
        lengths = head[27 : 27 + head[26]]
        at += 27 + len(lengths) + sum(lengths)
    return size


def _after_id3(file: BinaryIO, at: int) -> int:
    """Where the sound begins: after the titles in front of it."""
    while (head := _read(file, at, 10))[:3] == b"ID3" and len(head) == 10:
        length = 0
        for byte in head[6:10]:  # seven bits each
            length = length << 7 | byte & 0x7F
        at += 10 + length + (10 if head[5] & 0x10 else 0)
    return at


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


def _mpeg_frame_bytes(head: bytes) -> int:
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


def _first_frame(file: BinaryIO, at: int) -> int | None:
    """Where the first of two MPEG frames in a row begins, or None."""
    data = _read(file, at, FIRST_FRAME_BYTES)
    place = data.find(b"\xff")
    while place >= 0:
        length = _mpeg_frame_bytes(data[place : place + 4])
        if length and _mpeg_frame_bytes(_read(file, at + place + length, 4)):
            return at + place
        place = data.find(b"\xff", place + 1)
    return None


def _mpeg(file: BinaryIO, at: int, size: int) -> Recording:
    """A recording of MPEG frames, up to a tag that states the length of another or to a frame of another format.

    A decoder believes the tag, or guesses the length from the first frame. Where there is no tag, or a tag of another
    length, the frames are counted and the decoder is given a tag that tells the truth.
    """
    end, own_tag = size, None
    for place in _marks(file, at, size, MPEG_TAGS):
        frame_at = _frame_of_tag(file, place)
        if frame_at == at:
            own_tag = place
        elif frame_at is not None and frame_at > at:
            end = _start_of_titles(file, at, frame_at)
            break
    if own_tag is not None:
        flags, _, stated = struct.unpack(">III", _read(file, own_tag + 4, 12).ljust(12, b"\0"))
        if flags & 3 == 3 and abs(end - at - stated) <= TAG_SLACK_BYTES:  # it states frames and bytes
            return Recording(at, end - at)
    count, end = _count_frames(file, at, end)
    patches = {} if own_tag is None else {own_tag - at: bytes(4)}
    return Recording(at, end - at, patches, _frame_with_tag(_read(file, at, 4), count, end - at))


def _count_frames(file: BinaryIO, at: int, end: int) -> tuple[int, int]:
    """How many MPEG frames of the first one's format follow each other, and where they end."""
    count, kind = 0, _mpeg_kind(_read(file, at, 4))
    window_at, window = at, b""
    while at + 4 <= end:
        if at + 4 > window_at + len(window):
            window_at, window = at, _read(file, at, SEARCH_BYTES)
        head = window[at - window_at : at - window_at + 4]
        length = _mpeg_frame_bytes(head)
        if not length:
            found = _first_frame(file, at + 1)
            at = end if found is None else min(found, end)
        elif _mpeg_kind(head) == kind:
            count += 1
            at += length
        elif _mpeg_frame_bytes(_read(file, at + length, 4)):
            return count, at
        else:
            at += 1
    return count, end


def _mpeg_kind(head: bytes) -> tuple[int, int, bool]:
    """Version and layer, rate, and whether it is mono: a decoder cannot go on where these change."""
    return head[1] & 0x1E, head[2] & 0x0C, head[3] >> 6 == 3


def _frame_with_tag(head: bytes, frames: int, size: int) -> bytes:
    """An MPEG frame without sound whose tag states the length of a recording. Layer 3 alone has such a tag."""
    if 4 - (head[1] >> 1 & 3) != 3:
        return b""
    is_first, is_mono = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3
    side_bytes = {(True, False): 32, (True, True): 17, (False, False): 17, (False, True): 9}[is_first, is_mono]
    head = bytes((head[0], head[1] | 1, head[2] & 0x0C | TAG_FRAME_KBIT << 4, head[3]))  # without a checksum
    length = _mpeg_frame_bytes(head)
    frame = head + bytes(side_bytes) + b"Info" + struct.pack(">III", 3, frames, size + length)
    return frame.ljust(length, b"\0")


def _frame_of_tag(file: BinaryIO, place: int) -> int | None:
    """Where the frame begins that holds a tag of lengths at `place`; None where the bytes are no tag but chance."""
    for side_bytes in (32, 17, 9):  # of version 1 stereo; of version 1 mono and version 2 stereo; of version 2 mono
        frame_at = place - 4 - side_bytes
        if frame_at < 0:
            continue
        length = _mpeg_frame_bytes(_read(file, frame_at, 4))
        if length and _mpeg_frame_bytes(_read(file, frame_at + length, 4)):
            return frame_at
    return None


def _start_of_titles(file: BinaryIO, after: int, end: int) -> int:
    """Where the titles begin that stand between a recording and `end`; `end` where there are none."""
    for place in _marks(file, max(after, end - SEARCH_BYTES), end, (b"ID3",)):
        if place > after and _after_id3(file, place) == end:
            return place
    old = end - OLD_TITLE_BYTES
    return old if old > after and _read(file, old, 3) == b"TAG" else end
