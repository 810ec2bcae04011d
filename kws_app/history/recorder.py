"""The recorder: cuts clips out of the sound, and counts the hours of listening. On the worker's thread.

It holds the last seconds of sound. It cuts a clip around each detection as soon as the end of the clip was heard, and
saves a word that the user says was missed. The disk thread writes the files.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kws_app.audio.circular_buffer import CircularBuffer
from kws_app.audio.ring import Samples
from kws_app.audio.source import Source
from kws_app.detection.decision import Detection, DetectionEnd
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import LabelError
from kws_app.history.disk_thread import DiskThread
from kws_app.history.entries import ModelSetup
from kws_app.history.facts import DetectionRecord, Ended, HoursHeard, clip_name, new_id, now_iso
from kws_app.history.rate import Listened
from kws_app.translation import _

BEFORE_S = 2.0  # sound in a clip before the detection
AFTER_S = 0.5  # sound in a clip after the detection
MISSED_S = 3.0  # sound that is saved when the user says that a word was missed
SILENCE_DB = -65.0  # quieter sound is silence; a whisper into a quiet microphone is about 10 dB louder
LOUDEST_S = 0.1  # length over which a level is measured: a part of a syllable
STALE_S = 5.0  # after this time without sound it is too late to report a missed word
KEPT_S = 8.0  # sound that is held; a backlog is read in pieces of a second
SAVE_HOURS_S = 600.0  # time between two lines with the hours in the log; a crash loses at most this
TELL_S = 1.0  # sound between two values of `listened`
LEAST_S = 1.0  # shorter times are not saved; while a threshold is dragged, there are many short times


def loudest_db(samples: Samples) -> float:
    """The level of the loudest LOUDEST_S of samples [N]: root mean square in dB below full scale, at least -200."""
    size = round(LOUDEST_S * SAMPLE_RATE)
    pieces = [samples[first : first + size] for first in range(0, len(samples), size)]
    power = max((float(np.mean(np.square(piece, dtype=np.float64))) for piece in pieces), default=0.0)
    return 10 * math.log10(max(power, 1e-20))


class RecentSound:
    """The last seconds of sound, by the session's clock. Lost samples are silence."""

    def __init__(self, seconds: float = KEPT_S) -> None:
        self._samples = CircularBuffer(round(seconds * SAMPLE_RATE))
        self.begin = 0  # the first sample that was ever heard
        self.end = 0  # one past the newest sample

    def add(self, samples: Samples, first_sample: int) -> None:
        """samples: [N] that begin at `first_sample`, at or after the end"""
        if self.end == self.begin:
            self.begin = self.end = first_sample
        self._samples.clear(self.end, first_sample)
        self._samples.put(first_sample, samples)
        self.end = first_sample + len(samples)

    def cut(self, first: int, end: int) -> Samples:
        """A copy of the samples [first, end), as far as they are kept."""
        return self._samples.get(max(first, self.begin, self.end - self._samples.capacity), min(end, self.end))


@dataclass(frozen=True)
class _Pending:
    """A clip whose end has not been heard yet."""

    id: str
    sample: int

    @property
    def end(self) -> int:
        return self.sample + round(AFTER_S * SAMPLE_RATE)


class Recorder:
    """Belongs to one worker. Call `begin` for each source, `hear` for all its sound, `finish` at its end."""

    def __init__(self, disk: DiskThread, clock: Callable[[], float] = time.monotonic) -> None:
        self.disk = disk
        self._clock = clock
        self._heard_at = clock()
        self.keep_clips = True
        self.listened = Listened()  # always replaced, never changed, because the worker sends it to the window
        self.setups: dict[str, ModelSetup] = {}  # by keyword, of the main models
        self._live_s: dict[ModelSetup, float] = {}  # seconds of microphones heard in this run
        self._file_s: dict[ModelSetup, float] = {}  # seconds heard of the present file
        self._untold_s = 0.0  # heard since `listened` was made
        self._unsaved_s: dict[ModelSetup, float] = {}
        self._recent = RecentSound()
        self._scores: deque[tuple[str, int, float]] = deque()  # in the last seconds: model, end of step, score
        self._pending: list[_Pending] = []
        self._open: dict[tuple[str, int], str] = {}  # by model and sample, the ids of detections that are not over
        self._source: Source | None = None
        self._detected_at: int | None = None  # the sample of the last detection of this source

    @property
    def is_live(self) -> bool:
        """Whether the present source, or the last source, is a microphone."""
        return self._source is not None and self._source.path is None

    def begin(self, source: Source) -> None:
        """Start with another source, without the sound of the source before."""
        self.finish()
        self._source = source
        self._recent = RecentSound()
        self._scores.clear()
        self._detected_at = None
        self._file_s = {}
        self._tell()

    def hear(self, samples: Samples, first_sample: int, setups: dict[str, ModelSetup]) -> None:
        """samples: [N] from `first_sample` on, by the session's clock. setups: of the main models, by keyword"""
        if setups != self.setups:
            self.use(setups)
        self._heard_at = self._clock()
        self._recent.add(samples, first_sample)
        for clip in [clip for clip in self._pending if clip.end <= self._recent.end]:
            self._cut(clip)
        self._count(len(samples) / SAMPLE_RATE, setups.values())

    def use(self, setups: dict[str, ModelSetup]) -> None:
        """Listen with these setups from now on."""
        self.setups = setups
        self._tell()

    def note_scores(self, model: str, step_ends: Iterable[int], scores: Iterable[float]) -> None:
        """Remember the scores of a model for the last seconds."""
        self._scores.extend((model, int(end), float(score)) for end, score in zip(step_ends, scores, strict=True))
        while self._scores and self._scores[0][1] < self._recent.end - KEPT_S * SAMPLE_RATE:
            self._scores.popleft()

    def add(self, keyword: str, setup: ModelSetup, detection: Detection) -> DetectionRecord:
        """The record of a detection, with a new id. Its clip and its end get the same id."""
        source, id = self._source, new_id()
        assert source is not None
        self._detected_at = detection.sample
        self._open[setup[0], detection.sample] = id
        if self.keep_clips:
            self._pending.append(_Pending(id, detection.sample))
        # a detection may come in the silence after a file; its time stays within the file
        time_s = detection.time_s if source.length_s is None else min(detection.time_s, source.length_s)
        record = self._record(source, keyword, setup, id)
        return replace(
            record,
            time_s=round(time_s, 3),
            score=round(detection.score, 4),
            clip=clip_name(id) if self.keep_clips else None,
        )

    @staticmethod
    def _record(source: Source, keyword: str, setup: ModelSetup, id: str) -> DetectionRecord:
        """A record with the present time, but without a time in the source and without a score."""
        model, decision = setup
        return DetectionRecord(
            wall_time=now_iso(),
            file=None if source.path is None else str(source.path),
            microphone=source.name if source.path is None else None,
            keyword=keyword,
            model=model,
            time_s=0.0,
            score=0.0,
            id=id,
            decision=decision,
        )

    def end(self, model: str, end: DetectionEnd) -> None:
        """A detection has ended. An unknown detection is ignored."""
        id = self._open.pop((model, end.detection.sample), None)
        if id is not None:
            above_s = round(end.above_samples / SAMPLE_RATE, 3)
            self.disk.note(Ended(id, round(end.peak, 4), above_s))

    def missed(self, setups: Mapping[str, ModelSetup]) -> DetectionRecord:
        """The record of a word that was said in the last MISSED_S without a detection.

        setups: by keyword; with several words, the word with the highest score counts as missed
        raises LabelError, in one sentence, if there was no sound, silence, or a detection
        """
        end, source = self._recent.end, self._source
        first = end - round(MISSED_S * SAMPLE_RATE)
        samples = self._recent.cut(first, end)
        if self._clock() - self._heard_at > STALE_S or not len(samples) or source is None or not setups:
            raise LabelError(_("No sound was heard in the last {seconds:.0f} s, so nothing is saved.", seconds=STALE_S))
        if loudest_db(samples) < SILENCE_DB:
            raise LabelError(_("The last {seconds:.0f} s were silent, so nothing is saved.", seconds=MISSED_S))
        if self._detected_at is not None and self._detected_at > first:
            ago_s = (end - self._detected_at) / SAMPLE_RATE
            raise LabelError(
                _(
                    "A word was heard {seconds:.1f} s ago, so nothing is saved. "
                    "If it was another word, label it as a false alarm.",
                    seconds=ago_s,
                )
            )
        peaks = {model: 0.0 for model, _ in setups.values()}
        for model, at, score in self._scores:
            if model in peaks and at > first:
                peaks[model] = max(peaks[model], score)
        keyword, (model, decision) = max(setups.items(), key=lambda item: peaks[item[1][0]])
        id = new_id()
        record = replace(
            self._record(source, keyword, (model, decision), id),
            time_s=round(end / SAMPLE_RATE, 3),
            score=round(peaks[model], 4),
            clip=clip_name(id),
            missed=True,
        )
        self.disk.note(record)
        self.disk.keep_clip(id, samples, labelled=True)
        return record

    def finish(self) -> None:
        """The source has ended: save unfinished clips, and the hours."""
        for clip in list(self._pending):
            self._cut(clip)
        self._open.clear()
        self._save_hours()
        self._tell()

    def _cut(self, clip: _Pending) -> None:
        self._pending.remove(clip)
        samples = self._recent.cut(clip.sample - round(BEFORE_S * SAMPLE_RATE), clip.end)
        if len(samples):
            self.disk.keep_clip(clip.id, samples)

    def _count(self, seconds: float, setups: Iterable[ModelSetup]) -> None:
        for setup in setups:
            counted = self._live_s if self.is_live else self._file_s
            counted[setup] = counted.get(setup, 0.0) + seconds
            if self.is_live:
                self._unsaved_s[setup] = self._unsaved_s.get(setup, 0.0) + seconds
        if sum(self._unsaved_s.values()) >= SAVE_HOURS_S:
            self._save_hours()
        self._untold_s += seconds
        if self._untold_s >= TELL_S:
            self._tell()

    def _tell(self) -> None:
        self._untold_s = 0.0
        self.listened = Listened(self.is_live, dict(self.setups), dict(self._live_s if self.is_live else self._file_s))

    def _save_hours(self) -> None:
        for (model, decision), seconds in self._unsaved_s.items():
            if seconds >= LEAST_S:
                self.disk.note(HoursHeard(now_iso(), model, decision, round(seconds, 1)))
        self._unsaved_s.clear()
