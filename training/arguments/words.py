"""The options of the stages that make or try the models of a word."""

import argparse
from pathlib import Path

from training.arguments.shared import add_places
from training.corpus.recordings import SPLITS
from training.own_word.trial import Trial
from training.ready_word.ready_config import ROLES


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
    add_quick(parser, "few takes and short training")
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
    add_quick(parser, "few sequences and short training")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="FIELD=VALUE", help="change amounts, as in teacher_epochs=20 seed=1"
    )
    add_places(parser, threads=1)  # the same number of threads gives the same network


def add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--words", nargs="+", default=Trial.words, metavar="WORD", help="folders below wake_words")
    parser.add_argument("--counts", nargs="+", type=int, default=Trial.counts, metavar="N", help="recordings given")
    parser.add_argument("--draws", type=int, default=Trial.draws, metavar="N", help="default: %(default)s of each")
    parser.add_argument(
        "--students", nargs="*", type=int, default=(), metavar="N", help="counts at which the students are tried too"
    )
    add_quick(parser, "few takes and short training")
    add_places(parser)


def add_expert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", metavar="WORD", help="a word with recordings of many people")
    parser.add_argument(
        "--voices-only", action="store_true", help="voices teach the word, and all recordings of people measure it"
    )
    parser.add_argument("--measure", action="store_true", help="only measure the expert that is there")
    parser.add_argument(
        "--sets",
        nargs="+",
        choices=SPLITS,
        default=["testing"],
        metavar="SET",
        help="with --measure: the recordings to measure on, which it was not trained on; default: testing",
    )
    add_quick(parser, "few takes and short training")
    add_places(parser)


def add_quick(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--quick", action="store_true", help=f"{what}, to try the command out")
