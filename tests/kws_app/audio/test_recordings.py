"""Files with several recordings, or with too small a size in the header: all of their sound is heard."""

import errno
import io
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.mpeg_frames import first_frame
from kws_app.audio.mpeg_header import frame_bytes
from kws_app.audio.recording import Recording, RecordingReader, after_titles
from kws_app.audio.recording_starts import next_start
from kws_app.audio.recordings import first_recording, next_recording
from kws_app.errors import AudioError

SECONDS = 2.5
PADDING_S = 0.2  # that a lossy format may add or drop, for each recording
FORMATS: dict[str, dict[str, str]] = {
    "wav": {},
    "rf64": {"format": "RF64"},
    "aiff": {},
    "au": {},
    "caf": {},
    "w64": {},
    "flac": {},
    "ogg": {"format": "OGG", "subtype": "VORBIS"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "mp3": {},
}
Write = Callable[..., bytes]


@pytest.fixture
def encoded(tmp_path: Path) -> Write:
    """encoded(kind, tone in Hz, rate in Hz, channels) -> the bytes of a file of SECONDS"""

    def encode(kind: str, tone_hz: float = 440.0, rate_hz: int = 16_000, channels: int = 1, **options: str) -> bytes:
        time_s = np.arange(round(SECONDS * rate_hz)) / rate_hz
        tone = (0.4 * np.sin(2 * np.pi * tone_hz * time_s)).astype(np.float32)
        path = tmp_path / f"encoded.{kind}"
        soundfile.write(str(path), np.stack([tone] * channels, axis=1), rate_hz, **{**FORMATS[kind], **options})
        return path.read_bytes()

    return encode


def heard_of(folder: Path, content: bytes) -> np.ndarray:
    path = folder / "file"
    path.write_bytes(content)
    return np.concatenate(list(read_blocks(path)))


def tones(samples: np.ndarray) -> list[int]:
    """The tone in Hz of every second of some samples, in a row only once."""
    found: list[int] = []
    for i in range(0, len(samples) - 8000, 8000):
        spectrum = np.abs(np.fft.rfft(samples[i : i + 8000] * np.hanning(8000)))
        tone = int(spectrum.argmax()) * 2
        if spectrum.max() > 100 and (not found or abs(found[-1] - tone) > 4):
            found.append(tone)
    return found


@pytest.mark.parametrize("kind", FORMATS)
def test_all_recordings_that_are_joined_are_heard_whatever_their_rates(tmp_path: Path, encoded: Write, kind: str):
    rates = (16_000, 48_000, 16_000) if kind == "opus" else (16_000, 44_100, 22_050)
    content = b"".join(encoded(kind, 440.0 * (i + 1), rate_hz) for i, rate_hz in enumerate(rates))
    samples = heard_of(tmp_path, content)
    assert abs(len(samples) / 16_000 - 3 * SECONDS) < 3 * PADDING_S
    assert [round(tone, -1) for tone in tones(samples)] == [440, 880, 1320]


def test_one_channel_then_two_and_one_kind_then_another(tmp_path: Path, encoded: Write):
    content = encoded("wav") + encoded("aiff", 880.0, 48_000, 2) + encoded("au", 1320.0) + encoded("flac", 1760.0)
    assert [round(tone, -1) for tone in tones(heard_of(tmp_path, content))] == [440, 880, 1320, 1760]


@pytest.mark.parametrize("first", [*FORMATS, "killed wav", "flac of unknown length", "mp3 without a tag"])
def test_any_kind_may_follow_any_kind(tmp_path: Path, encoded: Write, first: str):
    """The second has another rate, too: heard as samples of the first, it would be noise."""
    kind = next(kind for kind in FORMATS if kind in first.split())
    content = encoded(kind)
    if first == "killed wav":
        content = shortened(content, "wav", 0)
    elif first == "flac of unknown length":
        content = unknown_length(content)
    elif first == "mp3 without a tag":
        content = without_tag(content)
    for second in FORMATS:
        for between in (b"", TITLES[2]):
            samples = heard_of(tmp_path, content + between + encoded(second, 880.0, 48_000))
            assert [round(tone, -1) for tone in tones(samples)] == [440, 880], second
            assert abs(len(samples) / 16_000 - 2 * SECONDS) < 2 * PADDING_S, second
    samples = heard_of(tmp_path, content + without_tag(encoded("mp3", 880.0, 48_000)))
    assert [round(tone, -1) for tone in tones(samples)] == [440, 880]


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3"])
def test_what_cannot_be_read_after_a_recording_is_said(tmp_path: Path, encoded: Write, kind: str):
    content = encoded(kind) + b"a kind of file that nobody knows " * 4000
    with pytest.raises(AudioError, match=r"after 2\.[4-6] s cannot be read"):
        heard_of(tmp_path, content)


def test_the_header_of_another_file_among_the_titles_of_a_flac_begins_no_recording(tmp_path: Path, encoded: Write):
    """`flac --keep-foreign-metadata` keeps the header of the WAV that it was made from."""
    for content in (encoded("flac"), unknown_length(encoded("flac"))):
        riff = b"riff" + encoded("wav")[:44]
        block = bytes([2]) + len(riff).to_bytes(3, "big") + riff  # a block of another program
        content = content[:4] + bytes([content[4] & 0x7F]) + content[5:42] + block + content[42:]
        if content[4 + 38 + len(block)] & 0x7F > 6:  # no further block of titles follows: ours is the last
            content = put(content, 42, bytes([0x82]))
        samples = heard_of(tmp_path, content)
        assert tones(samples) == [440] and len(samples) == round(SECONDS * 16_000)


def test_samples_that_look_like_a_mark_begin_no_recording():
    assert next_start(io.BytesIO(b"RIFFAAAAWAVX .snd" + b"\xff\xfb\x90\0" * 9000 + b"OggS\0\0"), 0, 36_000) is None
    rng = np.random.default_rng(0)
    quiet = rng.normal(0, 300, 2_000_000).astype("<i2").tobytes()
    assert next_start(io.BytesIO(quiet), 0, len(quiet)) is None


def put(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


def shortened(content: bytes, kind: str, size: int) -> bytes:
    """The file as a recorder leaves it that was killed after it had written a size: all its sizes are that."""
    if kind == "wav":
        at = content.index(b"data") + 4
        return put(
            put(content, at, struct.pack("<I", size)), 4, struct.pack("<I", min(0xFFFFFFFF, size and size + at - 4))
        )
    if kind == "rf64":
        return put(content, content.index(b"ds64") + 8, struct.pack("<QQQ", size, size, size // 2))
    if kind == "aiff":
        content = put(content, content.index(b"SSND") + 4, struct.pack(">I", size))
        return put(put(content, content.index(b"COMM") + 10, struct.pack(">I", size // 2)), 4, struct.pack(">I", size))
    if kind == "au":
        return put(content, 8, struct.pack(">I", size))
    if kind == "caf":
        return put(content, content.index(b"data") + 4, struct.pack(">Q", size))
    at = content.index(b"data\xf3\xac") + 16
    return put(put(content, at, struct.pack("<Q", size)), 16, struct.pack("<Q", size))


@pytest.mark.parametrize("size", [0, 24, 30_000, 0xFFFFFFFF])
@pytest.mark.parametrize("kind", ["wav", "rf64", "aiff", "au", "caf", "w64"])
def test_a_header_that_states_too_little_or_too_much_hides_nothing(
    tmp_path: Path, encoded: Write, kind: str, size: int
):
    samples = heard_of(tmp_path, shortened(encoded(kind), kind, size))
    assert abs(len(samples) / 16_000 - SECONDS) < 0.01
    assert tones(samples) == [440]


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "FLOAT", "ULAW", "IMA_ADPCM"])
@pytest.mark.parametrize("channels", [1, 2])
def test_so_in_every_sample_format(tmp_path: Path, encoded: Write, subtype: str, channels: int):
    content = shortened(encoded("wav", 440.0, 16_000, channels, subtype=subtype), "wav", 0)
    samples = heard_of(tmp_path, content + content)  # the second is found where the first has no end
    assert abs(len(samples) / 16_000 - 2 * SECONDS) < 0.1
    assert tones(samples) == [440]


def test_silence_at_the_start_of_a_killed_recording_does_not_end_it(tmp_path: Path, encoded: Write):
    content = shortened(encoded("wav"), "wav", 0)
    samples = heard_of(tmp_path, content[:44] + bytes(64_000) + content[44:])
    assert abs(len(samples) / 16_000 - SECONDS - 2.0) < 0.01


TITLES = [
    b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"some program\0\0",
    b"TAG" + b"A title that fills a hundred and twenty-five bytes".ljust(125, b" "),
    b"ID3\x03\0\0\0\0\x02\0" + b"T" * 256,
    bytes(5000),
    b"a word",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "flac", "mp3"])
def test_titles_and_padding_after_the_sound_are_no_sound(tmp_path: Path, encoded: Write, kind: str, title: bytes):
    if kind == "aiff" and title.startswith(b"LIST"):
        title = b"ANNO" + struct.pack(">I", 8) + b"a remark"
    if kind == "au" and title.startswith(b"LIST"):
        pytest.skip("not of this format")
    whole = len(heard_of(tmp_path, encoded(kind)))
    room = round(PADDING_S * 16_000) if kind == "mp3" else 64
    assert abs(len(heard_of(tmp_path, encoded(kind) + title)) - whole) < room


def test_a_program_that_forgets_the_padding_after_an_odd_size(tmp_path: Path):
    samples = np.zeros(9001, np.int16)
    path = tmp_path / "odd.wav"
    soundfile.write(str(path), samples, 16_000, subtype="PCM_U8")
    content = path.read_bytes()
    at = content.index(b"data") + 8 + 9001
    assert len(heard_of(tmp_path, content[:at] + TITLES[0])) == 9001


def without_tag(mp3: bytes) -> bytes:
    """A file from a program that does not state its length: without the first frame, which holds no sound."""
    return mp3[frame_bytes(mp3[:4]) :]


def test_mpeg_without_a_stated_length_is_heard_to_its_end(tmp_path: Path, encoded: Write, capfd):
    """The decoder guesses the length from the first frame, and stops there."""
    quiet_then_loud = [encoded("mp3", 440.0), encoded("mp3", 880.0), encoded("mp3", 1320.0)]
    for content in (
        b"".join(map(without_tag, quiet_then_loud)),
        quiet_then_loud[0] + without_tag(quiet_then_loud[1]) + without_tag(quiet_then_loud[2]),
        bytes(3000) + without_tag(quiet_then_loud[0]) + quiet_then_loud[1] + quiet_then_loud[2],
    ):
        samples = heard_of(tmp_path, content)
        assert abs(len(samples) / 16_000 - 3 * SECONDS) < 3 * PADDING_S
        assert [round(tone, -1) for tone in tones(samples)] == [440, 880, 1320]
    assert capfd.readouterr().err == ""


def test_titles_between_mpeg_recordings_of_different_rates(tmp_path: Path, encoded: Write):
    title = TITLES[2]
    first, second = encoded("mp3", 440.0), encoded("mp3", 880.0, 44_100, 2)
    for content in (title + first + TITLES[1] + title + second, title + without_tag(first) + without_tag(second)):
        samples = heard_of(tmp_path, content)
        assert [round(tone, -1) for tone in tones(samples)] == [440, 880]


def test_an_ogg_that_is_cut_in_front_of_another(tmp_path: Path, encoded: Write):
    first = encoded("ogg")
    samples = heard_of(tmp_path, first[: len(first) * 2 // 3] + encoded("ogg", 880.0))
    assert [round(tone, -1) for tone in tones(samples)][-1] == 880


def unknown_length(flac: bytes) -> bytes:
    """A FLAC as it is written to a pipe: its number of samples, 36 bits of the header, is 0."""
    return put(flac, 21, bytes([flac[21] & 0xF0, 0, 0, 0, 0]))


def test_a_flac_of_unknown_length_is_heard_to_its_last_sample(tmp_path: Path, encoded: Write):
    samples = heard_of(tmp_path, unknown_length(encoded("flac")))
    assert len(samples) == round(SECONDS * 16_000)
    joined = unknown_length(encoded("flac")) + unknown_length(encoded("flac", 880.0, 44_100))
    assert [round(tone, -1) for tone in tones(heard_of(tmp_path, joined))] == [440, 880]


@pytest.mark.parametrize("change", [lambda content: content, unknown_length])
def test_true_damage_has_a_true_place(tmp_path: Path, change: Callable[[bytes], bytes]):
    path = tmp_path / "file.flac"
    soundfile.write(str(path), np.random.default_rng(0).normal(0, 0.1, 16_000 * 20), 16_000)
    content = change(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    heard = 0
    with pytest.raises(AudioError, match=r"is damaged (9\.\d|10\.0) s from its start"):
        for block in read_blocks(path):
            heard += len(block)
    assert 9.0 < heard / 16_000 <= 10.1


class FailingFile(io.FileIO):
    """A file on a disk that fails at a byte."""

    def __init__(self, path: Path, fails_at: int) -> None:
        super().__init__(path)
        self._fails_at = fails_at

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        room = self._fails_at - self.tell()
        if room < len(buffer):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readinto(buffer)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.002, 0.6])
def test_a_disk_that_fails_in_the_midst_of_a_file_is_no_end_of_the_file(
    tmp_path: Path, encoded: Write, monkeypatch: pytest.MonkeyPatch, kind: str, share: float, capfd
):
    path = tmp_path / "file"
    content = encoded(kind) * 40
    path.write_bytes(content)
    fails_at = round(share * len(content))
    monkeypatch.setattr(Path, "open", lambda self, mode: io.BufferedReader(FailingFile(self, fails_at)))
    heard = 0
    with pytest.raises(AudioError, match=r"cannot be read.*Input/output error") as error:
        for block in read_blocks(path):
            heard += len(block)
    assert "\n" not in str(error.value) and "Traceback" not in capfd.readouterr().err
    if share == 0.6:
        assert 0.45 < heard / 16_000 / (40 * SECONDS) < 0.61  # a lossy format is not as long everywhere


def test_a_reader_shows_one_recording_with_its_patches_and_what_goes_in_front():
    file = io.BytesIO(b"0123456789")
    reader = RecordingReader(file, Recording(2, 6, {1: b"AB", 5: b"CD"}, b"xyz"))
    assert io.BufferedReader(reader).read() == b"xyz2AB56C"
    assert reader.seek(-2, io.SEEK_END) == 7 and reader.read(9) == b"6C"
    assert reader.seek(-1) == 9 == reader.tell()  # where it was
    assert reader.seek(2) == 2 and reader.read(3) == b"z2A"


def test_what_is_no_audio_is_one_recording_for_the_decoder_to_refuse():
    for content in (b"", b"no sound", b"RIFF\0\0\0\0WAVE", b"RIFF\xff\xff\xff\xffWAVEfmt \x10", b"OggS", b"\xff" * 999):
        file = io.BytesIO(content)
        first = first_recording(file)
        assert first == Recording(0, len(content)) and next_recording(file, first, len(content)) is None


def test_thousands_of_recordings_in_a_row_are_all_heard(tmp_path: Path, encoded: Write):
    tiny = encoded("wav")[:44] + bytes(200)
    tiny = put(put(tiny, 40, struct.pack("<I", 200)), 4, struct.pack("<I", 236))
    assert len(heard_of(tmp_path, tiny * 3000)) == 3000 * 100
    assert after_titles(io.BytesIO(TITLES[2] + b"x"), 0) == len(TITLES[2])
    assert first_frame(io.BytesIO(b"\xff" * 200), 0) is None
