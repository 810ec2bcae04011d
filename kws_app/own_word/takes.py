"""Takes: the user says a word, each take is checked and trimmed, and the good takes are kept as files.

No Qt and no device. The recorder reads a feed with a cursor of its own, so the worker loses nothing to it.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from kws_app.atomic_file import UNFINISHED
from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.errors import AudioError
from kws_app.translation import _

LEAD_IN_S = 0.25  # heard before the user is asked to speak: it shows how loud the room is
LONGEST_TAKE_S = 4.0
PAUSE_S = 0.6  # of silence after speech: the word is over
MARGIN_S = 0.15  # kept before and after the word
WINDOW_S = 0.02  # of one level
EDGE_S = 0.04  # speech this close to an end was cut off
SHORTEST_WORD_S = 0.15
LOUDER_DB = 12.0  # than the room: speech
FAINTEST_DB = -65.0  # of any speech; a digital zero is below it
TOO_QUIET_DB = -40.0  # the loudest 20 ms of the word; a voice at arm's length has -20
CLIPPED_SAMPLES = 8  # at full scale; a few may be chance
FULL_SCALE = 0.999
FEWEST_TO_COMPARE = 3  # good takes before a take can be unlike the others
UNLIKE = 1.6  # times the usual distance between the good takes
SLACK_DISTANCE = 0.6  # natural log of mel power, per frame: two takes may always differ by this much
TAKE_SUFFIX = ".flac"


class Fault(Enum):
    """Why a take is not good."""

    SILENT = "silent"
    QUIET = "quiet"
    CLIPPED = "clipped"
    CUT_OFF = "cut off"
    UNLIKE = "unlike"

    @property
    def sentence(self) -> str:
        """What to do about it."""
        return {
            Fault.SILENT: _("Nothing was said: speak after the count."),
            Fault.QUIET: _("Too quiet: come closer to the microphone or speak up."),
            Fault.CLIPPED: _("Too loud: the sound is cut off at full scale. Move away from the microphone."),
            Fault.CUT_OFF: _("Cut off: the word began too early or ended too late. Wait for the count."),
            Fault.UNLIKE: _("Not like the other takes: was it the same word? Say it again."),
        }[self]


@dataclass(frozen=True)
class Take:
    """One saying of the word, trimmed, and what is wrong with it."""

    samples: Samples  # [N] float32 in [-1, 1] at 16 kHz
    fault: Fault | None = None

    @property
    def good(self) -> bool:
        return self.fault is None

    @property
    def length_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def levels_db(samples: Samples) -> NDArray[np.float64]:
    """The level of each 20 ms. samples: [N]; returns [N // 320] in dB, 0 is a full-scale square wave."""
    window = round(WINDOW_S * SAMPLE_RATE)
    count = len(samples) // window
    power = np.square(samples[: count * window].astype(np.float64)).reshape(count, window).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)), dtype=np.float64)


def speech_span(samples: Samples) -> tuple[int, int] | None:
    """Where speech begins and ends. samples: [N]; returns sample indices, or None where nothing was said."""
    levels = levels_db(samples)
    if not len(levels):
        return None
    room_db = float(np.percentile(levels, 10))
    loud = levels > max(room_db + LOUDER_DB, FAINTEST_DB)
    if loud.sum() * WINDOW_S < SHORTEST_WORD_S:
        return None
    window = round(WINDOW_S * SAMPLE_RATE)
    indices = np.flatnonzero(loud)
    return int(indices[0]) * window, (int(indices[-1]) + 1) * window


def check(samples: Samples, others: list[Take]) -> Take:
    """Trim a recording to its word, and say what is wrong with it.

    samples: [N] float32 at 16 kHz, as recorded
    others: the takes so far; the good takes among them say how the word sounds
    """
    span = speech_span(samples)
    if span is None:
        return Take(samples, Fault.SILENT)
    begin, end = span
    margin, edge = round(MARGIN_S * SAMPLE_RATE), round(EDGE_S * SAMPLE_RATE)
    trimmed = samples[max(0, begin - margin) : end + margin]
    if (np.abs(trimmed) >= FULL_SCALE).sum() >= CLIPPED_SAMPLES:
        return Take(trimmed, Fault.CLIPPED)
    if begin < edge or end > len(samples) - edge:
        return Take(trimmed, Fault.CUT_OFF)
    if float(levels_db(samples[begin:end]).max()) < TOO_QUIET_DB:
        return Take(trimmed, Fault.QUIET)
    good = [take for take in others if take.good]
    if len(good) >= FEWEST_TO_COMPARE and _is_unlike(trimmed, good):
        return Take(trimmed, Fault.UNLIKE)
    return Take(trimmed)


def _shape(samples: Samples) -> NDArray[np.float32]:
    """How a word sounds, whatever its level: log-mel frames [T, F] of its speech, each band's mean taken off."""
    span = speech_span(samples)
    begin, end = span or (0, len(samples))
    frontend = LogMel(FrontendConfig())
    log_mel, _tail = frontend(samples[begin:end], frontend.initial_tail())
    floor = log_mel.max(initial=0.0) - 9.0  # 39 dB below the loudest: the room says nothing about the word
    log_mel = np.maximum(log_mel, floor)[::2]
    return np.asarray(log_mel - log_mel.mean(axis=0, keepdims=True), dtype=np.float32)


def distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """How differently two words sound: mean distance along the best alignment in time.

    Dynamic time warping (Sakoe and Chiba, 1978) with steps of one frame in either or both.
    first, second: [T, F] log-mel frames; returns the mean absolute difference of a band on the way
    """
    cost = np.abs(first[:, None, :] - second[None, :, :]).mean(axis=2)  # [T1, T2]
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    for i in range(rows):
        for j in range(columns):
            total[i + 1, j + 1] = cost[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[rows, columns] / max(rows, columns))


def _is_unlike(samples: Samples, good: list[Take]) -> bool:
    shapes = [_shape(take.samples) for take in good]
    usual = [distance(a, b) for i, a in enumerate(shapes) for b in shapes[:i]]
    here = [distance(_shape(samples), shape) for shape in shapes]
    return float(np.median(here)) > max(UNLIKE * float(np.median(usual)), SLACK_DISTANCE)


class TakeRecorder:
    """Records one take from a feed, until the word is over. On one thread; call `look` a few times a second."""

    def __init__(self, feed: Feed) -> None:
        self._reader = feed.ring.reader()
        self._resampler = StreamResampler(feed.rate_hz)
        self._rate_hz = feed.rate_hz
        self._pieces: list[Samples] = []
        self._heard = 0  # samples at 16 kHz
        self.lost = False  # samples were overwritten before they were read: the take cannot be used

    @property
    def seconds(self) -> float:
        """Recorded so far."""
        return self._heard / SAMPLE_RATE

    @property
    def samples(self) -> Samples:
        """All that was recorded: [N] float32 at 16 kHz."""
        return np.concatenate([*self._pieces, np.zeros(0, dtype=np.float32)])

    def look(self) -> Samples:
        """Take in what arrived since the last call; returns it at 16 kHz."""
        block = self._reader.read(self._rate_hz)
        self.lost |= block.lost > 0
        samples = self._resampler.process(sane(block.samples))
        self._pieces.append(samples)
        self._heard += len(samples)
        return samples

    @property
    def over(self) -> bool:
        """Whether the word is over, or the longest take."""
        if self.seconds >= LONGEST_TAKE_S:
            return True
        span = speech_span(self.samples)
        return span is not None and self._heard - span[1] >= PAUSE_S * SAMPLE_RATE


def save_takes(takes: list[Take], folder: Path) -> list[Path]:
    """Write the good takes as FLAC files, in place of the takes that are there; returns their paths.

    raises AudioError, in one sentence, if the disk refuses
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written: list[Path] = []
        for take in takes:
            if not take.good:
                continue
            path = folder / f"take-{len(written) + 1:02}{TAKE_SUFFIX}"
            part = folder / f"{UNFINISHED}{path.name}"
            soundfile.write(str(part), take.samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
            part.replace(path)
            written.append(path)
        for path in folder.glob(f"take-*{TAKE_SUFFIX}"):
            if path not in written:
                path.unlink()
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(
            _("The takes cannot be kept in {folder} ({error}): free some space.", folder=folder, error=error)
        ) from error
    return written


def read_take(path: Path, others: list[Take]) -> Take:
    """A recording that the user brings, checked like a take.

    raises AudioError, in one sentence, if the file is no audio
    """
    from kws_app.audio.audio_file import read_blocks

    samples = np.concatenate([*read_blocks(path), np.zeros(0, dtype=np.float32)])
    quiet = np.zeros(round(LEAD_IN_S * SAMPLE_RATE), dtype=np.float32)  # a trimmed recording is not cut off
    return check(np.concatenate([quiet, samples, quiet]), others)
