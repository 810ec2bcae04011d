"""The stages that train: a recipe and a keyword become runs with checkpoints. training/fit does the work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_app.engine.model_file import MODEL_SUFFIX
from training.config import DataConfig, RunConfig
from training.export.start import starting_network
from training.features.frame_store import open_store
from training.fit.distill import DistillLoss, Teachers
from training.fit.distributed import Team
from training.fit.run import Loss, Run, hard_loss
from training.fit.side_by_side import Cohort
from training.overrides import override
from training.progress import SILENT, Progress
from training.recipes import ATTENTIVE, LARGE, RECIPES, for_keyword, run_name, student_config
from training.stages.places import Places


@dataclass(frozen=True)
class Training:
    """What to train for a keyword, and how it differs from the recipe."""

    recipe: str
    keyword: str = DataConfig.keyword
    run: str | None = None  # the folder below `work`; by default the recipe's name, with the keyword before it
    changes: tuple[str, ...] = ()  # section.field=value
    start: Path | None = None  # a folder of models; a network that is there goes on learning

    def start_of(self, recipe: str) -> Path | None:
        """The model file to start from; None for random weights."""
        return self.start / self.keyword / f"{recipe}{MODEL_SUFFIX}" if self.start else None


def train_teacher(places: Places, asked: Training, progress: Progress = SILENT) -> dict[str, Path]:
    """Train a network on labels alone. Returns the best checkpoint, by the name of its run."""
    name = asked.run or run_name(asked.recipe, asked.keyword)
    configs, starts = {name: with_changes(RECIPES[asked.recipe], asked)}, {name: asked.start_of(asked.recipe)}
    return train(places, configs, progress, starts)


def distill(
    places: Places,
    asked: Training,
    teachers: Sequence[str] = (),
    beside: Sequence[str] = (),
    attention: bool = False,
    progress: Progress = SILENT,
) -> dict[str, Path]:
    """Train students on their teachers' scores and on the labels. Returns the best checkpoints, by run.

    teachers: names of runs; by default the recipe names them
    beside: more students for the same batches, as RECIPE or RECIPE:SEED
    attention: whether the student also learns its teachers' attention
    """
    first = asked.recipe + (ATTENTIVE if attention else "")
    names = [asked.run or run_name(first, asked.keyword)]
    names += [run_name(spec.replace(":", "-"), asked.keyword) for spec in beside]
    taught_by = RECIPES[asked.recipe].distill.teachers or (LARGE,)
    asked_teachers = tuple(teachers or [run_name(name, asked.keyword) for name in taught_by])
    specs = dict(zip(names, [first, *beside], strict=True))
    configs = {name: with_changes(student_config(spec, asked_teachers), asked) for name, spec in specs.items()}
    starts = {name: asked.start_of(spec.partition(":")[0].removesuffix(ATTENTIVE)) for name, spec in specs.items()}
    refuse_twins(specs, starts)
    return train(places, configs, progress, starts)


def refuse_twins(specs: Mapping[str, str], starts: Mapping[str, Path | None]) -> None:
    """raises ValueError if two runs would be the same: the same start, the same batches, and only another seed

    specs: the student of each run, by the run's name; starts: the model file that each run starts from
    """
    runs: dict[tuple[str, Path], str] = {}
    for name, spec in specs.items():
        start = starts[name]
        if start is None or not start.is_file():
            continue
        other = runs.setdefault((spec.partition(":")[0], start), name)
        if other != name:
            raise ValueError(
                f"{other} and {name} would be the same network: both start from {start}, and runs side by side hear "
                "the same batches. Train the second seed by itself: --run NAME --set train.seed=1."
            )


def with_changes(recipe: RunConfig, asked: Training) -> RunConfig:
    """A recipe with the keyword's audio and the changes that were asked for."""
    return override(for_keyword(recipe, asked.keyword), list(asked.changes))


def train(
    places: Places,
    configs: Mapping[str, RunConfig],
    progress: Progress = SILENT,
    starts: Mapping[str, Path | None] | None = None,
) -> dict[str, Path]:
    """Train or resume runs side by side. All of them hear the batches of the first run.

    configs: the settings of each run, by its name
    starts: the model file that a run starts from, by its name; without one it starts from random weights
    returns: the best checkpoints, by the same names; empty in a process of a distributed run that does not write
    """
    team = Team()
    heard = progress if team.writes else SILENT
    first = next(iter(configs.values()))
    taught = first.distill.teachers
    teachers = Teachers.load(taught, places.work, team.device) if taught else None
    store = open_store(places.data, places.cache, first.data, heard)
    members = []
    for name, config in configs.items():
        loss: Loss = DistillLoss(config.distill, config.crnn, teachers) if teachers else hard_loss
        run = Run(places.work / name, config, store, team, loss)
        begun = starting_network((starts or {}).get(name), run.folder, config)
        if begun is not None:
            run.start_from(begun)
        members.append(run)
    cohort = Cohort(members, heard)
    cohort.resume()
    best = cohort.train()
    team.disband()
    return {path.parent.name: path for path in best} if team.writes else {}
