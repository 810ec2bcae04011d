"""Audio files as blocks of 16 kHz mono samples: decoded by libsndfile, resampled by soxr, one block in memory."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.translation import _

BLOCK_SECONDS = 10.0
TAIL_S = 0.3  # of silence after a file's end: a word there is recognised only when something follows it
PIECE_FRAMES = 4096  # read at once: so much at most is lost before a file's damage
RATES_HZ = (1_000, 1_000_000)  # beyond these a header is broken rather than unusual


class _AudioFile(io.BufferedReader):
    """A file that stays where it is when a broken header has libsndfile seek to before its start.

    soundfile could not pass an exception on through libsndfile: it would print it.
    """

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return super().seek(offset, whence)
        except (OSError, ValueError):
            return self.tell()


def read_blocks(path: Path, block_s: float = BLOCK_SECONDS) -> Iterator[Samples]:
    """The file's audio, WAV, FLAC, Ogg or MP3 at any rate and channel count, as blocks [N] float32 of about `block_s`.

    raises AudioError, in one sentence, if it is no audio or holds none
    """
    heard = 0
    try:
        if not path.exists():
            raise AudioError(_("There is no file {path}.", path=path))
        if not path.is_file():
            raise AudioError(_("{path} is not a file: name an audio file (WAV, FLAC, OGG or MP3).", path=path))
        # Opened here and not by libsndfile: any name will do, and the error is Python's own.
        with _AudioFile(io.FileIO(path)) as file, soundfile.SoundFile(file) as sound:
            for samples in _decode(sound, path, block_s):
                heard += len(samples)
                yield samples
    except PermissionError as error:
        raise AudioError(_("{path} cannot be opened: you have no permission to read it.", path=path)) from error
    except soundfile.SoundFileError as error:
        raise AudioError(_("{path} is no audio that can be read (WAV, FLAC, OGG or MP3).", path=path)) from error
    except OSError as error:
        raise AudioError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from error
    if heard == 0:
        raise AudioError(_("{path} holds no sound.", path=path))


def _decode(sound: soundfile.SoundFile, path: Path, block_s: float) -> Iterator[Samples]:
    """All samples of an open file at 16 kHz mono, block by block."""
    if not RATES_HZ[0] <= sound.samplerate <= RATES_HZ[1]:
        raise AudioError(
            _("{path} claims a rate of {rate} Hz: its header is broken.", path=path, rate=sound.samplerate)
        )
    resampler = StreamResampler(sound.samplerate)
    damaged: soundfile.SoundFileError | None = None
    while damaged is None:
        raw, damaged = _read(sound, int(block_s * sound.samplerate))
        over = damaged is not None or len(raw) == 0
        samples = resampler.process(sane(raw), last=over)
        if len(samples):
            yield samples
        if over:
            break
    if damaged is not None:
        at_s = sound.tell() / sound.samplerate
        raise AudioError(
            _("{path} is damaged {at_s:.1f} s from its start: nothing after that is heard.", path=path, at_s=at_s)
        ) from damaged


def _read(sound: soundfile.SoundFile, count: int) -> tuple[np.ndarray, soundfile.SoundFileError | None]:
    """Up to `count` frames [N, channels], and what stopped it before: a decoder gives nothing of a read that fails.

    raises soundfile.SoundFileError where not even the beginning can be decoded
    """
    pieces: list[np.ndarray] = []
    while count > 0:
        try:
            piece = sound.read(min(count, PIECE_FRAMES), dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            if not pieces and sound.tell() == 0:
                raise
            return _joined(pieces, sound.channels), error
        if len(piece) == 0:
            break
        pieces.append(piece)
        count -= len(piece)
    return _joined(pieces, sound.channels), None


def _joined(pieces: list[np.ndarray], channels: int) -> np.ndarray:
    return np.concatenate(pieces) if pieces else np.zeros((0, channels), np.float32)
