"""What training can do, a function for each stage: typed requests in, typed results out. The command line calls them.

A stage prints nothing: it tells a Progress how far it is, ends when that is cancelled, and goes on where it was cut.
All raise ValueError for settings that make no sense and OSError for files that cannot be read or written.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kws_app.detection.cascade import STIR
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import find_model
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.engine.pairs import card_of_pair, with_pair
from kws_app.paths import ASSETS_DIR, MODELS_DIR
from training.arena.contest import Contest, compare
from training.config import DataConfig, RunConfig
from training.corpus.recordings import SPLITS, audio_files, read_clips
from training.evaluate import test_sets
from training.evaluate.as_text import as_text
from training.evaluate.clips import score_clips
from training.evaluate.figures import Figures
from training.evaluate.segments import Heard
from training.evaluate.stream_render import CONDITIONS
from training.evaluate.tune_decision import as_row
from training.export.artifact import Identity, data_config, export, load_numbers, rebuild, update_card
from training.export.calibrate import calibrate
from training.features.frame_store import open_store
from training.fit.distill import DistillLoss, Teachers
from training.fit.distributed import Team
from training.fit.run import Loss, Run, hard_loss
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn
from training.network.dynamic_int8 import Size, measure
from training.network.packed_file import packed_bytes, packed_weight_bytes, put_on_grid
from training.overrides import override
from training.progress import SILENT, Progress
from training.recipes import ATTENTIVE, LARGE, RECIPES, for_keyword, run_name, student_config
from training.report import benchmark, plots, results
from training.report.seeds import keep_seeds

log = logging.getLogger(__name__)

# The share of validation keywords that score below 0.5, by role. The smallest networks must miss more to be bearable
# in talk.
MISSES = {"teacher": 0.05, "student": 0.05, "quantized": 0.05, "tiny": 0.10, "micro": 0.10}
RESULTS_FILE = "RESULTS.md"  # in the models folder


@dataclass(frozen=True)
class Places:
    """The folders that stages read and write."""

    data: Path  # the audio
    work: Path  # runs and caches
    models: Path = MODELS_DIR
    assets: Path = ASSETS_DIR  # plots

    @property
    def cache(self) -> Path:
        return self.work / "cache"

    def checkpoint(self, run: str) -> Path:
        """The best checkpoint of a run. raises ValueError if there is none"""
        path = self.work / run / "best.pt"
        if not path.is_file():
            raise ValueError(f"{path} is missing: train that run first, or name another run with --run.")
        return path


@dataclass(frozen=True)
class Training:
    """What to train for a keyword, and how it differs from the recipe."""

    recipe: str
    keyword: str = DataConfig.keyword
    run: str | None = None  # the folder below `work`; by default the recipe's name, with the keyword before it
    changes: tuple[str, ...] = ()  # section.field=value


def train_teacher(places: Places, asked: Training, progress: Progress = SILENT) -> dict[str, Path]:
    """Train a network on labels alone. Returns the best checkpoint by the name of its run."""
    name = asked.run or run_name(asked.recipe, asked.keyword)
    return train(places, {name: with_changes(RECIPES[asked.recipe], asked)}, progress)


def distill(
    places: Places,
    asked: Training,
    teachers: Sequence[str] = (),
    beside: Sequence[str] = (),
    attention: bool = False,
    progress: Progress = SILENT,
) -> dict[str, Path]:
    """Train students on what teachers say and on the labels. Returns the best checkpoints by the names of their runs.

    teachers: runs; by default those that the recipe names. beside: more students, as RECIPE or RECIPE:SEED
    """
    first = asked.recipe + (ATTENTIVE if attention else "")
    names = [asked.run or run_name(first, asked.keyword)]
    names += [run_name(spec.replace(":", "-"), asked.keyword) for spec in beside]
    taught_by = RECIPES[asked.recipe].distill.teachers or (LARGE,)
    asked_teachers = tuple(teachers or [run_name(name, asked.keyword) for name in taught_by])
    configs = [with_changes(student_config(spec, asked_teachers), asked) for spec in [first, *beside]]
    return train(places, dict(zip(names, configs, strict=True)), progress)


def with_changes(recipe: RunConfig, asked: Training) -> RunConfig:
    """A recipe with the keyword's audio and the asked changes."""
    return override(for_keyword(recipe, asked.keyword), list(asked.changes))


def train(places: Places, configs: Mapping[str, RunConfig], progress: Progress = SILENT) -> dict[str, Path]:
    """Train or resume runs side by side. All hear the batches of the first. configs: by the names of their runs

    Returns the best checkpoints, by the same names; none in a process of a distributed run that does not write.
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
        members.append(Run(places.work / name, config, store, team, loss))
    cohort = Cohort(members, heard)
    cohort.resume()
    best = cohort.train()
    team.disband()
    return {path.parent.name: path for path in best} if team.writes else {}


@dataclass(frozen=True)
class Exporting:
    """Which run becomes which model file."""

    run: str
    role: str | None = None  # by default the name of the run
    part: str = "none"  # in dynamic int8, of dynamic_int8.PARTS
    smoothing_steps: int = 1
    patience_steps: int = 1
    misses: float | None = None  # share of validation keywords below 0.5; by default by the role, see MISSES

    @property
    def name(self) -> str:
        return self.role or self.run


@dataclass(frozen=True)
class ModelFile:
    """A model file that was written."""

    path: Path
    size_bytes: int


def export_run(places: Places, asked: Exporting, progress: Progress = SILENT) -> ModelFile:
    """Calibrate, script, verify and write the best checkpoint of a run."""
    return _write_model(places, asked, *load_crnn(places.checkpoint(asked.run)), progress)


def rebuild_model(places: Places, packed: Path) -> ModelFile:
    """Make a model file again from its packed weights. Its card has no figures."""
    path = rebuild(packed, DecisionConfig(), places.models)
    return ModelFile(path, path.stat().st_size)


@dataclass(frozen=True)
class SizeRow:
    """Bytes of a network and of the base network."""

    name: str
    raw: int  # weights alone
    file: int  # with container
    base_raw: int
    base_file: int


@dataclass(frozen=True)
class Quantized:
    """A model file whose weights are on a grid, and what int8 saves part by part."""

    model: ModelFile
    sizes: list[SizeRow]


def quantize_run(places: Places, asked: Exporting, bits: int = 8, progress: Progress = SILENT) -> Quantized:
    """Measure a run's network in int8, part by part; then round all its weights to a grid and write the model file."""
    crnn, settings = load_crnn(places.checkpoint(asked.run))
    base = results.base_cost()
    parts: dict[str, Size] = measure(crnn)
    rows = [SizeRow(f"dynamic, {part}", s.raw, s.saved, base.raw, base.saved) for part, s in parts.items()]
    put_on_grid(crnn, bits)
    settings["train"]["weight_bits"] = bits
    model = _write_model(places, asked, crnn, settings, progress)
    packed = packed_bytes(load_numbers(model.path)[1], crnn)
    raw = packed_weight_bytes(crnn, bits)
    return Quantized(model, [*rows, SizeRow(f"all weights, {bits} bits", raw, packed, base.raw, base.packed)])


def _write_model(
    places: Places, asked: Exporting, crnn: Crnn, settings: dict[str, Any], progress: Progress
) -> ModelFile:
    data = data_config(settings)
    store = open_store(places.data, places.cache, data, progress)
    misses = asked.misses or MISSES.get(asked.name, MISSES["teacher"])
    calibration = calibrate(crnn, store, misses)
    decision = DecisionConfig(smoothing_steps=asked.smoothing_steps, patience_steps=asked.patience_steps)
    identity = Identity(data.keyword, asked.name, asked.part)
    path = export(crnn, settings, calibration, identity, decision, places.models)
    return ModelFile(path, path.stat().st_size)


@dataclass(frozen=True)
class Evaluating:
    """Which model is scored on what."""

    model: str  # keyword/role, or a .pt file
    split: str = "validation"  # or "all"
    clips: Path | None = None  # a folder in Speech Commands' layout, in place of the keyword's own
    stream: bool = False  # also on streams of the split
    talk: tuple[Path, ...] = ()  # folders of speech without the keyword
    all_conditions: bool = False  # noise, a room, quiet and loud sound too
    hours: float = test_sets.HOURS  # of a stream
    seed: int = 0  # of a stream's composition
    threshold: float | None = None  # by default the model's own
    write_card: bool = False  # keep the figures in the model's card
    jobs: int = 1  # processes that share the streams

    def __post_init__(self) -> None:
        if self.split not in (*SPLITS, "all"):
            raise ValueError(f"split must be one of {', '.join(SPLITS)} or all, got {self.split!r}")
        if not self.hours > 0:
            raise ValueError(f"hours must be above 0, got {self.hours:g}")
        if self.jobs < 1:
            raise ValueError(f"jobs must be at least 1, got {self.jobs}")
        if self.write_card and self.threshold is not None:
            raise ValueError("a card's figures are of its own threshold: leave --threshold or --write-card out.")


@dataclass(frozen=True)
class Evaluation:
    """Figures of a model or a pair."""

    model: str  # as it was asked for
    keyword: str
    figures: Figures

    def to_json(self) -> dict[str, Any]:
        return {"model": self.model, "keyword": self.keyword} | self.figures.to_json()

    def as_text(self) -> str:
        return f"{self.model}, keyword {self.keyword!r}\n{as_text(self.figures)}"


def evaluate(places: Places, asked: Evaluating, progress: Progress = SILENT) -> Evaluation:
    """Score a model file on clips, and on streams or talk if asked. One that was cut goes on where it was."""
    path, model = _load(places, asked.model)
    heard = Heard(path)
    data = data_config(model.card.training)
    request = _request(places, asked, model.card)
    figures = Figures()
    if asked.clips is not None or not asked.talk:
        wanted = SPLITS if asked.split == "all" else (asked.split,)
        clips = [c for c in read_clips(asked.clips or places.data / data.clips) if c.split in wanted]
        figures = score_clips(model, clips, model.card.keyword, progress)
    if asked.talk:
        files = [file for folder in asked.talk for file in audio_files(folder)]
        figures = replace(figures, streams=test_sets.score_talk(heard, files, request, progress).streams)
    elif asked.stream:
        splits = ["validation", "testing"] if asked.split == "all" else [asked.split]
        found = test_sets.score_sets(heard, places.data, data, splits, request, progress)
        apart = test_sets.score_apart(model, places.data, data, request)
        figures = replace(figures, streams=found.streams, curve=found.curve, sentences=apart)
    if asked.write_card:
        update_card(path, figures.to_json())
    request.forget_scores(heard)
    return Evaluation(asked.model, model.card.keyword, figures)


def tune(places: Places, asked: Evaluating, progress: Progress = SILENT) -> Evaluation:
    """Try smoothing, patience and threshold on the streams of the validation set. `write_card` keeps the best."""
    path, model = _load(places, asked.model)
    request = _request(places, asked, model.card)
    data = data_config(model.card.training)
    tried = test_sets.tune_on_validation(Heard(path), places.data, data, request, progress)
    figures = Figures(tuning=tuple(as_row(tuned) for tuned in tried))
    if asked.write_card:
        update_card(path, figures.to_json(), tried[0].config if tried else None)
    return Evaluation(asked.model, model.card.keyword, figures)


def evaluate_pair(
    places: Places, asked: Evaluating, second: str, stir: float = STIR, progress: Progress = SILENT
) -> Evaluation:
    """Score two models on streams: the first listens, the second confirms what the first stirs at."""
    check_pair(asked, stir)
    path, model = _load(places, asked.model)
    second_path, confirming = _load(places, second)
    heard = Heard(path, second_path, stir)
    request = _request(places, asked, card_of_pair(model.card, confirming.card))
    data = data_config(model.card.training)
    figures = test_sets.score_sets(heard, places.data, data, [asked.split], request, progress)
    if asked.write_card:
        update_card(path, with_pair(model.card, confirming.card, figures.to_json()))
    request.forget_scores(heard)
    return Evaluation(f"{asked.model} confirmed by {second}", model.card.keyword, figures)


def check_pair(asked: Evaluating, stir: float) -> None:
    """raises ValueError where an option would be passed over, or a card would keep figures that the app never gives"""
    if asked.clips or asked.talk or asked.split == "all":
        raise ValueError(
            "--cascade is scored on streams of one set: leave --clips, --talk, --tune and --split all out."
        )
    if asked.write_card and (stir != STIR or asked.split != "testing"):
        raise ValueError(
            f"a card keeps the figures of a pair as the app runs it, at --stir {STIR:g} --split testing; "
            "leave --write-card out."
        )


def _load(places: Places, name: str) -> tuple[Path, KeywordModel]:
    """The file and the model of a name such as happy/teacher, or of a path to a model file."""
    path = Path(name)
    if path.suffix not in (MODEL_SUFFIX, PROGRAM_SUFFIX):
        path = find_model(name, places.models).path
    return path, KeywordModel.load(path)


def _request(places: Places, asked: Evaluating, card: ModelCard) -> test_sets.Request:
    """What is asked of streams, for a model or a pair with this card."""
    config = card.decision_config(asked.threshold)
    conditions = CONDITIONS if asked.all_conditions else CONDITIONS[:1]
    return test_sets.Request(
        config, card.step_samples, conditions, asked.hours, asked.seed, places.cache, jobs=asked.jobs
    )


@dataclass(frozen=True)
class Report:
    """What `report` wrote."""

    path: Path
    text: str


def report(places: Places) -> Report:
    """Write RESULTS.md and the plots, from the cards of the models and the logs of the runs."""
    keep_seeds(places.models, places.work / "seeds")
    text = results.results(places.models)
    path = places.models / RESULTS_FILE
    path.write_text(text)
    for keyword, models in results.shipped(places.models).items():
        plots.fa_fr_curves(models, places.assets / f"fa-fr-{keyword}.png")
        if len(models) > 1:
            plots.area_against_cost(models, places.assets / f"area-cost-{keyword}.png")
    logs = {path.parent.name: path for path in sorted(places.work.glob("*/log.csv"))}
    if logs:
        plots.training_curves(logs, places.assets / "training.png")
    return Report(path, text)


def arena(places: Places, asked: Contest, progress: Progress = SILENT) -> Report:
    """Compare wake-word engines on the same sound: a table, a plot and all counts, below `work`/arena."""
    path, text = compare(places.data, places.work / "arena", asked, progress)
    return Report(path, text)


def benchmark_model(places: Places, name: str) -> list[str]:
    """Lines that say how long one step of sound takes, on one thread."""
    return benchmark.report(find_model(name, places.models).path)


def benchmark_training(places: Places, progress: Progress = SILENT) -> list[str]:
    """Lines that say how many sequences a second are made, and learnt from."""
    config = RECIPES["teacher"]
    store = open_store(places.data, places.cache, config.data, progress)
    return benchmark.training_report(store, config, places.work / "benchmark")


def everything(
    places: Places,
    keyword: str = DataConfig.keyword,
    changes: Sequence[str] = (),
    hours: float = test_sets.HOURS,
    progress: Progress = SILENT,
) -> Report:
    """All that ships for a keyword, from `large` to the report. Finished runs are not trained again."""

    def training(recipe: str) -> Training:
        progress.say(f"== training {recipe}")
        return Training(recipe, keyword, changes=tuple(changes))

    train_teacher(places, training(LARGE), progress)
    for recipe, beside in (("teacher", ()), ("student", ()), ("tiny", ("micro",))):
        distill(places, training(recipe), beside=beside, progress=progress)
    for role in results.ORDER:
        progress.say(f"== exporting {role}")
        if role == "quantized":
            quantize_run(places, Exporting(run_name("student", keyword), role), progress=progress)
        else:
            export_run(places, Exporting(run_name(role, keyword), role), progress)
    for role in results.ORDER:
        progress.say(f"== evaluating {role}")
        asked = Evaluating(f"{keyword}/{role}", hours=hours, write_card=True)
        tune(places, asked, progress)
        evaluation = evaluate(places, replace(asked, split="all", stream=True, all_conditions=True), progress)
        progress.say(evaluation.as_text())
    teacher = f"{keyword}/{results.ORDER[0]}"
    for role in results.ORDER[1:]:
        progress.say(f"== evaluating {role} confirmed by {results.ORDER[0]}")
        asked = Evaluating(f"{keyword}/{role}", split="testing", hours=hours, write_card=True)
        progress.say(evaluate_pair(places, asked, teacher, progress=progress).as_text())
    return report(places)
