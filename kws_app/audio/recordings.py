"""The recordings in an audio file, told by their container's own marks.

A file may hold several recordings in a row, as radio recorders and `cat` make them: a decoder stops after the first.
A header may state too small a size, as a recorder that was killed leaves it: a decoder stops there. The functions here
tell where each recording lies and what its header should say. Used by audio_file.py, on the thread that reads.
"""

import io
from typing import BinaryIO

from kws_app.audio.chunk_container import recording_in_chunks
from kws_app.audio.mpeg_frames import first_frame, mpeg_recording
from kws_app.audio.recording import Recording, after_titles, holds_nothing, places, read_at, start_of_titles
from kws_app.audio.recording_starts import FLAC_MARKS, is_start, next_start

OGG_FIRST_PAGE = 2  # flag of a page that begins a stream
READ_AHEAD_BYTES = 131_072  # a decoder of FLAC has read no more than this beyond the end of its recording
FLAC_LAST_BLOCK = 0x80  # flag of the last block in front of the sound


def first_recording(file: BinaryIO) -> Recording:
    """The recording at the start of a file. There is one in any case: a decoder says what is wrong with it.

    file: opened for reading bytes, seekable
    """
    size = file.seek(0, io.SEEK_END)
    return _recording_at(file, 0, size) or Recording(0, size)


def next_recording(file: BinaryIO, before: Recording, read_bytes: int) -> Recording | None:
    """The recording that follows one; None where no known mark stands.

    read_bytes: of the one before, up to the furthest byte that its decoder has read
    """
    size = file.seek(0, io.SEEK_END)
    at: int | None = before.end
    if before.search_from is not None:
        begin = before.start + max(before.search_from, read_bytes - READ_AHEAD_BYTES)
        try:
            at = next_start(file, begin, size)
        except OSError:  # the decoder has met it, or it lies beyond all sound
            return None
    return None if at is None or at >= size else _recording_at(file, at, size)


def goes_on(file: BinaryIO, recording: Recording) -> bool:
    """Whether something stands behind a recording that is neither a title nor padding. raises OSError"""
    size = file.seek(0, io.SEEK_END)
    return recording.end < size and not holds_nothing(file, recording.end, size)


def _recording_at(file: BinaryIO, at: int, size: int) -> Recording | None:
    """The recording that begins at a byte of the file, or None where no known mark stands there.

    A part that cannot be read ends the search: whoever decodes meets the same error at the same place.
    """
    try:
        at = after_titles(file, at)
        in_chunks = recording_in_chunks(file, at, size)
        if in_chunks is not None:
            return in_chunks
        if read_at(file, at, 4) == b"OggS":
            return Recording(at, _ogg_end(file, at, size) - at)
        if read_at(file, at, 8) in FLAC_MARKS:
            return _flac(file, at, size)
        frame_at = first_frame(file, at)
        return None if frame_at is None else mpeg_recording(file, frame_at, size)
    except OSError:
        return Recording(at, size - at)


def _flac(file: BinaryIO, at: int, size: int) -> Recording:
    """A recording in FLAC. A decoder ends where the header says so; where it says nothing, the next mark ends it."""
    search_at = at + 4
    while search_at < size and len(head := read_at(file, search_at, 4)) == 4:
        search_at += 4 + int.from_bytes(head[1:], "big")  # a block may hold the header of another file
        if head[0] & FLAC_LAST_BLOCK:
            break
    samples = int.from_bytes(read_at(file, at + 21, 5), "big") & (1 << 36) - 1
    if samples:
        return Recording(at, size - at, is_sound_to_end=True, search_from=search_at - at)
    end = next_start(file, search_at, size)
    end = start_of_titles(file, at, size if end is None else end)
    return Recording(at, end - at, is_sound_to_end=True)


def _ogg_end(file: BinaryIO, at: int, size: int) -> int:
    """Where the streams that begin at `at` are over: where a new stream or a file of another kind begins."""
    is_begun, page_at = False, at
    while at + 27 <= size:
        head = read_at(file, at, 27 + 255)
        if head[:4] != b"OggS":
            if is_start(file, at) or holds_nothing(file, at, size):
                return at
            # the last page is damaged or cut: its length is wrong
            page = next(places(file, page_at + 4, size, (b"OggS",)), None)
            other = next_start(file, page_at + 4, size if page is None else page)
            if other is not None:
                return other
            if page is None:
                return at
            at = page_at = page
            continue
        page_at = at
        if not head[5] & OGG_FIRST_PAGE:
            is_begun = True
        elif is_begun:
            return at
        lengths = head[27 : 27 + head[26]]
        at += 27 + len(lengths) + sum(lengths)
    return size
