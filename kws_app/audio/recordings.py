"""Finds the recordings in an audio file by the marks of their containers.

A file may hold several recordings in a row, for example from `cat`: a decoder stops after the first. A recorder that
was killed leaves too small a size in the header: a decoder stops there. This module finds each recording and corrects
its header. Used by audio_file.py, on the thread that reads.
"""

import io
from typing import BinaryIO

from kws_app.audio.chunk_container import recording_in_chunks
from kws_app.audio.mpeg_frames import first_frame, mpeg_recording
from kws_app.audio.recording import Recording, after_titles, holds_nothing, places, read_at, start_of_titles
from kws_app.audio.recording_starts import FLAC_MARKS, is_start, next_start

OGG_FIRST_PAGE = 2  # flag of the first page of a stream
READ_AHEAD_BYTES = 131_072  # a FLAC decoder reads at most so many bytes beyond the end of its recording
FLAC_LAST_BLOCK = 0x80  # flag of the last block before the sound


def first_recording(file: BinaryIO) -> Recording:
    """The recording at the start of a file. Any file gives a recording; its decoder finds out if it is no audio.

    file: opened for reading bytes, seekable
    """
    size = file.seek(0, io.SEEK_END)
    return _recording_at(file, 0, size) or Recording(0, size)


def next_recording(file: BinaryIO, before: Recording, read_bytes: int) -> Recording | None:
    """The recording after another recording; None without a known mark.

    before: the other recording; read_bytes: how many bytes of it its decoder has read
    """
    size = file.seek(0, io.SEEK_END)
    at: int | None = before.end
    if before.search_from is not None:
        begin = before.start + max(before.search_from, read_bytes - READ_AHEAD_BYTES)
        try:
            at = next_start(file, begin, size)
        except OSError:  # the decoder found the same error, or there is no sound here
            return None
    return None if at is None or at >= size else _recording_at(file, at, size)


def goes_on(file: BinaryIO, recording: Recording) -> bool:
    """Whether the file has bytes after a recording that are neither titles nor padding. raises OSError"""
    size = file.seek(0, io.SEEK_END)
    return recording.end < size and not holds_nothing(file, recording.end, size)


def _recording_at(file: BinaryIO, at: int, size: int) -> Recording | None:
    """The recording that begins at an offset; None without a known mark there.

    An error of the disk ends the search: the recording holds it.
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
    except OSError as error:
        return Recording(at, size - at, failure=error)


def _flac(file: BinaryIO, at: int, size: int) -> Recording:
    """A recording in FLAC. The decoder ends it as the header says. Without a length there, the next mark ends it."""
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
    """The end of the streams that begin at `at`: the begin of a new stream or of another kind of file."""
    is_begun, page_at = False, at
    while at + 27 <= size:
        head = read_at(file, at, 27 + 255)
        if head[:4] != b"OggS":
            if is_start(file, at) or holds_nothing(file, at, size):
                return at
            # the last page is damaged, so its length is wrong
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
