"""Recordings in containers of chunks (WAV, RF64, AIFF, CAF, W64) and in Sun's format: corrects their sizes."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from kws_app.audio.recording import Recording, after_titles, holds_nothing, read_at
from kws_app.audio.recording_starts import W64_RIFF, is_start, next_start

UINT32_MOST = 0xFFFFFFFF


@dataclass(frozen=True)
class _Chunks:
    """The layout of the chunks in a container."""

    data_id: bytes
    size_format: str  # of the size after the id, as in struct
    first: int  # bytes from the start of the container to its first chunk
    align: int = 2  # bytes; each chunk begins at a multiple of this
    counts_head: int = 0  # bytes of the chunk's head that are part of its size
    whole_size_at: int | None = 4  # offset of the size of the whole container

    def padding(self, place: int) -> int:
        """Bytes from an offset in the container to the next possible chunk."""
        return -place % self.align


W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
W64 = _Chunks(W64_DATA, "<Q", 40, 8, 24, 16)
CHUNKS = {
    b"RIFF": _Chunks(b"data", "<I", 12),
    b"RF64": _Chunks(b"data", "<I", 12),
    b"RIFX": _Chunks(b"data", ">I", 12),
    b"FORM": _Chunks(b"SSND", ">I", 12),
    b"caff": _Chunks(b"data", ">Q", 8, align=1, whole_size_at=None),
}
FORMS = (b"WAVE", b"AIFF", b"AIFC")


def recording_in_chunks(file: BinaryIO, at: int, size: int) -> Recording | None:
    """The recording that begins at an offset of the file; None for any other container."""
    head = read_at(file, at, 40)
    if _is_container(head):
        return _chunked(file, at, size, CHUNKS[head[:4]])
    if head[:16] == W64_RIFF:
        return _chunked(file, at, size, W64)
    if head[:4] == b".snd":
        return _au(file, at, size, head)
    return None


def _is_container(head: bytes) -> bool:
    return head[:4] in CHUNKS and (head[8:12] in FORMS or head[:4] == b"caff")


def _chunked(file: BinaryIO, at: int, size: int, kind: _Chunks) -> Recording | None:
    """A recording in a container of chunks. Sizes that are too small or unknown are corrected."""
    chunks = list(_walk(file, at, size, kind))
    data = next((chunk for chunk in chunks if chunk[0] == kind.data_id), None)
    if data is None:  # the decoder will report this
        return Recording(at, size - at)
    _, data_at, stated = data
    if (stated_long := _rf64_size(file, chunks)) is not None:
        stated = stated_long
    data_end = data_at + stated
    for after in (data_end + kind.padding(data_end - at), data_end):  # some programs forget the padding
        end = _tail_end(file, at, after, size, kind)
        if end is not None:
            return Recording(at, end - at)
    end = next_start(file, data_at + 1, size) or size
    return Recording(at, end - at, _right_sizes(file, at, end, data_at, chunks, kind), is_sound_to_end=True)


def _walk(file: BinaryIO, start: int, size: int, kind: _Chunks) -> Iterator[tuple[bytes, int, int]]:
    """The chunks up to the data: id, offset of the content, stated size of the content."""
    at = start + kind.first
    head_bytes = len(kind.data_id) + struct.calcsize(kind.size_format)
    while at + head_bytes <= size:
        head = read_at(file, at, head_bytes)
        name = head[: len(kind.data_id)]
        stated = struct.unpack(kind.size_format, head[len(name) :])[0] - kind.counts_head
        yield name, at + head_bytes, max(0, stated)
        if name == kind.data_id:
            return
        at += head_bytes + max(0, stated)
        at += kind.padding(at - start)


def _tail_end(file: BinaryIO, start: int, at: int, size: int, kind: _Chunks) -> int | None:
    """The end of a recording whose data ends at `at`, with the chunks after the data. None if the data goes on."""
    name_bytes = len(kind.data_id)
    head_bytes = name_bytes + struct.calcsize(kind.size_format)
    while at < size:
        if is_start(file, at):
            return after_titles(file, at)
        if holds_nothing(file, at, size):
            return size
        head = read_at(file, at, head_bytes)
        stated = struct.unpack(kind.size_format, head[name_bytes:])[0] - kind.counts_head
        is_name = head[:4].isascii() and head[:4].decode().isprintable()
        if not is_name or stated < 0 or at + head_bytes + stated > size + 1:
            return None
        at += head_bytes + stated
        at += kind.padding(at - start)
    return size if at <= size + 1 else None


def _rf64_size(file: BinaryIO, chunks: list[tuple[bytes, int, int]]) -> int | None:
    """The size of the data in the chunk ds64 of an RF64 file; None without such a chunk."""
    ds64 = next((at for name, at, _ in chunks if name == b"ds64"), None)
    return None if ds64 is None else int(struct.unpack("<Q", read_at(file, ds64 + 8, 8))[0])


def _right_sizes(
    file: BinaryIO, start: int, end: int, data_at: int, chunks: list[tuple[bytes, int, int]], kind: _Chunks
) -> dict[int, bytes]:
    """Patches that make the data reach to `end`. A size that is too large for its field becomes the largest value."""
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
            channels, _, bits = struct.unpack(">HIH", read_at(file, at, 8))
            frame_bytes = max(1, channels * ((bits + 7) // 8))
            patches[at - start + 2] = struct.pack(">I", min((end - data_at - 8) // frame_bytes, UINT32_MOST))
    return patches


def _au(file: BinaryIO, at: int, size: int, head: bytes) -> Recording:
    """A recording in Sun's format: a header of at least 24 bytes, then samples of a stated or unknown size."""
    data_offset, stated = struct.unpack(">II", head[4:12].ljust(8, b"\0"))
    end = at + data_offset + stated
    if stated and end <= size and (is_start(file, end) or holds_nothing(file, end, size)):
        return Recording(at, end - at)
    end = next_start(file, at + 1, size) or size
    return Recording(at, end - at, {8: b"\xff\xff\xff\xff"})
