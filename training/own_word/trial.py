"""Tries `own-word` as a stranger would: words from recordings of many people, some of them given, the rest a test.

Every cell of the table is a model of its own. What is finished lies in the work folder: a trial that was cut goes on.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from kws_app.atomic_file import write_whole
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.config import DataConfig
from training.corpus.held_back import without_held_back
from training.corpus.recordings import audio_files, read_recordings
from training.corpus.sound import load_or_pass_over, load_sound
from training.network.speech_embedding import WholeStreams
from training.own_word.compare import Trained, read_trained
from training.own_word.gather_talk import as_stream, embeddings_of
from training.own_word.make import OwnWord, OwnWordConfig, own_word
from training.own_word.measure import mean_margins, peaks_of
from training.own_word.sequences import Sound, rms, trimmed
from training.own_word.talk_embeddings import STEP_S, read_talk
from training.progress import SILENT, Progress

CELLS_FILE = "own_words.json"  # in the folder of models
RATES = (0.1, 0.5)  # false alarms an hour
NOISE_DB = 10.0  # the word over the noise
BEFORE_S, AFTER_S = 1.6, 0.7  # of faint noise around a recording
HISS = 10 ** (-65 / 20)  # RMS of the faint noise
FEWEST_TO_TEST = 20  # recordings that are left for the test
# Speech that the shipped talk holds nothing of, or other speakers of the same source.
TALK = ("speech_streams/*", "more_speech/*_??", "more_speech/english_learners", "acted_talk/*", "more_talk/*")

Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class Trial:
    """What is tried."""

    words: tuple[str, ...] = ("alexa", "computer", "smart_mirror")  # folders of `wake_words`
    counts: tuple[int, ...] = (0, 3, 5, 10, 20, 100)  # recordings that are given
    draws: int = 5  # of the recordings; none are drawn where none are given
    config: OwnWordConfig = field(default_factory=OwnWordConfig)


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


@dataclass(frozen=True)
class TestSounds:
    """The embeddings of what a model is tried on."""

    talk: tuple[Embeddings, ...]
    quiet: dict[str, list[Embeddings]]  # by word, each recording
    noisy: dict[str, list[Embeddings]]

    @property
    def hours(self) -> float:
        """Hours of talk."""
        return sum(map(len, self.talk)) * STEP_S / 3600


def run_trial(asked: Trial, data: Path, work: Path, progress: Progress = SILENT) -> list[Cell]:
    """All cells of the table, each finished cell from the work folder.

    raises ValueError if the recordings or the talk are not there, StageStoppedError if the user stops it
    """
    folder = work / "own_word_trial"
    folder.mkdir(parents=True, exist_ok=True)
    sounds = _test_sounds(asked.words, data, folder, progress)
    cells = []
    for word in asked.words:
        paths = _recordings(data, word)
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


def _recordings(data: Path, word: str) -> list[Path]:
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
    sounds: TestSounds,
    folder: Path,
    progress: Progress,
) -> Cell:
    given = np.zeros(len(paths), bool)
    given[np.random.default_rng([count, draw]).permutation(len(paths))[:count]] = True
    recordings = folder / "given"
    shutil.rmtree(recordings, ignore_errors=True)
    recordings.mkdir()
    for path, is_given in zip(paths, given, strict=True):
        if is_given:
            shutil.copy(path, recordings)
    folders = (recordings,) if count else ()
    made = own_word(OwnWord(word.replace("_", " "), folders, config=asked.config), folder, folder / "models", progress)
    return tested(read_trained(made.path), word, count, draw, ~given, sounds)


def tested(trained: Trained, word: str, count: int, draw: int, rest: NDArray[np.bool_], sounds: TestSounds) -> Cell:
    """Count what a model misses. rest: [recordings], which of the word's recordings are the test"""

    def highest(heard: Sequence[Embeddings]) -> NDArray[np.float64]:
        scaled = ((one - trained.mean) / trained.std for one in heard)
        return np.array([mean_margins(trained.heads, one.astype(np.float32)).max() for one in scaled])

    peaks = [
        peaks_of(mean_margins(trained.heads, ((one - trained.mean) / trained.std).astype(np.float32)))
        for one in sounds.talk
    ]
    talk = -np.sort(-np.concatenate(peaks))
    quiet, noisy = (highest(of[word])[rest] for of in (sounds.quiet, sounds.noisy))
    # a detection needs a margin above the highest peak that is one too many
    thresholds = [float(talk[int(rate * sounds.hours)]) for rate in RATES]
    missed = tuple(int((quiet <= threshold).sum()) for threshold in thresholds)
    return Cell(word, count, draw, len(quiet), sounds.hours, missed, int((noisy <= thresholds[-1]).sum()))


def _test_sounds(words: Sequence[str], data: Path, folder: Path, progress: Progress) -> TestSounds:
    """Embeddings, made once and kept."""
    body = WholeStreams(load_body(BODY_SHA256))
    talk = _kept(folder / "talk.npz", lambda: _talk(data, body, progress))
    noises = _noises(data)
    quiet, noisy = {}, {}
    for word in words:
        paths = _recordings(data, word)
        quiet[word] = _kept(folder / f"{word}-quiet.npz", lambda: _laid(paths, [], body))  # noqa: B023 (called at once)
        noisy[word] = _kept(folder / f"{word}-noisy.npz", lambda: _laid(paths, noises, body))  # noqa: B023
    return TestSounds(tuple(talk), quiet, noisy)


def _kept(path: Path, make: Callable[[], list[Embeddings]]) -> list[Embeddings]:
    if not path.is_file():
        made = make()
        with path.with_suffix(".part").open("wb") as file:
            np.savez(file, sizes=[len(one) for one in made], all=np.concatenate(made).astype(np.float16))
        path.with_suffix(".part").replace(path)
    with np.load(path) as kept:
        return np.split(kept["all"].astype(np.float32), np.cumsum(kept["sizes"])[:-1])


def _talk(data: Path, body: WholeStreams, progress: Progress) -> list[Embeddings]:
    """A stream for each source: the test set's talk, and sources that the shipped talk does not know."""
    shipped = {stream.source.split("/")[-1] for stream in read_talk().streams}
    by_source: dict[str, list[Path]] = {}
    for recording in read_recordings(data, TALK, DataConfig(keyword="\0")):
        source = recording.path.parent.name
        if recording.split == "testing" or (recording.split == "training" and source not in shipped):
            by_source.setdefault(source, []).append(recording.path)
    if not by_source:
        raise ValueError(f"There is no talk for the test below {data}: bring it with `python -m training fetch`.")
    return [
        embeddings_of(as_stream(load_or_pass_over(path) for path in progress.track(paths, source)), body)
        for source, paths in by_source.items()
    ]


def _noises(data: Path) -> list[Sound]:
    config = DataConfig()
    found = read_recordings(data, config.test_noise, config) or read_recordings(data, config.noise, config)
    if not found:
        raise ValueError(f"There is no noise for the test below {data}: bring it with `python -m training fetch`.")
    return [load_or_pass_over(recording.path)[: 60 * SAMPLE_RATE] for recording in found]


def _laid(paths: Sequence[Path], noises: Sequence[Sound], body: WholeStreams) -> list[Embeddings]:
    """Each recording with faint noise around it, and with noise at NOISE_DB below the word where there are noises."""
    rng = np.random.default_rng(1)
    laid = []
    before, after = (round(seconds * SAMPLE_RATE) for seconds in (BEFORE_S, AFTER_S))
    for path in paths:
        said = load_sound(path)
        sound = np.pad(said, (before, after))
        sound = sound + rng.standard_normal(len(sound)).astype(np.float32) * np.float32(HISS)
        if noises:
            noise = noises[int(rng.integers(len(noises)))]
            noise = np.resize(np.roll(noise, -int(rng.integers(len(noise)))), len(sound))
            sound = sound + noise * np.float32(rms(trimmed(said)) / rms(noise) * 10 ** (-NOISE_DB / 20))
        laid.append(embeddings_of(sound.astype(np.float32), body))
    return laid


def write_cells(path: Path, cells: Sequence[Cell]) -> None:
    """Keep the counts where `report` finds them."""
    path.write_text(json.dumps([asdict(cell) for cell in cells], indent=1) + "\n", encoding="utf-8")


def read_cells(path: Path) -> list[Cell]:
    """The counts that `write_cells` kept; none where there is no such file."""
    return [_read(fields) for fields in json.loads(path.read_text(encoding="utf-8"))] if path.is_file() else []


def as_table(cells: Sequence[Cell]) -> list[str]:
    """A row for each word and number of recordings: the median of the draws, and their range."""
    rows = [
        f"| word | recordings | draws | missed at {RATES[0]} alarms an hour | at {RATES[1]} "
        f"| at {NOISE_DB:.0f} dB, {RATES[1]} |",
        "| --- | ---: | ---: | --- | --- | --- |",
    ]
    for word, count in dict.fromkeys((cell.word, cell.count) for cell in cells):
        some = [cell for cell in cells if (cell.word, cell.count) == (word, count)]
        columns = [[100 * cell.missed[at] / cell.tested for cell in some] for at in range(len(RATES))]
        columns.append([100 * cell.missed_in_noise / cell.tested for cell in some])
        said = " | ".join(_spread(column) for column in columns)
        rows.append(f"| {word.replace('_', ' ')} | {count} | {len(some)} | {said} |")
    tests = sorted(cell.tested for cell in cells)
    hours = cells[0].hours
    return [*rows, "", f"{tests[0]} to {tests[-1]} recordings of people, {hours:.1f} h of talk, none of it trained on."]


def _spread(shares: list[float]) -> str:
    middle = f"{median(shares):.1f} %"
    return middle if len(shares) == 1 else f"{middle} ({min(shares):.1f} to {max(shares):.1f})"


def for_trial(words: Sequence[str], counts: Sequence[int], draws: int, config: OwnWordConfig) -> Trial:
    """raises ValueError if a number cannot be"""
    if draws < 1 or min(counts) < 0:
        raise ValueError("--draws must be at least 1, and --counts at least 0.")
    return Trial(tuple(words), tuple(counts), draws, config)
