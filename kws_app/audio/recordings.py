"""The recordings in an audio file, told by their container's own marks, without decoding anything.

A file may hold several recordings in a row, as radio recorders and `cat` make them: a decoder stops after the first.
A header may state too small a size, as a recorder that was killed leaves it: a decoder stops there. `find_recordings`
returns where each recording lies and what its header should say. Used by audio_file.py, on the thread that reads.
"""

import io
from typing import BinaryIO

from kws_app.audio.chunk_container import FLAC_MARKS, recording_in_chunks
from kws_app.audio.mpeg_frames import first_frame, mpeg_recording
from kws_app.audio.recording import Recording, after_id3, places, read_at, start_of_titles

MOST_RECORDINGS = 10_000  # in one file: more are no recordings but an attempt to keep the program busy
OGG_FIRST_PAGE = 2  # flag of a page that begins a stream


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


def _recording_at(file: BinaryIO, at: int, size: int) -> Recording | None:
    """The recording that begins at a byte of the file, or None where no known mark stands there."""
    in_chunks = recording_in_chunks(file, at, size)
    if in_chunks is not None:
        return in_chunks
    if read_at(file, at, 4) == b"OggS":
        return Recording(at, _ogg_end(file, at, size) - at)
    sound_at = after_id3(file, at)
    if read_at(file, sound_at, 8) in FLAC_MARKS:
        end = next(places(file, sound_at + 8, size, FLAC_MARKS), size)
        end = start_of_titles(file, sound_at, end)
        return Recording(at, end - at, is_sound_to_end=True)
    frame_at = first_frame(file, sound_at)
    return None if frame_at is None else mpeg_recording(file, frame_at, size)


def _ogg_end(file: BinaryIO, at: int, size: int) -> int:
    """Where the streams that begin at `at` are over: where a new stream begins after pages of sound."""
    is_begun, page_at = False, at
    while at + 27 <= size:
        head = read_at(file, at, 27 + 255)
        if head[:4] != b"OggS":  # the last page is damaged or cut: its length is wrong
            at = page_at = next(places(file, page_at + 4, size, (b"OggS",)), size)
            continue
        page_at = at
        if not head[5] & OGG_FIRST_PAGE:
            is_begun = True
        elif is_begun:
            return at
        lengths = head[27 : 27 + head[26]]
        at += 27 + len(lengths) + sum(lengths)
    return size
