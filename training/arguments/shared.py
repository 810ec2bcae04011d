"""Options that several stages have."""

import argparse
import os
from pathlib import Path

from kws_app.paths import ASSETS_DIR, MODELS_DIR
from training.config import DataConfig
from training.evaluate.test_sets import HOURS


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


def add_assets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--assets", type=Path, default=ASSETS_DIR, metavar="DIR", help="folder of the plots; default: the project's"
    )


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


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", default="happy/teacher", metavar="NAME", help="KEYWORD/ROLE or a .pt file; default: %(default)s"
    )


def add_hours(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hours", type=float, default=HOURS, metavar="H", help="length of a stream; default: %(default)g"
    )
