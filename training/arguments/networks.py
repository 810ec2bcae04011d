"""The options of the stages that train networks and write model files."""

import argparse
from pathlib import Path

from training.arguments.shared import add_changes, add_keyword, add_places
from training.network.dynamic_int8 import PARTS


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


def add_distilling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--teacher", nargs="+", metavar="RUN", help="runs to learn from; default: as the recipe says")
    parser.add_argument(
        "--loss",
        choices=("dark", "attention"),
        default="dark",
        help="learn the teachers' scores (dark), or their attention as well; default: %(default)s",
    )
    parser.add_argument(
        "--beside",
        nargs="*",
        default=[],
        metavar="STUDENT",
        help="more students to train on the same batches: RECIPE or RECIPE-attentive, and :SEED if the seed is not 0",
    )


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


def add_bits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bits",
        type=int,
        choices=range(2, 9),
        default=8,
        metavar="N",
        help="bits of each weight, 2 to 8; default: %(default)s",
    )
