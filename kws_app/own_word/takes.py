"""Takes: the user says a word, each take is checked and trimmed, and the good takes are saved as files.

No Qt and no device. The recorder has its own reader of the ring, so it takes no sound from the worker.
"""

import io
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from kws_app.atomic_file import write_whole
from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.engine.frontend import LogMel
from kws_app.engine.frontend_config import SAMPLE_RATE, FrontendConfig
from kws_app.errors import AudioError
from kws_app.regular_file import make_private
from kws_app.translation import _

LEAD_IN_S = 0.25  # recorded before the user is asked to speak, to measure the noise of the room
LONGEST_TAKE_S = 4.0
PAUSE_S = 0.6  # silence after speech that ends a take
MARGIN_S = 0.15  # kept before and after the word
WINDOW_S = 0.02  # length of sound for a level
EDGE_S = 0.04  # speech this close to the begin or end of a recording was cut off
SHORTEST_WORD_S = 0.15
LOUDER_DB = 12.0  # speech is louder than the room by this
FAINTEST_DB = -65.0  # speech is louder than this; a digital zero is quieter
TOO_QUIET_DB = -40.0  # a word whose loudest 20 ms stay below is too quiet; a voice at arm's length reaches -20
CLIPPED_SAMPLES = 8  # samples at full scale that make a take clipped; a few may be chance
FULL_SCALE = 0.999
FEWEST_TO_COMPARE = 3  # good takes that are needed before another take is compared with them
UNLIKE = 1.6  # a take is unlike the others beyond this many times the usual distance of good takes
SLACK_DISTANCE = 0.6  # a smaller distance is never unlike; mean difference of natural log mel power
TAKE_SUFFIX = ".flac"


class Fault(Enum):
    """What is wrong with a take."""

    SILENT = "silent"
    QUIET = "quiet"
    CLIPPED = "clipped"
    CUT_OFF = "cut off"
    UNLIKE = "unlike"

    @property
    def sentence(self) -> str:
        """The fault and what to do, in one or two sentences for the user."""
        return {
            Fault.SILENT: _("Nothing was heard: speak when you read “Say it now”."),
            Fault.QUIET: _("Too quiet: come closer to the microphone, or speak louder."),
            Fault.CLIPPED: _("Too loud: the sound is cut off. Move away from the microphone."),
            Fault.CUT_OFF: _("Cut off: the word began too early or ended too late. Wait for “Say it now”."),
            Fault.UNLIKE: _("This take differs from the other takes: say the same word again."),
        }[self]


@dataclass(frozen=True)
class Take:
    """A trimmed recording of the word, and its fault."""

    samples: Samples  # [N] float32 in [-1, 1] at 16 kHz
    fault: Fault | None = None  # None for a good take

    @property
    def good(self) -> bool:
        return self.fault is None

    @property
    def length_s(self) -> float:
        return len(self.samples) / SAMPLE_RATE


def levels_db(samples: Samples) -> NDArray[np.float64]:
    """The level of each 20 ms, in dB; 0 dB is a square wave at full scale. samples: [N]; returns [N // 320]"""
    window = round(WINDOW_S * SAMPLE_RATE)
    count = len(samples) // window
    power = np.square(samples[: count * window].astype(np.float64)).reshape(count, window).mean(axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)), dtype=np.float64)


def speech_span(samples: Samples) -> tuple[int, int] | None:
    """The first sample of speech, and the sample after its end; None without speech. samples: [N]"""
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
    """Trim a recording to its word, and check it.

    samples: [N] float32 at 16 kHz, as recorded
    others: all other takes; a new take is compared with the good takes among them
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
    """The sound of a word without its level: log-mel frames [T, F] of the speech, minus the mean of each band."""
    span = speech_span(samples)
    begin, end = span or (0, len(samples))
    frontend = LogMel(FrontendConfig())
    log_mel, _tail = frontend(samples[begin:end], frontend.initial_tail())
    floor = log_mel.max(initial=0.0) - 9.0  # 39 dB below the loudest value: quieter sound is the room, not the word
    log_mel = np.maximum(log_mel, floor)[::2]
    return np.asarray(log_mel - log_mel.mean(axis=0, keepdims=True), dtype=np.float32)


def distance(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The distance of two words: the mean distance along their best alignment in time.

    Dynamic time warping (Sakoe and Chiba, 1978) with steps of one frame in either or both.
    first, second: [T, F] log-mel frames; returns the mean absolute difference of a band along the alignment
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
    """Records a take from a feed, until the word has ended. Use it on one thread; call `look` a few times a second."""

    def __init__(self, feed: Feed) -> None:
        self._reader = feed.ring.reader()
        self._resampler = StreamResampler(feed.rate_hz)
        self._rate_hz = feed.rate_hz
        self._pieces: list[Samples] = []
        self._heard = 0  # samples at 16 kHz
        self.lost = False  # True if samples were overwritten before they were read: then the take cannot be used

    @property
    def seconds(self) -> float:
        """The length of the recording so far."""
        return self._heard / SAMPLE_RATE

    @property
    def samples(self) -> Samples:
        """The recording so far: [N] float32 at 16 kHz."""
        return np.concatenate([*self._pieces, np.zeros(0, dtype=np.float32)])

    def look(self) -> Samples:
        """Read the sound since the last call. Returns samples [N] at 16 kHz."""
        block = self._reader.read(self._rate_hz)
        self.lost |= block.lost > 0
        samples = self._resampler.process(sane(block.samples))
        self._pieces.append(samples)
        self._heard += len(samples)
        return samples

    @property
    def over(self) -> bool:
        """Whether the word has ended, or the take is LONGEST_TAKE_S long."""
        if self.seconds >= LONGEST_TAKE_S:
            return True
        span = speech_span(self.samples)
        return span is not None and self._heard - span[1] >= PAUSE_S * SAMPLE_RATE


def save_takes(takes: list[Take], folder: Path) -> list[Path]:
    """Save the good takes as FLAC files, and remove earlier takes. Returns the paths.

    raises AudioError, in one sentence, if they cannot be written
    """
    try:
        make_private(folder)
        written: list[Path] = []
        for take in takes:
            if not take.good:
                continue
            path = folder / f"take-{len(written) + 1:02}{TAKE_SUFFIX}"
            packed = io.BytesIO()
            soundfile.write(packed, take.samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
            write_whole(path, packed.getvalue())
            written.append(path)
        for path in folder.glob(f"take-*{TAKE_SUFFIX}"):
            if path not in written:
                path.unlink()
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(
            _("The takes cannot be saved in {folder} ({error}): free some space.", folder=folder, error=error)
        ) from error
    return written


def read_take(path: Path, others: list[Take]) -> Take:
    """Read and check a recording of the user.

    raises AudioError, in one sentence, if the file is no audio
    """
    from kws_app.audio.audio_file import read_blocks

    samples = np.concatenate([*read_blocks(path), np.zeros(0, dtype=np.float32)])
    quiet = np.zeros(
        round(LEAD_IN_S * SAMPLE_RATE), dtype=np.float32
    )  # so that a trimmed file does not count as cut off
    return check(np.concatenate([quiet, samples, quiet]), others)
