"""python -m tests.engine_comparison FOLDER: both engines over hours of recordings, for every model that ships.

    python -m tests.engine_comparison talk/ --hours 1

The jitted engine hears the sound in minutes. The plain engine hears it live, a step of 80 ms at a time, in pieces of
any length, and as kws-detect does, in large blocks. It prints the largest difference between posteriors, and whether
the detections are the same. Recordings that are held back are passed over.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kws_app.audio.audio_file import read_blocks
from kws_app.commands.file_search import find_files
from kws_app.detection.decision import Decision
from kws_app.engine.backends import JITTED, PLAIN
from kws_app.engine.catalogue import ModelEntry, find_models
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel, columns_for
from kws_app.paths import MODELS_DIR
from training.corpus.held_back import without_held_back

MINUTE, STEP = 60 * SAMPLE_RATE, 1280  # samples
LONGEST_PIECE = 40_000  # samples, of pieces of any length
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """What the plain engine made of a recording, beside the jitted one."""

    difference: float  # the largest between two posteriors
    detections: int  # of the jitted engine
    same_detections: bool


def talk(folder: Path, hours: float, seed: int = 0) -> Scores:
    """Recordings of a folder in a random order, one after the other: [N], at most so many hours."""
    paths = without_held_back(map(Path, find_files([str(folder)], lambda sentence: None)))
    np.random.default_rng(seed).shuffle(paths)  # type: ignore[arg-type] # a list will do
    wanted, parts, count = round(hours * 3600 * SAMPLE_RATE), [np.zeros(0, np.float32)], 0
    for path in paths:
        if count >= wanted:
            break
        parts += read_blocks(path)
        count = sum(map(len, parts))
    return np.concatenate(parts)[:wanted]


def chunks(samples: Scores, lengths: Iterable[int]) -> Iterator[Scores]:
    """The samples in pieces of these lengths."""
    at = 0
    for length in lengths:
        if at >= len(samples):
            return
        yield samples[at : at + length]
        at += length


def forever(length: int) -> Iterator[int]:
    while True:
        yield length


def any_length(seed: int = 0) -> Iterator[int]:
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(1, LONGEST_PIECE))


def posteriors(model: KeywordModel, pieces: Iterable[Scores], at_once: int) -> Scores:
    """The posterior of each step [S]; at_once: frames that the network is given, at least"""
    tail, state = model.frontend.initial_tail(), model.network.initial_state()
    found, waiting = [], []
    for piece in pieces:
        frames, tail = model.frontend(piece, tail)
        waiting.append(frames)
        if sum(map(len, waiting)) >= at_once:
            some, state = model.network.step(columns_for(model.frontend, np.concatenate(waiting)), state)
            found.append(some)
            waiting = []
    if waiting:
        found.append(model.network.step(columns_for(model.frontend, np.concatenate(waiting)), state)[0])
    return np.concatenate(found)


def detected(model: KeywordModel, scores: Scores) -> list[int]:
    """The sample of each detection."""
    card = model.card
    ends = card.first_step_samples + card.step_samples * np.arange(len(scores))
    found = Decision(card.decision_config()).update_all(scores, ends).detections
    return [detection.sample for detection in found]


def compare(entry: ModelEntry, samples: Scores) -> dict[str, Comparison]:
    """The plain engine against the jitted one, for each way of handing over the sound."""
    jitted = KeywordModel.load(entry.path, JITTED)
    plain = KeywordModel.load(entry.path, PLAIN)
    expected = posteriors(jitted, chunks(samples, forever(MINUTE)), 0)
    ways = {
        "live": (forever(STEP), 0),
        "any length": (any_length(), 0),
        "large blocks": (forever(MINUTE), plain.network.block_frames),
    }
    result = {}
    for way, (lengths, at_once) in ways.items():
        found = posteriors(plain, chunks(samples, lengths), at_once)
        difference = float(np.abs(found - expected).max(initial=0.0))
        at = detected(jitted, expected)
        result[way] = Comparison(difference, len(at), detected(plain, found) == at)
    return result


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engine_comparison", description="Compare the engines.")
    parser.add_argument("folder", type=Path, help="with recordings, of talk if possible")
    parser.add_argument("--hours", type=float, default=1.0, help="default: %(default)s")
    parser.add_argument("--model", action="append", metavar="NAME", help="this model alone (default: all that ship)")
    options = parser.parse_args(arguments)
    samples = talk(options.folder, options.hours)
    print(f"{len(samples) / SAMPLE_RATE / 3600:.2f} h of sound", flush=True)
    for entry in find_models(MODELS_DIR):
        if options.model and entry.name not in options.model:
            continue
        for way, found in compare(entry, samples).items():
            same = "the same" if found.same_detections else "OTHER"
            print(f"{entry.name:18} {way:13} {found.difference:.1e}  {same} {found.detections} detections", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
