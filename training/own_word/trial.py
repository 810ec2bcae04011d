"""Tries `own-word` as a stranger would: words from recordings of many people, some of them given, the rest a test.

Every cell of the table is a model of its own. What is finished lies in the work folder: a trial that was cut goes on.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from kws_app.atomic_file import write_whole
from training.corpus.held_back import without_held_back
from training.corpus.recordings import audio_files
from training.own_word.compare import Trained, read_trained
from training.own_word.make import OwnWord, OwnWordConfig, own_word
from training.own_word.measure import lasting, mean_margins, peaks_of
from training.own_word.unheard import NOISE_DB, Embeddings, Unheard, unheard
from training.progress import SILENT, Progress

CELLS_FILE = "own_words.json"  # in the folder of models
RATES = (0.1, 0.5)  # false alarms an hour
FEWEST_TO_TEST = 20  # recordings that are left for the test


@dataclass(frozen=True)
class Trial:
    """What is tried."""

    words: tuple[str, ...] = ("alexa", "computer", "smart_mirror")  # folders of `wake_words`
    counts: tuple[int, ...] = (0, 3, 5, 10, 20, 100)  # recordings that are given
    draws: int = 5  # of the recordings; none are drawn where none are given
    config: OwnWordConfig = field(default_factory=OwnWordConfig)
    students: tuple[int, ...] = ()  # of the counts: students are made of the first draw too


@dataclass(frozen=True)
class Cell:
    """One model on recordings and talk that its training never heard."""

    word: str
    count: int
    draw: int
    tested: int  # recordings
    hours: float  # of talk
    missed: tuple[int, ...]  # at the rates of RATES
    missed_in_noise: int  # at the threshold of the last rate


def run_trial(asked: Trial, data: Path, work: Path, progress: Progress = SILENT) -> list[Cell]:
    """All cells of the table, each finished cell from the work folder.

    raises ValueError if the recordings or the talk are not there, StageStoppedError if the user stops it
    """
    folder = trial_folder(work)
    sounds = unheard(data, {word: recordings_of(data, word) for word in asked.words}, folder, progress)
    cells = []
    for word in asked.words:
        paths = recordings_of(data, word)
        for count in asked.counts:
            for draw in range(asked.draws if count else 1):
                if len(paths) - count < FEWEST_TO_TEST:
                    raise ValueError(f"{word} has {len(paths)} recordings: too few to give {count} and test the rest.")
                name = folder / f"{word}-{count}-{draw}-{asked.config.seed}.json"
                if not name.is_file():
                    cell = _cell(asked, word, count, draw, paths, sounds, folder, progress)
                    write_whole(name, json.dumps(asdict(cell)).encode())
                cells.append(_read(json.loads(name.read_text())))
    return cells


def _read(fields: dict[str, object]) -> Cell:
    return Cell(**{**fields, "missed": tuple(fields["missed"])})  # type: ignore[arg-type]


def trial_folder(work: Path) -> Path:
    """The folder that keeps what is finished."""
    folder = work / "own_word_trial"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def recordings_of(data: Path, word: str) -> list[Path]:
    """The recordings of a word. raises ValueError if there are none"""
    folder = data / "wake_words" / word
    if not folder.is_dir():
        raise ValueError(f"There are no recordings at {folder}: bring them with `python -m training fetch`.")
    return without_held_back(audio_files(folder))


def _cell(
    asked: Trial,
    word: str,
    count: int,
    draw: int,
    paths: list[Path],
    sounds: Unheard,
    folder: Path,
    progress: Progress,
) -> Cell:
    request, given = request_for(asked, word, count, draw, paths, folder)
    made = own_word(request, folder, folder / "models", progress)
    return tested(read_trained(made.path), word, count, draw, ~given, sounds)


def request_for(
    asked: Trial, word: str, count: int, draw: int, paths: list[Path], folder: Path
) -> tuple[OwnWord, NDArray[np.bool_]]:
    """What a user would ask for who has so many recordings, and which of the recordings these are."""
    given = np.zeros(len(paths), bool)
    given[np.random.default_rng([count, draw]).permutation(len(paths))[:count]] = True
    recordings = folder / f"given-{word}"
    shutil.rmtree(recordings, ignore_errors=True)
    recordings.mkdir()
    for path, is_given in zip(paths, given, strict=True):
        if is_given:
            shutil.copy(path, recordings)
    folders = (recordings,) if count else ()
    return OwnWord(word.replace("_", " "), folders, config=asked.config), given


def tested(trained: Trained, word: str, count: int, draw: int, rest: NDArray[np.bool_], sounds: Unheard) -> Cell:
    """Count what a model misses. rest: [recordings], which of the word's recordings are the test"""

    def heard(embeddings: Embeddings) -> NDArray[np.float64]:
        scaled = ((embeddings - trained.mean) / trained.std).astype(np.float32)
        return lasting(mean_margins(trained.heads, scaled), trained.patience_steps).astype(np.float64)

    talk = -np.sort(-np.concatenate([peaks_of(heard(stream)) for stream in sounds.talk]))
    quiet, noisy = (np.array([heard(one).max() for one in of[word]])[rest] for of in (sounds.quiet, sounds.noisy))
    # a detection needs a margin above the highest peak that is one too many
    thresholds = [float(talk[int(rate * sounds.hours)]) for rate in RATES]
    missed = tuple(int((quiet <= threshold).sum()) for threshold in thresholds)
    return Cell(word, count, draw, len(quiet), sounds.hours, missed, int((noisy <= thresholds[-1]).sum()))


def write_cells(path: Path, cells: Sequence[Cell]) -> None:
    """Keep the counts where `report` finds them."""
    path.write_text(json.dumps([asdict(cell) for cell in cells], indent=1) + "\n", encoding="utf-8")


def read_cells(path: Path) -> list[Cell]:
    """The counts that `write_cells` kept; none where there is no such file."""
    return [_read(fields) for fields in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def as_table(cells: Sequence[Cell]) -> list[str]:
    """A row for each word and number of recordings: the median of the draws, and their range.

    If there are several words, the last rows have the median of the words' medians, and the range of these.
    """
    rows = [
        f"| word | recordings | draws | missed at {RATES[0]} alarms an hour | at {RATES[1]} "
        f"| at {NOISE_DB:.0f} dB, {RATES[1]} |",
        "| --- | ---: | ---: | --- | --- | --- |",
    ]
    by_count: dict[int, list[list[float]]] = {}  # the medians of each word
    for word, count in dict.fromkeys((cell.word, cell.count) for cell in cells):
        some = [cell for cell in cells if (cell.word, cell.count) == (word, count)]
        columns = [[100 * cell.missed[at] / cell.tested for cell in some] for at in range(len(RATES))]
        columns.append([100 * cell.missed_in_noise / cell.tested for cell in some])
        by_count.setdefault(count, []).append([median(column) for column in columns])
        said = " | ".join(_spread(column) for column in columns)
        rows.append(f"| {word.replace('_', ' ')} | {count} | {len(some)} | {said} |")
    for count, words in sorted(by_count.items()):
        if len(words) > 1:
            said = " | ".join(_spread(list(column)) for column in zip(*words, strict=True))
            rows.append(f"| median of {len(words)} words | {count} | | {said} |")
    tests = sorted(cell.tested for cell in cells)
    hours = cells[0].hours
    return [*rows, "", f"{tests[0]} to {tests[-1]} recordings of people, {hours:.1f} h of talk, none of it trained on."]


def _spread(shares: list[float]) -> str:
    middle = f"{median(shares):.1f} %"
    return middle if len(shares) == 1 else f"{middle} ({min(shares):.1f} to {max(shares):.1f})"


def for_trial(
    words: Sequence[str], counts: Sequence[int], draws: int, config: OwnWordConfig, students: Sequence[int] = ()
) -> Trial:
    """raises ValueError if a number cannot be"""
    if draws < 1 or min(counts) < 0:
        raise ValueError("--draws must be at least 1, and --counts at least 0.")
    return Trial(tuple(words), tuple(counts), draws, config, tuple(students))
