"""Plays a stream to engines, each in its own process, and keeps their scores.

A segment of the stream is rendered once, and all engines hear the same file.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.atomic_file import write_whole
from training.arena.entries import Entry
from training.arena.plugins import Environment
from training.evaluate.hits_and_alarms import StreamScores
from training.evaluate.segments import SegmentScores, Surroundings, joined, read_scores, write_scores
from training.evaluate.stream_plan import Stream
from training.evaluate.stream_replay import Timeline
from training.progress import SILENT, Progress

RUNNER = Path(__file__).with_name("runner.py")
BLOCK_BYTES = 1 << 20  # of int16 samples, half a minute: the unit of the progress
TOLD_S = 1.0  # seconds between two looks at how far an engine is


@dataclass(frozen=True)
class Cost:
    """The time and the memory of an engine's process."""

    frame_samples: int  # samples between two scores
    cpu_s: float  # processor time for the whole stream
    peak_mb: float  # resident memory, including Python's


@dataclass(frozen=True)
class Answer:
    """An engine's scores of a stream, and their cost."""

    scores: StreamScores
    cost: Cost


@dataclass(frozen=True)
class Player:
    """An entry that is ready to play."""

    entry: Entry
    environment: Environment
    word: str


def play(
    players: Sequence[Player],
    segments: Sequence[Stream],
    around: Surroundings,
    folder: Path,
    progress: Progress = SILENT,
) -> list[Answer]:
    """Play the segments of a stream under a condition, each to fresh engines. Returns an answer for each player.

    folder: keeps the answers. What lies there already is not played again.
    raises OSError, with a sentence, if an engine fails
    """
    heard = [
        _segment(players, segment, number, around, folder, f"{number + 1} of {len(segments)}", progress)
        for number, segment in enumerate(segments)
    ]
    return [_joined(answers) for answers in zip(*heard, strict=True)]


def _joined(answers: Sequence[Answer]) -> Answer:
    costs = [answer.cost for answer in answers]
    cost = Cost(costs[0].frame_samples, sum(cost.cpu_s for cost in costs), max(cost.peak_mb for cost in costs))
    return Answer(joined([SegmentScores(answer.scores) for answer in answers]).scores, cost)


def _segment(
    players: Sequence[Player],
    segment: Stream,
    number: int,
    around: Surroundings,
    folder: Path,
    which: str,
    progress: Progress,
) -> list[Answer]:
    answers = []
    timeline: Timeline | None = None
    with tempfile.TemporaryDirectory() as name:
        sound = Path(name) / "sound"
        for player in players:
            entry, condition = player.entry, around.condition.name
            what = f"{entry.name}-{player.word}-{condition}-{number}-{segment.digest()}-{entry.digest()}.npz"
            kept = folder / what.replace(" ", "_").replace("/", "_")
            answer = _kept(kept)
            if answer is None:
                timeline = timeline or _render(segment, number, around, sound, progress)
                answer = _answer_of(player, sound, timeline, f"{entry.name}, {condition}, {which}", progress)
                _keep(answer, kept)
            answers.append(answer)
    return answers


def _render(segment: Stream, number: int, around: Surroundings, path: Path, progress: Progress) -> Timeline:
    """Write the samples as int16, without a header."""
    timeline = Timeline()
    with path.open("wb") as file:
        for done, rendered in enumerate(around.renderer(number).render(segment.parts)):
            progress.step(f"sound, {around.condition.name}", done, len(segment.parts))
            timeline.add(rendered)
            file.write((np.clip(rendered.sound, -1, 1) * 32767).astype(np.int16).tobytes())
    return timeline


def _kept(path: Path) -> Answer | None:
    cost = path.with_suffix(".json")
    if not (path.is_file() and cost.is_file()):
        return None
    return Answer(read_scores(path).scores, Cost(**json.loads(cost.read_text())))


def _keep(answer: Answer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_scores(SegmentScores(answer.scores), path)
    write_whole(path.with_suffix(".json"), json.dumps(asdict(answer.cost)).encode())


def _answer_of(player: Player, sound: Path, timeline: Timeline, label: str, progress: Progress) -> Answer:
    """Start the engine's process on the sound. It reads the file itself, because a pipe would make both wait."""
    entry = player.entry
    with tempfile.TemporaryDirectory() as name, sound.open("rb") as samples:
        out, errors = Path(name) / "scores", Path(name) / "errors"
        command = [str(player.environment.python), str(RUNNER), str(entry.plugin.path), player.word, str(out)]
        command += [str(entry.takes)] if entry.takes is not None else []
        with errors.open("wb") as log:
            process = subprocess.Popen(
                command, stdin=samples, stdout=subprocess.PIPE, stderr=log, env=os.environ | entry.environ
            )
        try:
            _follow(process, samples.fileno(), sound.stat().st_size, label, progress)
        finally:
            process.kill()  # a process that has ended stays as it is; a cancelled stage needs no scores
            said = process.communicate()[0]
        if process.returncode:
            lines = errors.read_text(errors="replace").strip().splitlines()
            raise OSError(f"{entry.name} failed: {lines[-1] if lines else f'exit status {process.returncode}'}")
        cost = Cost(**json.loads(said.splitlines()[-1]))
        scores = np.fromfile(out, np.float32).astype(np.float64)
    return Answer(timeline.scores(scores, _ends(len(scores), cost.frame_samples)), cost)


def _follow(process: "subprocess.Popen[bytes]", samples: int, size: int, label: str, progress: Progress) -> None:
    """Tell how far the process has read, until it ends. samples: the file that it reads; both share its position"""
    while True:
        progress.step(label, min(size, os.lseek(samples, 0, os.SEEK_CUR)) // BLOCK_BYTES, size // BLOCK_BYTES + 1)
        try:
            process.wait(TOLD_S)
            break
        except subprocess.TimeoutExpired:
            continue
    progress.tell(label, size // BLOCK_BYTES + 1, size // BLOCK_BYTES + 1, "")


def _ends(steps: int, frame_samples: int) -> NDArray[np.int64]:
    """The samples at which the frames end."""
    return frame_samples * np.arange(1, steps + 1, dtype=np.int64)
