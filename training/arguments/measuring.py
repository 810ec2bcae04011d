"""The options of the stages that measure models and compare engines."""

import argparse
from pathlib import Path

from kws_app.detection.cascade import STIR
from training.arena.contest import Contest
from training.arguments.shared import add_hours
from training.corpus.recordings import SPLITS


def add_evaluating(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        nargs="+",
        default=["happy/teacher"],
        metavar="NAME",
        help="KEYWORD/ROLE or a .pt file; several of the same word hear streams together, which saves time; "
        "default: happy/teacher",
    )
    what = parser.add_argument_group("sound to score on")
    what.add_argument(
        "--split", choices=(*SPLITS, "all"), default="validation", help="set of recordings; default: %(default)s"
    )
    what.add_argument("--clips", type=Path, metavar="DIR", help="clips in another folder, in Speech Commands' layout")
    what.add_argument("--stream", action="store_true", help="also hours of sound that the set's keywords are laid into")
    what.add_argument("--talk", nargs="+", type=Path, metavar="DIR", help="folders of speech without the keyword")
    what.add_argument(
        "--conditions",
        nargs="+",
        default=["clean"],
        metavar="NAME",
        help="streams as recorded (clean), also with noise at 10 dB and with words that stand by themselves (noise), "
        "under every condition (all), or single conditions such as room; default: clean",
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
    result.add_argument("--json", action="store_true", help="print a JSON object for each model")
    result.add_argument("--write-card", action="store_true", help="put the figures into the model's card")


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
