"""Makes the networks of a word that ships: `teacher`, `student`, `quantized`, `tiny` and `micro`.

The word's expert teaches them on the word's recordings, on clips and on all talk of the data folder. A run that was cut
goes on where it was, with the same result.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.model_file import MODEL_SUFFIX
from training.config import DataConfig, RunConfig
from training.digest import digest
from training.export.artifact import DATA_NOTE, Identity, export
from training.export.calibrate import MISSES, line_through
from training.export.start import starting_network
from training.fit.distributed import Team
from training.fit.run import Run, plain
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn
from training.network.packed_file import put_on_grid
from training.own_word.known_expert import KnownExpert
from training.own_word.lessons import hear
from training.own_word.make import ROLE, OwnWord, OwnWordConfig, folder_of
from training.own_word.sequences import Surroundings
from training.own_word.student_config import BITS, QUANTIZED
from training.own_word.taught_loss import TaughtLoss
from training.progress import SILENT, Progress
from training.ready_word.expert import READY, learnt_among_recordings
from training.ready_word.material import FOLDER, ReadyLessons, gather_all
from training.ready_word.ready_config import ROLES, ReadyConfig, ready_data, ready_run
from training.ready_word.ready_source import ReadySource
from training.ready_word.recorded_surroundings import recorded_surroundings
from training.ready_word.word_sounds import linked, recordings_of_word

log = logging.getLogger(__name__)

START_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)  # of the weights that a network began with, in the network that is written
ROUNDED = "student"  # `quantized` is this network with rounded weights


@dataclass(frozen=True)
class ReadyWord:
    """Which networks are made of a word, and from what they start."""

    word: str = DataConfig.keyword
    roles: tuple[str, ...] = ROLES
    voices: bool = True  # whether voices say the word too
    start: Path | None = None  # a folder of models; networks of the word that are there go on learning
    config: ReadyConfig = field(default_factory=ReadyConfig)
    expert: OwnWordConfig = READY  # how the expert is made, if there is none

    @property
    def keyword(self) -> str:
        """The word as a folder of recordings and of models is named."""
        return folder_of(self.word.replace("_", " "), "en")

    def __post_init__(self) -> None:
        unknown = [role for role in self.roles if role not in ROLES]
        if unknown or not self.roles:
            raise ValueError(f"A role is one of {', '.join(ROLES)}, got {', '.join(unknown) or 'none'}.")


def make_ready_word(
    asked: ReadyWord, data: Path, work: Path, models: Path, progress: Progress = SILENT
) -> tuple[Path, ...]:
    """Make <models>/<word>/<role>.safetensors and .pt for each role. If there is no expert, it is made first.

    data: the folder of the audio; work: keeps takes, sequences, talk and runs
    raises ValueError with a sentence if audio is missing, AudioError if a recording cannot be read, OSError if the disk
    fails, ModelError if a model file is damaged, StageStoppedError if the user stops it
    """
    audio, threads = ready_data(asked.keyword), torch.get_num_threads()
    found = recordings_of_word(data, audio)
    folder = work / FOLDER / asked.keyword
    folder.mkdir(parents=True, exist_ok=True)
    recorded = linked([clip.path for clips in found.words.values() for clip in clips], folder / "recordings")
    own = OwnWord(asked.keyword.replace("_", " "), (recorded,), asked.voices, config=asked.expert)
    around = recorded_surroundings(data, audio)
    expert = KnownExpert(_expert(own, asked, data, work, models, around, progress), asked.config.lean)
    with _same_arithmetic(threads):
        lessons = gather_all(own, found, audio, asked.config, expert, around, data, work, progress)
        name = digest([lessons.name, plain(asked.config), asked.start is not None])
        networks = {
            role: _trained(role, asked, lessons, folder / f"networks-{name}" / role, progress) for role in asked.roles
        }
    if ROUNDED in networks:
        crnn, settings = deepcopy(networks[ROUNDED])
        put_on_grid(crnn, BITS)
        settings["train"]["weight_bits"] = BITS
        networks[QUANTIZED] = crnn, settings
    return tuple(  # no file is written before all networks are made
        _exported(role, asked.keyword, *network, lessons, models) for role, network in networks.items()
    )


@contextmanager
def _same_arithmetic(threads: int) -> Iterator[None]:
    """This number of threads, and oneDNN. A model file that was opened before has changed both (`jitted.py`).

    Otherwise a run that makes the expert rounds sums in another way than a run that finds it.
    """
    before = torch.get_num_threads(), torch.backends.mkldnn.enabled
    torch.set_num_threads(threads)
    torch.backends.mkldnn.enabled = True  # type: ignore[assignment]  # a property of the module, which mypy cannot see
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.backends.mkldnn.enabled = before[1]


def _expert(
    own: OwnWord, asked: ReadyWord, data: Path, work: Path, models: Path, around: Surroundings, progress: Progress
) -> Path:
    """The word's expert in the folder of models or of the start. Otherwise it is made, in the folder of models."""
    folders = [models] + ([asked.start] if asked.start else [])
    for folder in folders:
        path = folder / asked.keyword / f"{ROLE}{MODEL_SUFFIX}"
        if path.is_file():
            return path
    return learnt_among_recordings(own, data, work, models, around, progress)


def _trained(
    role: str, asked: ReadyWord, lessons: ReadyLessons, folder: Path, progress: Progress
) -> tuple[Crnn, dict[str, Any]]:
    """The network of a role, with its settings."""
    config = ready_run(role, asked.keyword, asked.config)
    source = ReadySource(lessons.lessons, lessons.clips, lessons.kept_clips, config)
    run = Run(folder, config, source, Team(), TaughtLoss(config.distill))
    path = asked.start / asked.keyword / f"{role}{MODEL_SUFFIX}" if asked.start else None
    start = starting_network(path, folder, config)
    if start is not None:
        run.start_from(start)
    cohort = Cohort([run], progress)
    cohort.resume()
    cohort.train()
    crnn, settings = load_crnn(folder / "best.pt")
    return (best_mixture(start, crnn, source, config) if start is not None else crnn), settings


def best_mixture(start: Crnn, taught: Crnn, source: ReadySource, config: RunConfig) -> Crnn:
    """The mean of both networks' weights, in the share of START_SHARES that is best on the kept-back sound.

    A network on the way to its new weights still knows what it knew (Wortsman et al. 2022).
    """
    found = []
    for share in START_SHARES:
        mixed = deepcopy(taught)
        with torch.no_grad():
            for ours, theirs in zip(mixed.parameters(), start.parameters(), strict=True):
                ours.lerp_(theirs, share)
        if config.train.weight_bits:
            put_on_grid(mixed, config.train.weight_bits)
        found.append((source.validate(mixed, config.crnn).score, share, mixed))
        log.info("a share of %g of the old weights: score %.3f", share, found[-1][0])
    return min(found, key=lambda one: one[:2])[2]


def _exported(role: str, word: str, crnn: Crnn, settings: dict[str, Any], lessons: ReadyLessons, models: Path) -> Path:
    """Calibrate a network and write its model files."""
    heard = hear(crnn, lessons.lessons.kept_words, lessons.lessons.kept_talk)
    about = {"data": {**DATA_NOTE, "description": lessons.describe()}}
    line = line_through(heard.word, MISSES[role])
    return export(crnn, settings, line, Identity(word, role), DecisionConfig(), models, about)
