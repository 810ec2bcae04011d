"""Audio files as blocks of 16 kHz mono samples: decoded by libsndfile, resampled by soxr, one block in memory.

Runs on the thread that reads the file. Neighbours: recordings.py tells what lies in the file, downmix.py makes one
channel of many, resample.py brings it to 16 kHz.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile

from kws_app.audio.downmix import Downmix
from kws_app.audio.recording import Recording, RecordingReader
from kws_app.audio.recordings import first_recording, goes_on, next_recording
from kws_app.audio.resample import LOUDEST, StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

BLOCK_SECONDS = 10.0
BLOCK_SAMPLES = 1 << 20  # a block is hardly longer than this: 4 MB
TAIL_S = 0.3  # silence after the end of a file: a word at the end is only recognised when sound follows
PIECE_FRAMES = 4096  # of a compressed file, decoded at once: so much at most is lost before its damage
PIECE_VALUES = 1 << 18  # samples of all channels that are decoded at once: 1 MB
# A damaged part of such a file spoils nothing beside it.
UNCOMPRESSED = frozenset("PCM_S8 PCM_U8 PCM_16 PCM_24 PCM_32 FLOAT DOUBLE ULAW ALAW".split())
INT16_SCALE = np.float32(1 / 32768)  # full scale of 16 bits is 1
RATES_HZ = (1_000, 1_000_000)  # a header with another rate is broken
MOST_VALUES_PER_S = 1 << 27  # rate times channels; 1,024 channels at 96 kHz are allowed
UNREAD_BYTES = 65_536  # a decoder reads ahead in such pieces: with fewer unread bytes it has read all
INTEGER_SCALES = (2.0**15, 2.0**23, 2.0**31)  # full scale of 16, 24 and 32 bits
SCALE_ROOM = 1.5  # a float file may exceed full scale by this factor
SCALED_SHARE = 0.05  # if more than this share of the samples exceeds LOUDEST, the file has another scale

Remark = Callable[[str], None]  # gets one sentence about a file that is heard in spite of a fault


def no_remark(sentence: str) -> None:
    """Ignore the sentence."""


def read_blocks(path: Path, block_s: float = BLOCK_SECONDS, remark: Remark = no_remark) -> Iterator[Samples]:
    """The file's audio, WAV, FLAC, Ogg or MP3 at any rate and channel count, as blocks [N] float32 of about `block_s`.

    Recordings that are joined in one file are heard one after the other.
    remark: gets a sentence if the channels cancel each other or the samples have another scale, each once
    raises AudioError, in one sentence, if the file is no audio, is empty, or cannot be read to its end. The part that
    can be read is returned before the error.
    """
    heard = 0
    try:
        if not path.exists():
            raise AudioError(_("There is no file {path}.", path=path))
        if not path.is_file():
            raise AudioError(_("{path} is not a file: name an audio file (WAV, FLAC, OGG or MP3).", path=path))
        # opened here and not by libsndfile: this accepts any file name, and gives Python's own error
        with path.open("rb") as file:
            for samples in _FileDecoder(path, file, block_s, remark).blocks():
                heard += len(samples)
                yield samples
    except PermissionError as error:
        raise AudioError(_("{path} cannot be opened: you have no permission to read it.", path=path)) from error
    except OSError as error:
        raise AudioError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from error
    if heard == 0:
        raise AudioError(_("{path} holds no sound.", path=path))


class _Decoder(soundfile.SoundFile):  # type: ignore[misc] # soundfile has no types
    """libsndfile on one recording. It cannot seek, because seeking fails for a recording of unknown length."""

    def seekable(self) -> bool:
        return False


class _FileDecoder:
    """Decodes the recordings of one open file, one after the other."""

    def __init__(self, path: Path, file: BinaryIO, block_s: float, remark: Remark) -> None:
        self._path, self._file, self._block_s = path, file, block_s
        self._at_s = 0.0  # seconds decoded
        self._remark = remark
        self._said: set[str] = set()

    def blocks(self) -> Iterator[Samples]:
        """raises AudioError or OSError"""
        recording: Recording | None = first_recording(self._file)
        while recording is not None:
            reader = RecordingReader(self._file, recording)
            try:
                sound = _Decoder(reader)
            except soundfile.SoundFileError as error:
                if reader.error is not None:
                    raise self._unreadable(reader.error) from error
                raise (self._cut_off() if self._at_s else self._no_audio()) from error
            with sound:
                yield from self._decode(sound, reader)
            if recording.failure is not None:
                raise self._unreadable(recording.failure)
            following = next_recording(self._file, recording, reader.read_bytes)
            if following is None or recording.search_from is None:
                has_more = recording.is_sound_to_end and reader.unread_bytes > UNREAD_BYTES
                if has_more or (following is None and goes_on(self._file, recording)):
                    raise self._cut_off()
            recording = following

    def _decode(self, sound: soundfile.SoundFile, reader: RecordingReader) -> Iterator[Samples]:
        """All samples of one recording at 16 kHz mono, block by block."""
        self._check_header(sound)
        resampler, downmix, scale = StreamResampler(sound.samplerate), Downmix(sound.samplerate), _Scale(sound.subtype)
        pieces = self._pieces(sound, reader)
        block_samples = max(1, min(round(self._block_s * SAMPLE_RATE), BLOCK_SAMPLES))
        failed: AudioError | None = None
        is_over = False
        block: list[Samples] = []
        while not is_over:
            try:
                piece = next(pieces, None)
            except AudioError as error:
                failed, piece = error, None
            is_over = piece is None
            mono = np.zeros(0, np.float32) if piece is None else downmix.process(scale.process(piece))
            self._say_once(scale, downmix)
            block.append(resampler.process(mono, last=is_over))
            count = sum(map(len, block))
            if count and (is_over or count >= block_samples):
                yield block[0] if len(block) == 1 else np.concatenate(block)
                block = []
        if failed is not None:
            raise failed

    def _pieces(self, sound: soundfile.SoundFile, reader: RecordingReader) -> Iterator[Samples]:
        """The decoded pieces [N, channels] of a recording. raises AudioError where it is damaged"""
        count = max(1, min(self._frames_at_once(sound), PIECE_VALUES // sound.channels))
        # whole numbers come from the file in one call, libsndfile's own floating point in thousands of small ones
        kind = "int16" if sound.subtype == "PCM_16" else "float32"
        begun_s = self._at_s
        frames = 0
        while True:
            try:
                piece = sound.read(min(count, sound.frames - frames), dtype=kind, always_2d=True)
            except soundfile.SoundFileError as error:
                if reader.error is not None:
                    raise self._unreadable(reader.error) from error
                raise (self._damaged() if self._at_s else self._no_audio()) from error
            frames += len(piece)
            self._at_s = begun_s + frames / sound.samplerate
            if len(piece):
                yield np.multiply(piece, INT16_SCALE, dtype=np.float32) if kind == "int16" else piece
            if reader.error is not None:
                raise self._unreadable(reader.error)
            if len(piece) == 0:
                return

    def _frames_at_once(self, sound: soundfile.SoundFile) -> int:
        if sound.format == "FLAC" or sound.subtype not in UNCOMPRESSED:
            return PIECE_FRAMES
        return round(self._block_s * sound.samplerate)

    def _check_header(self, sound: soundfile.SoundFile) -> None:
        rate_hz, channels = sound.samplerate, sound.channels
        if not RATES_HZ[0] <= rate_hz <= RATES_HZ[1]:
            raise AudioError(
                _("{path} claims a rate of {rate} Hz: its header is broken.", path=self._path, rate=rate_hz)
            )
        if rate_hz * channels > MOST_VALUES_PER_S:
            raise AudioError(
                _(
                    "{path} claims {channels} channels at {rate} Hz, which is too much: its header is broken, or the "
                    "channels must be mixed first.",
                    path=self._path,
                    channels=channels,
                    rate=rate_hz,
                )
            )

    def _say_once(self, scale: "_Scale", downmix: Downmix) -> None:
        sentences = []
        if scale.is_other:
            sentences.append(
                _(
                    "The samples in {path} are not between -1 and 1: they are scaled down.",
                    path=self._path,
                )
            )
        if scale.is_absurd:
            sentences.append(
                _("The samples in {path} are far beyond full scale: they are cut off and give noise.", path=self._path)
            )
        if downmix.has_cancelled:
            sentences.append(
                _("The channels of {path} cancel each other: only the strongest channel is heard.", path=self._path)
            )
        for sentence in sentences:
            if sentence not in self._said:
                self._said.add(sentence)
                self._remark(sentence)

    def _no_audio(self) -> AudioError:
        return AudioError(_("{path} is not a readable audio file (WAV, FLAC, OGG or MP3).", path=self._path))

    def _damaged(self) -> AudioError:
        return AudioError(
            _(
                "{path} is damaged {at_s:.1f} s from its start: nothing after that is heard.",
                path=self._path,
                at_s=self._at_s,
            )
        )

    def _cut_off(self) -> AudioError:
        return AudioError(
            _(
                "The part of {path} after {at_s:.1f} s cannot be read: nothing after that is heard.",
                path=self._path,
                at_s=self._at_s,
            )
        )

    def _unreadable(self, error: OSError) -> AudioError:
        reason = error.strerror or str(error)
        if not self._at_s:
            return AudioError(_("{path} cannot be read: {error}.", path=self._path, error=reason))
        return AudioError(
            _(
                "{path} cannot be read beyond {at_s:.1f} s from its start ({error}): nothing after that is heard.",
                path=self._path,
                at_s=self._at_s,
                error=reason,
            )
        )


class _Scale:
    """Scales float samples that were written with the scale of integers to -1..1, and makes all samples sane."""

    def __init__(self, subtype: str) -> None:
        self._is_float = subtype in ("FLOAT", "DOUBLE")
        self._is_within = subtype == "PCM_16"  # whole numbers never exceed full scale
        self._divisor = 1.0
        self.is_absurd = False  # whether many samples exceed every known scale

    @property
    def is_other(self) -> bool:
        """Whether the samples have another scale than -1..1."""
        return self._divisor != 1.0

    def process(self, samples: Samples) -> Samples:
        """Scale samples [N, channels] float32 of any value. A scale that was found holds for the rest of the file."""
        return samples if self._is_within else sane(self._scaled(samples))

    def _scaled(self, samples: Samples) -> Samples:
        if not self._is_float or not len(samples):
            return samples
        if not samples.max() <= LOUDEST * self._divisor or not samples.min() >= -LOUDEST * self._divisor:
            self._look(np.abs(samples))
        return samples / np.float32(self._divisor) if self.is_other else samples

    def _look(self, magnitudes: Samples) -> None:
        magnitudes = magnitudes[np.isfinite(magnitudes) & (magnitudes > 0)]
        beyond = np.count_nonzero(magnitudes > LOUDEST * self._divisor)
        if not beyond or beyond < SCALED_SHARE * len(magnitudes):
            return
        peak = float(magnitudes.max())
        divisor = next((scale for scale in INTEGER_SCALES if peak <= SCALE_ROOM * scale), None)
        if divisor is None:
            self.is_absurd = True
        else:
            self._divisor = divisor
