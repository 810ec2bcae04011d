"""Plays a stream to an engine, which runs in its own process, and keeps the engine's scores."""

import json
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from kws_app.atomic_file import write_whole
from training.arena.plugins import Environment, Plugin
from training.evaluate.hits_and_alarms import StreamScores
from training.evaluate.segments import SegmentScores, Surroundings, read_scores, write_scores
from training.evaluate.stream_plan import Stream
from training.evaluate.stream_replay import Timeline
from training.progress import SILENT, Progress

RUNNER = Path(__file__).with_name("runner.py")


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


def play(
    plugin: Plugin,
    environment: Environment,
    word: str,
    stream: Stream,
    around: Surroundings,
    folder: Path,
    takes: Path | None = None,
    progress: Progress = SILENT,
) -> Answer:
    """Play a stream under a condition. If `folder` holds the answer already, it is read from there.

    raises OSError, with a sentence, if the engine fails
    """
    what = f"{plugin.name}-{word}-{around.condition.name}-{stream.digest()}".replace(" ", "_").replace("/", "_")
    kept, cost_file = folder / f"{what}.npz", folder / f"{what}.json"
    if kept.is_file() and cost_file.is_file():
        return Answer(read_scores(kept).scores, Cost(**json.loads(cost_file.read_text())))
    timeline = Timeline()
    with tempfile.TemporaryDirectory() as name:
        out, errors = Path(name) / "scores", Path(name) / "errors"
        command = [str(environment.python), str(RUNNER), str(plugin.path), word, str(out)]
        command += [str(takes)] if takes is not None else []
        with errors.open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert process.stdin is not None and process.stdout is not None
        finished = False
        try:
            for done, rendered in enumerate(around.renderer(0).render(stream.parts)):
                progress.step(f"{plugin.name}, {around.condition.name}", done, len(stream.parts))
                timeline.add(rendered)
                process.stdin.write((np.clip(rendered.sound, -1, 1) * 32767).astype(np.int16).tobytes())
            finished = True
        except BrokenPipeError:
            finished = True  # the engine ended before the sound did: its exit status tells why
        finally:
            if not finished:
                process.kill()  # the stage was cancelled, so nobody needs the rest
            with suppress(BrokenPipeError):
                process.stdin.close()
            said = process.stdout.read()
            process.stdout.close()
            process.wait()
        progress.tell(f"{plugin.name}, {around.condition.name}", len(stream.parts), len(stream.parts), "")
        if process.returncode:
            lines = errors.read_text(errors="replace").strip().splitlines()
            raise OSError(f"{plugin.name} failed: {lines[-1] if lines else f'exit status {process.returncode}'}")
        cost = Cost(**json.loads(said.splitlines()[-1]))
        scores = np.fromfile(out, np.float32).astype(np.float64)
    ends = cost.frame_samples * np.arange(1, len(scores) + 1, dtype=np.int64)
    answer = Answer(timeline.scores(scores, ends), cost)
    folder.mkdir(parents=True, exist_ok=True)
    write_scores(SegmentScores(answer.scores), kept)
    write_whole(cost_file, json.dumps(asdict(cost)).encode())
    return answer
