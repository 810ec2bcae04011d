"""Long streams in segments that are scored apart: resumed where they were cut, in bounded memory, over several cores.

Each segment begins with a fresh detector and ends between two recordings. Its scores are kept as a file until the whole
evaluation is done: about 1 MB for each hour of sound.
"""

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import joblib
import numpy as np

from kws_app.atomic_file import write_whole
from kws_app.detection.cascade import NO_DECISION, Cascade
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from training.corpus.sound import Sound
from training.evaluate.hits_and_alarms import Occurrence, StreamScores
from training.evaluate.stream_plan import Part, Stream
from training.evaluate.stream_render import Condition, Renderer
from training.evaluate.stream_replay import Listener, listener, score_stream
from training.progress import SILENT, Progress

SEGMENT_PARTS = 400  # at least, in a segment; some 40 minutes of read speech


@dataclass(frozen=True)
class Heard:
    """Which models listen, by their files: enough for another process to load them."""

    model: Path
    confirmed_by: Path | None = None
    stir: float = 0.0  # score of the first model that wakes the second

    def make(self) -> Listener:
        """A fresh listener, whose scores are raw posteriors."""
        first = _loaded(self.model)
        if self.confirmed_by is None:
            return listener(first)
        return Cascade(first, _loaded(self.confirmed_by), NO_DECISION, self.stir)

    def name(self) -> str:
        """Changes with the networks, which their golden scores tell, and not with the figures in their cards."""
        cards = [read_card(path) for path in (self.model, self.confirmed_by) if path is not None]
        known = json.dumps([[card.keyword, card.role, card.golden] for card in cards] + [[self.stir]])
        return hashlib.sha256(known.encode()).hexdigest()[:12]


def _loaded(path: Path) -> KeywordModel:
    return _loaded_at(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _loaded_at(path: Path, changed_ns: int) -> KeywordModel:
    """The model of a file as it was changed last; loaded once in each process."""
    return KeywordModel.load(path)


@dataclass(frozen=True)
class Surroundings:
    """What a condition needs besides the stream."""

    condition: Condition
    noises: tuple[Path, ...]
    rooms: tuple[Sound, ...]
    seed: int

    def renderer(self, segment: int) -> Renderer:
        return Renderer(self.condition, list(self.noises), list(self.rooms), self.seed + 1000 * segment)


@dataclass(frozen=True)
class SegmentScores:
    """The scores of a segment, and how long the second model of a pair listened."""

    scores: StreamScores
    second_frames: int = 0  # that the second model of a pair heard
    frames: int = 0  # that the first model of a pair heard


def segments_of(stream: Stream) -> list[Stream]:
    """The stream in parts of at least SEGMENT_PARTS, cut only where a recording begins."""
    segments: list[list[Part]] = [[]]
    for part in stream.parts:
        begins = part.from_s == 0 and not part.is_keyword
        if begins and len(segments[-1]) >= SEGMENT_PARTS:
            segments.append([])
        segments[-1].append(part)
    return [replace(stream, parts=parts) for parts in segments]


def score_segments(
    heard: Heard, around: Surroundings, stream: Stream, folder: Path | None, jobs: int = 1, progress: Progress = SILENT
) -> SegmentScores:
    """Score a stream, segment by segment. Segments that `folder` holds are read from there.

    folder: where scores are kept; None keeps nothing. jobs: processes that share the work
    """
    segments = segments_of(stream)
    what = f"stream, {around.condition.name}"
    if jobs == 1 and len(segments) == 1:
        return joined([_score_or_read(heard, around, segments[0], 0, folder, progress)])
    tasks = (joblib.delayed(_score_or_read)(heard, around, segment, i, folder) for i, segment in enumerate(segments))
    found: list[SegmentScores] = []
    # the segments come back in their order, whichever process is done first
    for result in joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks):
        found.append(result)
        progress.step(what, len(found), len(segments))
    return joined(found)


def _score_or_read(
    heard: Heard, around: Surroundings, segment: Stream, number: int, folder: Path | None, progress: Progress = SILENT
) -> SegmentScores:
    path = None
    if folder is not None:
        name = json.dumps([around.condition.name, around.seed, number, segment.digest()])
        path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.npz"
        if path.is_file():
            return read_scores(path)
    detector = heard.make()
    result = SegmentScores(score_stream(detector, around.renderer(number), segment, progress))
    if isinstance(detector, Cascade):
        result = replace(result, second_frames=detector.confirmed_frames, frames=detector.heard_frames)
    if path is not None:
        write_scores(result, path)
    return result


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
    """What `write_scores` wrote."""
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
    """Segments as one stream: the times of each follow those of the segment before it."""
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
