"""python -m training <stage>: from audio to artifacts and figures, one command a stage."""

import argparse
import json
import logging
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from kws_app.detection.cascade import STIR
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import find_model, find_models
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.model_file import KeywordModel
from kws_app.engine.pairs import card_of_pair, with_pair
from kws_app.errors import AudioError, ModelError
from kws_app.paths import ASSETS_DIR, MODELS_DIR
from training.config import DataConfig, RunConfig
from training.corpus.acoustic_groups import write_lists
from training.corpus.fetch import fetch_archive, unpack_parts
from training.corpus.recordings import SPLITS, audio_files, read_clips
from training.corpus.synthetic_speech import write_speech, write_words
from training.evaluate import clips as evaluate
from training.evaluate import test_sets
from training.evaluate.stream_render import CONDITIONS
from training.evaluate.tune_decision import as_row
from training.export.artifact import PACKED_SUFFIX, Identity, data_config, export, rebuild, update_card
from training.export.calibrate import calibrate
from training.features.frame_store import open_store
from training.fit.distill import DistillLoss, Teachers
from training.fit.distributed import Team
from training.fit.run import Loss, Run, hard_loss
from training.fit.side_by_side import Cohort
from training.network.checkpoint import load_crnn
from training.network.crnn import Crnn
from training.network.dynamic_int8 import PARTS, measure
from training.network.packed_file import packed_weight_bytes, put_on_grid
from training.overrides import override
from training.recipes import RECIPES, for_keyword, run_name
from training.report import benchmark, plots
from training.report import results as report
from training.report.seeds import keep_seeds

log = logging.getLogger("training")

LARGE = "large"  # the run that teaches the teacher
ATTENTIVE = "-attentive"  # in the name of a student that learns attention as well
ATTENTION_WEIGHT = 0.5  # of the attention loss, where it is asked for
# Share of validation keywords to score below 0.5: the smallest must miss more to be bearable in talk.
MISSES = {"teacher": 0.05, "student": 0.05, "quantized": 0.05, "tiny": 0.10, "micro": 0.10}


def fetch(options: argparse.Namespace) -> None:
    """Bring the Speech Commands archive, unpack a folder of packed parts, or make synthetic speech with espeak-ng."""
    if options.synthesize is not None:
        for keyword in options.keyword:
            print(f"Words: {write_words(options.data, keyword)}.")
        print(f"Speech: {write_speech(options.data, options.synthesize, options.keyword[0])}.")
    elif options.lists is not None:
        print(f"{options.lists}: {write_lists(options.data / options.lists)} recordings, split by how they sound.")
    elif options.source is None:
        print(f"The archive is at {fetch_archive(options.data)}.")
    else:
        for folder in unpack_parts(options.source, options.data):
            print(f"Unpacked {folder}.")


def teacher(options: argparse.Namespace) -> None:
    """Train a network on labels alone; resumes if it was cut."""
    train(options, {options.run or run_name(options.recipe, options.keyword): RECIPES[options.recipe]})


def distill(options: argparse.Namespace) -> None:
    """Train students on what teachers say (dark knowledge, attention) and the labels; resumes if it was cut."""
    first = options.recipe + (ATTENTIVE if options.loss == "attention" else "")
    names = [options.run or run_name(first, options.keyword)]
    names += [run_name(spec.replace(":", "-"), options.keyword) for spec in options.beside]
    taught_by = RECIPES[options.recipe].distill.teachers or (LARGE,)
    teachers = tuple(options.teacher or [run_name(name, options.keyword) for name in taught_by])
    train(options, dict(zip(names, (student_config(spec, teachers) for spec in [first, *options.beside]), strict=True)))


def student_config(spec: str, teachers: tuple[str, ...]) -> RunConfig:
    """The settings of a student by a short name: RECIPE, RECIPE-attentive, either with :SEED.

    raises ValueError if there is none of that name
    """
    name, _, seed = spec.partition(":")
    config = RECIPES.get(name.removesuffix(ATTENTIVE))
    if config is None or not (seed or "0").isdecimal():
        raise ValueError(
            f"{spec!r} is no student; there are {', '.join(RECIPES)}, with {ATTENTIVE} and :SEED if wanted."
        )
    weight = ATTENTION_WEIGHT if name.endswith(ATTENTIVE) else 0.0
    distilling = replace(config.distill, teachers=teachers, attention_weight=weight)
    return replace(config, distill=distilling, train=replace(config.train, seed=int(seed or 0)))


def train(options: argparse.Namespace, configs: dict[str, RunConfig]) -> None:
    """Run or resume the training of configs, after the command line's changes, side by side. configs: by run name"""
    team = Team()
    changed = {name: override(for_keyword(config, options.keyword), options.set) for name, config in configs.items()}
    first = next(iter(changed.values()))
    store = open_store(options.data, options.work / "cache", first.data)
    taught = first.distill.teachers
    teachers = Teachers.load(taught, options.work, team.device) if taught else None
    members = []
    for name, config in changed.items():
        loss: Loss = DistillLoss(config.distill, config.crnn, teachers) if teachers else hard_loss
        members.append(Run(options.work / name, config, store, team, loss))
    cohort = Cohort(members)
    cohort.resume()
    best = cohort.train()
    team.disband()
    if team.writes:
        for path in best:
            print(
                f"The best checkpoint is {path}; export it with `python -m training export --run {path.parent.name}`."
            )


def export_stage(options: argparse.Namespace) -> None:
    """Calibrate a run's best checkpoint, script, verify and write it; or rebuild an artifact from packed weights."""
    if options.packed is not None:
        print(f"{rebuild(options.packed, DecisionConfig(), options.models)} rebuilt.")
        return
    write_artifact(options, *load_crnn(options.work / options.run / "best.pt"))


def quantize(options: argparse.Namespace) -> None:
    """Measure a run's network in int8, part by part and on a grid; round it to the grid and write the artifact."""
    crnn, settings = load_crnn(options.work / options.run / "best.pt")
    base = report.base_cost()
    print(f"{'in int8':24} {'raw bytes':>10} {'smaller':>9} {'file':>9} {'smaller':>9}   than the base in float32")
    for part, size in measure(crnn).items():
        print_size(f"dynamic, {part}", (size.raw, base.raw), (size.saved, base.saved))
    put_on_grid(crnn, options.bits)
    settings["train"]["weight_bits"] = options.bits
    path = write_artifact(options, crnn, settings)
    packed = path.with_suffix(PACKED_SUFFIX).stat().st_size
    raw = packed_weight_bytes(crnn, options.bits)
    print_size(f"all weights, {options.bits} bits", (raw, base.raw), (packed, base.packed))
    print("Files: torch.save of the state dict; the last one is the packed file.")


def print_size(name: str, raw: tuple[int, int], file: tuple[int, int]) -> None:
    """A row of the table: bytes of a network and of the base, without and with container."""
    print(f"{name:24} {raw[0]:10,} {raw[1] / raw[0]:8.2f}x {file[0]:9,} {file[1] / file[0]:8.2f}x")


def write_artifact(options: argparse.Namespace, crnn: Crnn, settings: dict[str, Any]) -> Path:
    """Calibrate and export a network under the role that the options name."""
    data = data_config(settings)
    store = open_store(options.data, options.work / "cache", data)
    role = options.role or options.run
    calibration = calibrate(crnn, store, options.misses or MISSES.get(role, MISSES["teacher"]))
    decision = DecisionConfig(smoothing_steps=options.smoothing, patience_steps=options.patience)
    path = export(crnn, settings, calibration, Identity(data.keyword, role, options.part), decision, options.models)
    print(f"{path}: {path.stat().st_size:,} bytes.")
    return path


def everything(options: argparse.Namespace) -> None:
    """The whole chain, from training to the report; what is finished is passed over, what was cut goes on."""
    places = ["--data", options.data, "--work", options.work, "--models", options.models]
    places += ["--threads", options.threads]
    keyword = options.keyword
    training = ["--keyword", keyword, "--set", *options.set]
    chain: list[list[Any]] = [
        ["teacher", "--recipe", "large", *training],
        ["distill", "--recipe", "teacher", *training],
        ["distill", *training],
        ["distill", "--recipe", "tiny", "--beside", "micro", *training],
    ]
    for role in report.ORDER:
        run = run_name("student" if role == "quantized" else role, keyword)
        chain.append(["quantize" if role == "quantized" else "export", "--role", role, "--run", run])
    heard = ["--hours", options.hours, "--write-card"]
    scored = ["--split", "all", "--stream", "--conditions", "all", *heard]
    for role in report.ORDER:
        model = ["--model", f"{keyword}/{role}"]
        chain += [["evaluate", *model, "--tune", *heard], ["evaluate", *model, *scored]]
    for role in report.ORDER[1:]:
        pair = ["--model", f"{keyword}/{role}", "--cascade", f"{keyword}/{report.ORDER[0]}"]
        chain.append(["evaluate", *pair, "--split", "testing", *heard])
    chain.append(["report", "--assets", options.assets])
    for command in chain:
        stage = [str(part) for part in (command[0], *places, *command[1:])]
        log.info("== python -m training %s", " ".join(stage))
        run_stage(build_parser().parse_args(stage))


def evaluate_stage(options: argparse.Namespace) -> None:
    """Score an artifact on clips and on continuous audio; print it, or put it into the artifact's card.

    raises ValueError if options contradict one another
    """
    check_evaluation(options)
    path = Path(options.model)
    if path.suffix != ".pt":
        path = find_model(options.model, options.models).path
    model = KeywordModel.load_own(path)
    data = data_config(model.card.training)
    name, decision = options.model, None
    if options.cascade is not None:
        second = KeywordModel.load_own(find_model(options.cascade, options.models).path)
        name += f" confirmed by {options.cascade}"
        request = stream_request(options, card_of_pair(model.card, second.card))
        figures = test_sets.score_cascade(model, second, options.stir, options.data, data, options.split, request)
        kept = with_pair(model.card, second.card, figures)
    elif options.tune:
        tried = test_sets.tune_on_validation(model, options.data, data, stream_request(options, model.card))
        figures = kept = {"tuning": [as_row(tuned) for tuned in tried]}
        decision = tried[0].config if tried else None
    else:
        figures = kept = evaluate_model(options, model, data)
    if options.write_card:
        update_card(path, kept, decision)
    figures = {"model": name, "keyword": model.card.keyword} | figures
    print(json.dumps(figures) if options.json else evaluate.as_text(figures))


def check_evaluation(options: argparse.Namespace) -> None:
    """raises ValueError where an option would be passed over, or a card would keep what does not hold in the app"""
    if options.cascade is not None and (options.clips or options.talk or options.tune or options.split == "all"):
        raise ValueError(
            "--cascade is scored on streams of one set: leave --clips, --talk, --tune and --split all out."
        )
    if not options.write_card:
        return
    if options.cascade is not None and (options.stir != STIR or options.split != "testing"):
        raise ValueError(
            f"a card keeps what a pair does in the app, at --stir {STIR:g} --split testing; leave --write-card out."
        )
    if options.threshold is not None:
        raise ValueError("a card's figures are of its own threshold: leave --threshold or --write-card out.")


def stream_request(options: argparse.Namespace, card: ModelCard) -> test_sets.Request:
    """What the options say of streams, for a model or a pair with this card."""
    config = card.decision_config(options.threshold)
    conditions = CONDITIONS if options.conditions == "all" else CONDITIONS[:1]
    cache = options.work / "cache"
    return test_sets.Request(config, card.step_samples, conditions, options.hours, options.seed, cache)


def evaluate_model(options: argparse.Namespace, model: KeywordModel, data: DataConfig) -> dict[str, Any]:
    """Figures of the clips and streams asked for, by split and condition."""
    figures: dict[str, Any] = {}
    if options.clips is not None or not options.talk:
        wanted = SPLITS if options.split == "all" else (options.split,)
        clips = [c for c in read_clips(options.clips or options.data / data.clips) if c.split in wanted]
        figures["clips"] = evaluate.score_clips(model, clips, model.card.keyword)
    request = stream_request(options, model.card)
    if options.talk:
        files = [file for folder in options.talk for file in audio_files(folder)]
        figures |= test_sets.score_talk(model, files, request)
    elif options.stream:
        splits = ["validation", "testing"] if options.split == "all" else [options.split]
        figures |= test_sets.score_sets(model, options.data, data, splits, request)
    return figures


def report_stage(options: argparse.Namespace) -> None:
    """Write models/RESULTS.md and the plots from the cards of the shipped artifacts."""
    keep_seeds(options.models, options.work / "seeds")
    text = report.results(options.models)
    (options.models / "RESULTS.md").write_text(text)
    keywords = sorted({entry.card.keyword for entry in find_models(options.models)})
    for keyword in keywords:
        entries = report.shipped(options.models, keyword)
        plots.fa_fr_curves(entries, options.assets / f"fa-fr-{keyword}.png")
        if len(entries) > 1:
            plots.area_against_cost(entries, options.assets / f"area-cost-{keyword}.png")
    logs = {path.parent.name: path for path in sorted(options.work.glob("*/log.csv"))}
    if logs:
        plots.training_curves(logs, options.assets / "training.png")
    print(text)


def benchmark_stage(options: argparse.Namespace) -> None:
    """Time one step of sound, scripted and eager, on one thread; or the pace of training."""
    if options.training:
        config = RECIPES["teacher"]
        store = open_store(options.data, options.work / "cache", config.data)
        print("\n".join(benchmark.training_report(store, config, options.work / "benchmark")))
    else:
        print("\n".join(benchmark.report(find_model(options.model, options.models).path)))


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    default_data = Path(os.environ.get("KWS_DATA", "data"))
    common.add_argument("--data", type=Path, default=default_data, metavar="DIR", help="the audio; KWS_DATA or data/")
    common.add_argument("--work", type=Path, default=Path("runs"), metavar="DIR", help="runs and caches; %(default)s/")
    common.add_argument("--models", type=Path, default=MODELS_DIR, metavar="DIR", help="where artifacts are")
    common.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of torch; %(default)s")
    stages = parser.add_subparsers(dest="stage", required=True, metavar="stage")

    def stage(name: str, function: Any) -> argparse.ArgumentParser:
        added = stages.add_parser(name, parents=[common], help=function.__doc__, description=function.__doc__)
        added.set_defaults(function=function)
        return added

    added = stage("fetch", fetch)
    added.add_argument("--from", dest="source", type=Path, metavar="DIR", help="a folder of packed parts (*.tar)")
    lists = "write the sets of a folder of words that name no speaker, as in wake_words: what sounds alike together"
    added.add_argument("--lists", metavar="FOLDER", help=lists)
    hours = "of synthetic speech, and single words, by espeak-ng"
    added.add_argument("--synthesize", type=float, metavar="HOURS", help=hours)
    words = "that synthetic speech avoids and says apart; happy by default"
    added.add_argument("--keyword", nargs="+", default=["happy"], metavar="WORD", help=words)
    added = stage("teacher", teacher)
    added.add_argument("--recipe", choices=("teacher", "large"), default="teacher", help="%(default)s")
    added.add_argument("--run", metavar="NAME", help="folder below --work; the recipe's name by default")
    added.add_argument("--keyword", default=DataConfig.keyword, metavar="WORD", help="%(default)s")
    added.add_argument("--set", nargs="*", default=[], metavar="SECTION.FIELD=VALUE", help="as train.epochs=80")
    added = stage("distill", distill)
    added.add_argument("--teacher", nargs="+", metavar="RUN", help="runs to learn from; by the recipe")
    added.add_argument("--loss", choices=("dark", "attention"), default="dark", help="attention adds to dark")
    beside = "more to train on the same batches: RECIPE or RECIPE-attentive, with :SEED if it is not 0"
    added.add_argument("--beside", nargs="*", default=[], metavar="STUDENT", help=beside)
    added.add_argument(
        "--recipe", choices=("student", "seed", "tiny", "micro", "teacher"), default="student", help="%(default)s"
    )
    added.add_argument("--run", metavar="NAME", help="folder below --work; the recipe's name by default")
    added.add_argument("--keyword", default=DataConfig.keyword, metavar="WORD", help="%(default)s")
    added.add_argument("--set", nargs="*", default=[], metavar="SECTION.FIELD=VALUE", help="as distill.temperature=5")
    for name, function, run, role in (
        ("export", export_stage, "teacher", None),
        ("quantize", quantize, "student", "quantized"),
    ):
        added = stage(name, function)
        added.add_argument("--run", default=run, metavar="NAME", help="folder below --work; %(default)s")
        role_help = f"of the artifact; {role or 'the name of the run'} by default"
        added.add_argument("--role", default=role, metavar="NAME", help=role_help)
        added.add_argument("--smoothing", type=int, default=1, metavar="N", help="posteriors averaged; %(default)s")
        patience = "steps in a row at or above the threshold; %(default)s"
        added.add_argument("--patience", type=int, default=1, metavar="N", help=patience)
        misses = "of the validation keywords, clean and at 10 dB, to score below 0.5; 0.05 or 0.1, by role"
        added.add_argument("--misses", type=float, metavar="SHARE", help=misses)
        added.set_defaults(packed=None)
        dynamic = "in dynamic int8; %(default)s"
        added.add_argument("--part", choices=tuple(PARTS), default="none", help=dynamic)
    added.add_argument("--bits", type=int, choices=range(2, 9), default=8, help="of every weight; %(default)s")
    stages.choices["export"].add_argument("--packed", type=Path, metavar="FILE", help="rebuild it from packed weights")
    added = stage("evaluate", evaluate_stage)
    added.set_defaults(threads=1)  # a step is far too small to share
    added.add_argument("--model", default="happy/teacher", metavar="NAME", help="keyword/role, or a .pt file")
    added.add_argument("--clips", type=Path, metavar="DIR", help="any folder in Speech Commands' layout")
    added.add_argument("--split", choices=(*SPLITS, "all"), default="validation", help="%(default)s")
    added.add_argument("--stream", action="store_true", help="lay the split's keywords into hours of sound")
    added.add_argument("--talk", nargs="+", type=Path, metavar="DIR", help="folders of speech without the keyword")
    added.add_argument("--conditions", choices=("clean", "all"), default="clean", help="noise, room, quiet, loud too")
    added.add_argument("--hours", type=float, default=test_sets.HOURS, metavar="H", help="of a stream; %(default)s")
    tuning = "choose smoothing, patience and threshold on validation streams; --write-card keeps them"
    added.add_argument("--tune", action="store_true", help=tuning)
    added.add_argument("--cascade", metavar="NAME", help="a second model that re-scores what the first stirs at")
    added.add_argument("--stir", type=float, default=STIR, metavar="X", help="score that wakes it; %(default)s")
    added.add_argument("--threshold", type=float, metavar="X", help="the model's own by default")
    added.add_argument("--seed", type=int, default=0, help="of the stream's composition; %(default)s")
    added.add_argument("--json", action="store_true", help="one JSON object")
    added.add_argument("--write-card", action="store_true", help="put the figures into the artifact's card")
    added = stage("report", report_stage)
    added.add_argument("--assets", type=Path, default=ASSETS_DIR, metavar="DIR", help="where plots go")
    added = stage("all", everything)
    added.add_argument("--hours", type=float, default=test_sets.HOURS, metavar="H", help="of each stream; %(default)s")
    added.add_argument("--keyword", default=DataConfig.keyword, metavar="WORD", help="%(default)s")
    added.add_argument("--set", nargs="*", default=[], metavar="SECTION.FIELD=VALUE", help="for every training stage")
    added.add_argument("--assets", type=Path, default=ASSETS_DIR, metavar="DIR", help="where plots go")
    added = stage("benchmark", benchmark_stage)
    added.add_argument("--model", default="happy/teacher", metavar="NAME", help="%(default)s")
    added.add_argument("--training", action="store_true", help="sequences a second, made and learnt from")
    return parser


def run_stage(options: argparse.Namespace) -> None:
    """One stage with its options. raises whatever the stage does"""
    torch.set_num_threads(options.threads)
    options.function(options)


def main(arguments: list[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        run_stage(options)
    except (AudioError, ModelError, ValueError, OSError) as error:
        print(f"training {options.stage}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
