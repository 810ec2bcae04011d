"""Changes a recording as microphones, telephone lines, codecs and other throats do. Every function returns a new sound.

A sound is [N] float32 at 16 kHz. It keeps its length unless a function says otherwise. A random generator is passed in:
the same generator gives the same sound.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import fftconvolve, istft, stft

from kws_app.engine.frontend_config import SAMPLE_RATE

Sound = NDArray[np.float32]

TELEPHONE_HZ = (300.0, 3400.0)  # the band of a telephone line (ITU-T G.712)
_MU = 255.0  # of the mu-law (ITU-T G.711)
_WINDOW, _HOP = 512, 128  # of the short-time spectra, samples
_ENVELOPE_QUEFRENCIES = 28  # cepstral coefficients of the mouth's shape; the pitch lies above them
_FLOOR = 1e-5  # added to a magnitude, so that its logarithm is finite
_STRETCH_WINDOW, _STRETCH_SEARCH = 512, 160  # samples
_LONGEST_DELAY = 4000  # samples that a codec may be late, at most
# libsndfile's compression level for a bit rate in kbit/s, measured with soundfile 0.14.
_CODECS: dict[str, tuple[str, str, str | None, Callable[[float], float]]] = {
    "mp3": ("MP3", "MPEG_LAYER_III", "CONSTANT", lambda kbit: (160 - kbit) / 152),
    "opus": ("OGG", "OPUS", None, lambda kbit: (256 - kbit) / 250),
}


def limit_band(sound: Sound, low_hz: float, high_hz: float) -> Sound:
    """Keep the frequencies from low_hz to high_hz, with soft edges of a sixth of an octave.

    raises ValueError if the band is empty
    """
    if not 0 <= low_hz < high_hz:
        raise ValueError(f"A band needs 0 <= low < high, got {low_hz} to {high_hz} Hz.")
    spectrum = np.fft.rfft(sound)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 1e-3))
    above = np.clip((octaves - np.log2(max(low_hz, 1e-3))) * 6 + 1, 0, 1)
    below = np.clip((np.log2(high_hz) - octaves) * 6 + 1, 0, 1)
    return np.asarray(np.fft.irfft(spectrum * above * below, len(sound)), np.float32)


def through_telephone(sound: Sound) -> Sound:
    """The sound after a telephone line: 300 to 3400 Hz, 8 kHz, 8 bits by the mu-law."""
    narrow = soxr.resample(limit_band(sound, *TELEPHONE_HZ), SAMPLE_RATE, 8000)
    loudest = max(float(np.abs(narrow).max(initial=0.0)), 1e-9)
    pressed = np.sign(narrow) * np.log1p(_MU * np.abs(narrow) / loudest) / np.log1p(_MU)
    pressed = np.round(pressed * 127) / 127
    opened = np.sign(pressed) * np.expm1(np.abs(pressed) * np.log1p(_MU)) / _MU * loudest
    return _as_long(np.asarray(soxr.resample(opened, 8000, SAMPLE_RATE), np.float32), len(sound))


def through_codec(sound: Sound, codec: str, kbit: float) -> Sound:
    """Encode and decode the sound, without the codec's delay.

    codec: "mp3" (8 to 160 kbit/s) or "opus" (6 to 256 kbit/s); kbit: the rate in kbit/s, about
    raises ValueError if the codec or the rate is unknown
    """
    if codec not in _CODECS:
        raise ValueError(f"There is no codec '{codec}': use one of {', '.join(_CODECS)}.")
    kind, subtype, mode, level_of = _CODECS[codec]
    level = level_of(kbit)
    if not 0 <= level <= 1:
        raise ValueError(f"{codec} does not work at {kbit} kbit/s.")
    file = io.BytesIO()
    soundfile.write(
        file,
        np.clip(sound, -1, 1),
        SAMPLE_RATE,
        format=kind,
        subtype=subtype,
        compression_level=min(level, 0.99),
        bitrate_mode=mode,
    )
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return _in_step(decoded, sound)


def _in_step(late: Sound, sound: Sound) -> Sound:
    """`late` without its delay against `sound`, and as long as `sound`."""
    if not np.any(sound) or not len(late):
        return _as_long(late, len(sound))
    matches = fftconvolve(late, sound[::-1])[len(sound) - 1 :][:_LONGEST_DELAY]
    delay = int(np.argmax(matches)) if len(matches) else 0
    return _as_long(late[delay:], len(sound))


def clip_peaks(sound: Sound, over_db: float) -> Sound:
    """Cut the peaks as a microphone does that is too near: full scale lies over_db decibels below the highest peak.

    raises ValueError if over_db is negative
    """
    if over_db < 0:
        raise ValueError(f"over_db must not be negative, got {over_db}.")
    limit = float(np.abs(sound).max(initial=0.0)) * 10 ** (-over_db / 20)
    return np.asarray(np.clip(sound, -limit, limit), np.float32)


def warp_tract(sound: Sound, factor: float) -> Sound:
    """The same pitch and speed from a shorter throat (factor above 1) or a longer throat (below 1).

    The envelope of the spectrum is stretched along frequency and the harmonics stay. This is a form of vocal tract
    length perturbation (Jaitly and Hinton 2013).
    """
    if len(sound) < _WINDOW:
        return sound.copy()
    _, _, spectra = stft(sound, nperseg=_WINDOW, noverlap=_WINDOW - _HOP)  # [F, T]
    log_magnitude = np.log(np.abs(spectra) + _FLOOR)
    cepstrum = np.fft.irfft(log_magnitude, axis=0)  # [2 (F - 1), T]
    cepstrum[_ENVELOPE_QUEFRENCIES : len(cepstrum) - _ENVELOPE_QUEFRENCIES + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=0).real  # [F, T]
    rows = np.minimum(np.arange(len(envelope)) / factor, len(envelope) - 1)
    lower = rows.astype(int)
    upper = np.minimum(lower + 1, len(envelope) - 1)
    share = (rows - lower)[:, None]
    warped = envelope[lower] * (1 - share) + envelope[upper] * share
    _, changed = istft(spectra * np.exp(warped - envelope), nperseg=_WINDOW, noverlap=_WINDOW - _HOP)
    changed = _as_long(np.asarray(changed, np.float32), len(sound))
    return _as_loud(changed, sound)


def change_speed(sound: Sound, speed: float) -> Sound:
    """The sound faster (speed above 1) or slower, at the same pitch. [N] -> [N / speed]

    Pieces overlap, and each piece is laid where it fits best (WSOLA, Verhelst and Roelands 1993).
    raises ValueError if speed is not above 0
    """
    if speed <= 0:
        raise ValueError(f"speed must be above 0, got {speed}.")
    length = round(len(sound) / speed)
    if len(sound) < 2 * _STRETCH_WINDOW or speed == 1:
        return _as_long(sound, length)
    step, search = _STRETCH_WINDOW // 2, _STRETCH_SEARCH
    window = np.hanning(_STRETCH_WINDOW + 1)[:-1].astype(np.float32)
    padded = np.pad(sound, (search, _STRETCH_WINDOW + 2 * search + step))
    out = np.zeros(length + _STRETCH_WINDOW, np.float32)
    weight = np.zeros_like(out)
    follows = padded[search : search + _STRETCH_WINDOW]  # the piece that comes next at the old speed
    for at in range(0, length, step):
        middle = min(round(at * speed), len(sound))
        near = padded[middle : middle + _STRETCH_WINDOW + 2 * search]
        fits = np.correlate(near, follows, "valid")
        energy = np.convolve(near**2, np.ones(_STRETCH_WINDOW, np.float32), "valid")
        start = middle + int(np.argmax(fits / np.sqrt(energy + 1e-9)))
        out[at : at + _STRETCH_WINDOW] += padded[start : start + _STRETCH_WINDOW] * window
        weight[at : at + _STRETCH_WINDOW] += window
        follows = padded[start + step : start + step + _STRETCH_WINDOW]
    return np.asarray(out[:length] / np.maximum(weight[:length], 1e-3), np.float32)


def shift_pitch(sound: Sound, factor: float) -> Sound:
    """A higher voice (factor above 1) or a lower voice, from the same throat and at the same speed."""
    if factor == 1 or len(sound) < 2 * _STRETCH_WINDOW:
        return sound.copy()
    moved = soxr.resample(change_speed(sound, 1 / factor), SAMPLE_RATE * factor, SAMPLE_RATE)
    moved = _as_long(np.asarray(moved, np.float32), len(sound))
    return _as_loud(warp_tract(moved, 1 / factor), sound)


def _as_long(sound: Sound, length: int) -> Sound:
    return np.asarray(np.pad(sound[:length], (0, max(0, length - len(sound)))), np.float32)


def _as_loud(sound: Sound, other: Sound) -> Sound:
    level, wanted = (float(np.sqrt(np.mean(x**2))) + 1e-9 for x in (sound, other))
    return np.asarray(sound * (wanted / level), np.float32)


@dataclass(frozen=True)
class LineConfig:
    """The share of the recordings for each line. By default none stays as it is."""

    band_share: float = 0.33  # through a narrow band
    telephone_share: float = 0.17
    codec_share: float = 0.33
    clip_share: float = 0.17  # with peaks that are cut
    low_hz: tuple[float, float] = (50.0, 400.0)  # lower edge of the band, least and most
    high_hz: tuple[float, float] = (3000.0, 7500.0)  # upper edge of the band
    mp3_kbit: tuple[float, float] = (16.0, 48.0)
    opus_kbit: tuple[float, float] = (8.0, 32.0)
    clip_db: tuple[float, float] = (3.0, 18.0)  # see clip_peaks

    def __post_init__(self) -> None:
        shares = (self.band_share, self.telephone_share, self.codec_share, self.clip_share)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"The shares of the lines must lie in 0..1 and add up to at most 1, got {shares}.")


@dataclass(frozen=True)
class SpeakerConfig:
    """How far a copy's speaker may differ from the recording's. The logarithm of each factor is drawn evenly."""

    speed: tuple[float, float] = (0.85, 1.18)
    pitch: tuple[float, float] = (0.85, 1.18)
    tract: tuple[float, float] = (0.88, 1.14)
    share: float = 0.7  # of the copies, for each of the three


def through_a_line(sound: Sound, rng: np.random.Generator, config: LineConfig = LineConfig()) -> Sound:
    """The sound through a random line, or unchanged if the shares do not add up to 1."""
    draw = float(rng.random())
    if draw < config.band_share:
        return limit_band(sound, float(rng.uniform(*config.low_hz)), float(rng.uniform(*config.high_hz)))
    draw -= config.band_share
    if draw < config.telephone_share:
        return through_telephone(sound)
    draw -= config.telephone_share
    if draw < config.codec_share:
        codec, rates = ("mp3", config.mp3_kbit) if rng.random() < 0.5 else ("opus", config.opus_kbit)
        return through_codec(sound, codec, float(rng.uniform(*rates)))
    draw -= config.codec_share
    if draw < config.clip_share:
        return clip_peaks(sound, float(rng.uniform(*config.clip_db)))
    return sound.copy()


def by_another_speaker(sound: Sound, rng: np.random.Generator, config: SpeakerConfig = SpeakerConfig()) -> Sound:
    """A copy with another speed, another pitch and another throat, each by chance. [N] -> [M]"""
    changes = ((change_speed, config.speed), (shift_pitch, config.pitch), (warp_tract, config.tract))
    for change, (least, most) in changes:
        if rng.random() < config.share:
            sound = change(sound, float(np.exp(rng.uniform(np.log(least), np.log(most)))))
    return sound
