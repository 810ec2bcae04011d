"""Audio files: every format, rate and channel count. Any other file gives one sentence."""

import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.audio.audio_file import read_blocks
from kws_app.audio.resample import StreamResampler
from kws_app.errors import AudioError
from tests.support.memory import CAN_TELL
from tests.support.paths import REPOSITORY


def tone(rate_hz: int, seconds: float = 1.0, tone_hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * tone_hz * np.arange(int(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def read(path: Path, block_s: float = 0.13) -> np.ndarray:
    return np.concatenate(list(read_blocks(path, block_s)))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {"subtype": "PCM_16"}),
        ("a.flac", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("b.ogg", {"format": "OGG", "subtype": "OPUS"}),
        ("a.mp3", {}),
    ],
)
@pytest.mark.parametrize(("rate_hz", "channels"), [(16_000, 1), (48_000, 2), (8_000, 1)])
def test_formats_rates_and_channels(tmp_path: Path, name: str, options: dict, rate_hz: int, channels: int) -> None:
    path = tmp_path / name
    soundfile.write(str(path), np.stack([tone(rate_hz)] * channels, axis=1), rate_hz, **options)
    samples = read(path)
    # Opus and MP3 may add or drop some padding
    assert samples.dtype == np.float32 and abs(len(samples) - 16_000) < 2500
    spectrum = np.abs(np.fft.rfft(samples[2000:12_000]))
    assert spectrum.argmax() == 275  # 440 Hz in bins of 1.6 Hz


@pytest.mark.parametrize("rate_hz", [44_100, 192_000, 11_025])
def test_blocks_join_without_a_seam(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(str(path), tone(rate_hz, 2.0), rate_hz, subtype="FLOAT")
    samples = read(path)
    assert abs(len(samples) - 32_000) <= 1
    np.testing.assert_allclose(samples[1000:-1000], tone(16_000, 2.0)[1000:-1000][: len(samples) - 2000], atol=2e-3)


def test_what_lies_above_8_khz_does_not_alias() -> None:
    resampler = StreamResampler(48_000)
    high = tone(48_000, 1.0, tone_hz=11_000.0)
    out = np.concatenate(
        [resampler.process(part) for part in np.array_split(high, 50)] + [resampler.process(high[:0], True)]
    )
    assert 20 * np.log10(np.abs(out[500:-500]).max()) < -80


def test_nan_and_infinity_become_silence_and_full_scale(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    soundfile.write(str(path), np.array([np.nan, np.inf, -np.inf, 0.25] * 400, np.float32), 16_000, subtype="FLOAT")
    assert read(path)[:4].tolist() == [0.0, 1.0, -1.0, 0.25]


def test_absurd_samples_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "absurd.wav"
    soundfile.write(str(path), np.array([1e25, -1e25, 0.5, 0.0] * 400, np.float32), 48_000, subtype="FLOAT")
    said: list[str] = []
    samples = np.concatenate(list(read_blocks(path, remark=said.append)))
    assert np.isfinite(samples).all() and np.abs(samples).max() < 20
    assert said == [f"The samples in {path} are far beyond full scale: they are cut off and give noise."]


@pytest.mark.parametrize(("bits", "subtype"), [(16, "FLOAT"), (24, "FLOAT"), (32, "FLOAT"), (16, "DOUBLE")])
def test_float_samples_at_the_scale_of_integers_are_scaled_down_and_that_is_said_once(
    tmp_path: Path, bits: int, subtype: str
) -> None:
    path = tmp_path / "scale.wav"
    quiet_first = np.concatenate([np.zeros(8000, np.float32), tone(16_000, 30.0) * 0.01, tone(16_000, 3.0)])
    soundfile.write(str(path), quiet_first * 2.0 ** (bits - 1), 16_000, subtype=subtype)
    said: list[str] = []
    samples = np.concatenate(list(read_blocks(path, 1.0, said.append)))
    assert said == [f"The samples in {path} are not between -1 and 1: they are scaled down."]
    assert np.abs(samples[-16_000:]).max() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("content", [tone(16_000) * 15, np.where(np.arange(16_000) % 997 == 0, 3e4, tone(16_000))])
def test_a_loud_float_file_or_a_few_faults_in_it_are_no_other_scale(
    write_wav: Callable[..., Path], content: np.ndarray
) -> None:
    said: list[str] = []
    samples = np.concatenate(list(read_blocks(write_wav(content.astype(np.float32)), remark=said.append)))
    assert not said
    assert np.abs(np.median(np.abs(samples)) - np.median(np.abs(content))) < 0.01


@pytest.mark.parametrize("options", [{"subtype": "PCM_16"}, {"format": "OGG", "subtype": "VORBIS"}])
def test_channels_that_cancel_each_other_are_heard_and_that_is_said_once(tmp_path: Path, options: dict) -> None:
    path = tmp_path / "cancel.snd"
    sound = tone(48_000, 25.0)
    soundfile.write(str(path), np.stack([sound, -sound], axis=1), 48_000, **{"format": "WAV", **options})
    said: list[str] = []
    samples = np.concatenate(list(read_blocks(path, 1.0, said.append)))
    assert said == [f"The channels of {path} cancel each other: only the strongest channel is heard."]
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_any_name_will_do(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    soundfile.write(str(tmp_path / "a.wav"), tone(16_000), 16_000)
    (tmp_path / "a.wav").rename(path)
    assert len(read(path)) == 16_000
    with pytest.raises(AudioError, match="cannot be read: File name too long"):
        read(tmp_path / ("x" * 300))


def test_what_is_no_audio_gets_one_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("this is no sound")
    empty = tmp_path / "empty.wav"
    empty.touch()
    song = tmp_path / "text.mp3"
    song.write_text("no song " * 400)
    one_sample = tmp_path / "one.wav"
    soundfile.write(str(one_sample), np.zeros(1, np.float32), 48_000)
    header = tmp_path / "header.wav"
    soundfile.write(str(header), np.zeros(0, np.float32), 16_000)
    for path in (text, empty, song, one_sample, header, tmp_path, tmp_path / "none.wav"):
        with pytest.raises(AudioError) as error:
            read(path)
        assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.wav", tmp_path / "cut.wav"
    soundfile.write(str(whole), tone(16_000), 16_000)
    cut.write_bytes(whole.read_bytes()[:20_000])
    assert 9_000 < len(read(cut)) < 10_000


@pytest.mark.parametrize("name", ["damaged.flac", "damaged.mp3"])
def test_what_is_before_a_files_damage_is_heard(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * 16_000)
    soundfile.write(str(path), noise, 16_000)
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 3000] = bytes(3000)
    path.write_bytes(content)
    heard = 0
    with pytest.raises(AudioError, match=r"is damaged 1[45].* s from its start") as error:
        for block in read_blocks(path):
            heard += len(block)
    assert heard / 16_000 > 14.5 and "\n" not in str(error.value)


@pytest.mark.parametrize("channels", [2, 6, 24])
def test_many_channels_at_a_high_rate(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "many.wav"
    soundfile.write(str(path), np.stack([tone(192_000)] * channels, axis=1), 192_000)
    assert abs(len(read(path)) - 16_000) <= 1


def write_header(path: Path, rate_hz: int, channels: int, data_bytes: int) -> None:
    """A WAV whose sound is a hole in the file: silence."""
    frame_bytes = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * frame_bytes & 0xFFFFFFFF, frame_bytes & 0xFFFF, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", data_bytes)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(head) + data_bytes) + head)
    os.truncate(path, 8 + len(head) + data_bytes)


MEMORY = """
import sys
from pathlib import Path
from kws_app.audio.audio_file import read_blocks
from kws_app.errors import AudioError
from tests.support.memory import most_mb
before = most_mb()
try:
    heard = sum(map(len, read_blocks(Path(sys.argv[1]))))
except AudioError as error:
    sys.exit(str(error))
print(heard, most_mb() - before)
"""


@pytest.mark.skipif(not CAN_TELL, reason="reads /proc")
@pytest.mark.parametrize(("rate_hz", "channels"), [(96_000, 1024), (1_000_000, 100), (8_000, 1024), (16_000, 1)])
def test_a_file_of_many_channels_takes_little_memory(tmp_path: Path, rate_hz: int, channels: int) -> None:
    path = tmp_path / "many.wav"
    size = 200_000_000 // (2 * channels) * 2 * channels
    write_header(path, rate_hz, channels, size)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(path)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    heard, taken_mb = map(float, done.stdout.split())
    assert heard == pytest.approx(size / 2 / channels / rate_hz * 16_000, abs=2)
    assert taken_mb < 150


def test_more_samples_a_second_than_can_be_heard_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.wav"
    write_header(path, 1_000_000, 1024, 20_480_000)
    with pytest.raises(AudioError, match="claims 1024 channels at 1000000 Hz"):
        read(path)


@pytest.mark.parametrize("rate_hz", [0, 1, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_header_with_an_absurd_rate_gets_one_sentence(tmp_path: Path, rate_hz: int) -> None:
    path = tmp_path / "rate.wav"
    soundfile.write(str(path), tone(16_000), 16_000)
    content = bytearray(path.read_bytes())
    content[24:28] = rate_hz.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"rate of|not a readable audio"):
        read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(AudioError, match="is not a file"):
            read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_file_that_may_not_be_read_gets_one_sentence(write_wav: Callable[..., Path]) -> None:
    path = write_wav(tone(16_000))
    path.chmod(0)
    code = f"""
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from kws_app.audio.audio_file import read_blocks
file = os.open({str(path.parent)!r}, os.O_RDONLY)
os.fchdir(file)
if os.getuid() == 0:
    os.setuid(65534)
next(read_blocks(Path({path.name!r})))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert "AudioError: sound.wav cannot be opened: you have no permission to read it." in done.stderr


TEN_HOURS = """
import resource, sys
from kws_app.commands.detect import main
status = main([sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)
sys.exit(status)
"""


def test_a_header_that_points_before_the_file_is_one_sentence_and_prints_nothing(tmp_path: Path, capfd):
    path = tmp_path / "broken.aiff"
    soundfile.write(str(path), tone(16_000), 16_000, format="AIFF", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"SSND")
    content[at : at + 8] = b"JUNK\xff\xff\xff\xff"  # a length that libsndfile takes as -1
    path.write_bytes(content)
    with pytest.raises(AudioError, match="is not a readable audio file"):
        list(read_blocks(path))
    assert capfd.readouterr() == ("", "")


@pytest.mark.nightly
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a sparse file, and the unit of ru_maxrss")
def test_ten_hours_are_heard_in_400_mb(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(str(path), tone(16_000), 16_000, subtype="PCM_16")
    length = 10 * 3600 * 16_000 * 2
    with path.open("r+b") as file:
        file.seek(4)
        file.write((length + 36).to_bytes(4, "little"))
        file.seek(40)
        file.write(length.to_bytes(4, "little"))
        file.truncate(length + 44)
    done = subprocess.run([sys.executable, "-c", TEN_HOURS, str(path)], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"at most {done.stdout.strip()} MB")
    assert int(done.stdout) <= 400
