"""Scores a long stream in segments, on several processors or machines. A run that was cut goes on where it was.

Each segment begins with a fresh detector and ends between two recordings, so memory stays bounded. A file keeps its
scores until the whole evaluation is done: about 1 MB for each hour of sound.
"""

import hashlib
import io
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from kws_app.atomic_file import write_whole
from kws_app.commands.job_runner import over_cluster, over_cores
from kws_app.detection.cascade import NO_DECISION, Cascade
from kws_app.detection.detector import Detector
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from training.corpus.sound import Sound
from training.evaluate.hits_and_alarms import Occurrence, StreamScores
from training.evaluate.stream_plan import Part, Stream
from training.evaluate.stream_render import Condition, Renderer
from training.evaluate.stream_replay import listener, score_stream
from training.progress import SILENT, Progress

SEGMENT_PARTS = 400  # a segment has at least this many parts: some 40 minutes of read speech


@dataclass(frozen=True)
class Heard:
    """The files of the models that listen. Another process can load the models from them."""

    model: Path
    confirmed_by: Path | None = None
    stir: float = 0.0  # score of the first model that wakes the second

    def make(self) -> Detector:
        """A fresh listener, whose scores are raw posteriors."""
        first = _loaded(self.model)
        if self.confirmed_by is None:
            return listener(first)
        return Cascade(first, _loaded(self.confirmed_by), NO_DECISION, self.stir)

    def name(self) -> str:
        """A name for the models' scores. It changes with their golden scores, not with the figures in their cards."""
        cards = [read_card(path) for path in (self.model, self.confirmed_by) if path is not None]
        known = json.dumps([[card.keyword, card.role, card.golden] for card in cards] + [[self.stir]])
        return hashlib.sha256(known.encode()).hexdigest()[:12]


def _loaded(path: Path) -> KeywordModel:
    return _loaded_at(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _loaded_at(path: Path, changed_ns: int) -> KeywordModel:
    """The model of a file. Each process loads a file once, and again after it changes."""
    return KeywordModel.load(path)


@dataclass(frozen=True)
class Surroundings:
    """A condition with its noises and rooms."""

    condition: Condition
    noises: tuple[Path, ...]
    rooms: tuple[Sound, ...]
    seed: int

    def renderer(self, segment: int) -> Renderer:
        """The renderer of a segment. Each segment has its own random numbers."""
        return Renderer(self.condition, list(self.noises), list(self.rooms), self.seed + 1000 * segment)


@dataclass(frozen=True)
class SegmentScores:
    """The scores of a segment, and how long the second model of a pair listened."""

    scores: StreamScores
    second_frames: int = 0  # frames that the second model of a pair heard
    frames: int = 0  # frames that the first model of a pair heard


@dataclass(frozen=True)
class Workers:
    """The workers that share the segments: this process, several processes, or the workers of a Dask scheduler."""

    jobs: int = 1  # processes of this machine
    scheduler: str = ""  # address, such as tcp://HOST:8786; its workers need the same release and the same paths

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1, got {self.jobs}")
        if self.scheduler and self.jobs > 1:
            raise ValueError(f"--scheduler {self.scheduler} already gives the workers: leave --jobs {self.jobs} out.")


ALONE = Workers()


@dataclass(frozen=True)
class Task:
    """A segment, and the models that score it."""

    number: int
    segment: Stream
    heard: tuple[Heard, ...]


def segments_of(stream: Stream) -> list[Stream]:
    """The stream in segments of at least SEGMENT_PARTS. A segment begins only where a recording begins."""
    segments: list[list[Part]] = [[]]
    for part in stream.parts:
        begins = part.from_s == 0 and not part.is_keyword
        if begins and len(segments[-1]) >= SEGMENT_PARTS:
            segments.append([])
        segments[-1].append(part)
    return [replace(stream, parts=parts) for parts in segments]


def score_segments(
    heard: Heard,
    around: Surroundings,
    stream: Stream,
    folder: Path | None,
    workers: Workers = ALONE,
    progress: Progress = SILENT,
) -> SegmentScores:
    """Score a stream, segment by segment. Segments with scores in `folder` are not scored again.

    folder: this process keeps the scores here; None keeps nothing
    raises JobError if the workers cannot be reached or stop early
    """
    return score_together({heard: folder}, around, stream, workers, progress)[heard]


def score_together(
    folders: Mapping[Heard, Path | None],
    around: Surroundings,
    stream: Stream,
    workers: Workers = ALONE,
    progress: Progress = SILENT,
) -> dict[Heard, SegmentScores]:
    """Score a stream with several models, which all hear the same sound. Each segment is rendered only once.

    folders: the models, each with the folder that keeps its scores, as in `score_segments`
    """
    segments = segments_of(stream)
    found: dict[tuple[Heard, int], SegmentScores] = {}
    missing: list[Task] = []
    for number, segment in enumerate(segments):
        waiting = []
        for heard, folder in folders.items():
            place = _kept_at(folder, around, segment, number)
            if place is not None and place.is_file():
                found[heard, number] = read_scores(place)
            else:
                waiting.append(heard)
        if waiting:
            missing.append(Task(number, segment, tuple(waiting)))
    done = len(segments) - len(missing)
    alone = progress if len(segments) == 1 else SILENT  # a single segment tells its own progress
    with closing(_scored(around, missing, workers, alone)) as scored:
        for number, each in scored:
            for heard, scores in each.items():
                place = _kept_at(folders[heard], around, segments[number], number)
                if place is not None:
                    write_scores(scores, place)
                found[heard, number] = scores
            done += 1
            progress.step(f"stream, {around.condition.name}", done, len(segments))
    return {heard: joined([found[heard, number] for number in range(len(segments))]) for heard in folders}


def _kept_at(folder: Path | None, around: Surroundings, segment: Stream, number: int) -> Path | None:
    """The file of a segment's scores."""
    if folder is None:
        return None
    name = json.dumps([around.condition.name, around.seed, number, segment.digest()])
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"


def _scored(
    around: Surroundings, tasks: list[Task], workers: Workers, progress: Progress
) -> Generator[tuple[int, dict[Heard, SegmentScores]], None, None]:
    """Yield the number and the scores of each segment as soon as it is ready."""
    if workers.scheduler:
        yield from over_cluster(partial(score_segment, around), tasks, workers.scheduler, "segment of a stream")
    elif workers.jobs > 1:
        yield from over_cores(partial(score_segment, around), tasks, workers.jobs)
    else:
        yield from (score_segment(around, task, progress) for task in tasks)


def score_segment(
    around: Surroundings, task: Task, progress: Progress = SILENT
) -> tuple[int, dict[Heard, SegmentScores]]:
    """The number of a segment, and the scores of each model. Runs in any process."""
    detectors = [heard.make() for heard in task.heard]
    streams = score_stream(detectors, around.renderer(task.number), task.segment, progress)
    found = {}
    for heard, detector, scores in zip(task.heard, detectors, streams, strict=True):
        counts = (detector.confirmed_frames, detector.heard_frames) if isinstance(detector, Cascade) else (0, 0)
        found[heard] = SegmentScores(scores, *counts)
    return task.number, found


def write_scores(segment: SegmentScores, path: Path) -> None:
    """Keep scores as a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = segment.scores
    facts = {
        "occurrences": [[o.start, o.end, o.word_end] for o in scores.occurrences],
        "kinds": scores.kinds,
        "hours": scores.hours,
        "counts": [segment.second_frames, segment.frames],
    }
    packed = io.BytesIO()
    np.savez(
        packed,
        scores=scores.scores,
        step_ends=scores.step_ends,
        kind_ends=scores.kind_ends,
        facts=np.array(json.dumps(facts)),
    )
    write_whole(path, packed.getvalue())


def read_scores(path: Path) -> SegmentScores:
    """Read the scores that `write_scores` wrote."""
    with path.open("rb") as file, np.load(file) as stored:
        facts = json.loads(str(stored["facts"]))
        scores = StreamScores(
            stored["scores"],
            stored["step_ends"],
            [Occurrence(*row) for row in facts["occurrences"]],
            facts["kinds"],
            stored["kind_ends"],
            facts["hours"],
        )
    return SegmentScores(scores, *facts["counts"])


def joined(segments: list[SegmentScores]) -> SegmentScores:
    """Join segments into a single stream: each segment's times follow those of the segment before it."""
    if len(segments) == 1:
        return segments[0]
    parts = list(_shifted(segments))
    hours: dict[str, float] = {}
    for part in parts:
        for kind, value in part.hours.items():
            hours[kind] = hours.get(kind, 0.0) + value
    scores = StreamScores(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.step_ends for part in parts]),
        [occurrence for part in parts for occurrence in part.occurrences],
        [kind for part in parts for kind in part.kinds],
        np.concatenate([part.kind_ends for part in parts]),
        hours,
    )
    return SegmentScores(scores, sum(s.second_frames for s in segments), sum(s.frames for s in segments))


def _shifted(segments: list[SegmentScores]) -> Iterator[StreamScores]:
    at = 0
    for segment in segments:
        scores = segment.scores
        yield replace(
            scores,
            step_ends=scores.step_ends + at,
            occurrences=[Occurrence(o.start + at, o.end + at, o.word_end + at) for o in scores.occurrences],
            kind_ends=scores.kind_ends + at,
        )
        at += int(scores.kind_ends[-1])
