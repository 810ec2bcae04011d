"""kws-detect: the app's detector over audio files, from the command line, faster than real time."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from kws_app.audio.audio_file import TAIL_S, read_blocks
from kws_app.detection.cascade import detector_of
from kws_app.detection.decision import Detection
from kws_app.detection.detector import Detector
from kws_app.engine.backends import ENGINE_HELP, ENGINES, checked_engine
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.engine.catalogue import ModelFolders
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.pairs import card_of_pair, pair_name
from kws_app.errors import AudioError, ModelError
from kws_app.paths import MODELS_DIR, default_data_dir, own_models_dir

CLOSED = 141  # exit status of a program whose output is closed: 128 and SIGPIPE, as the shell has it


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kws-detect",
        description="Find the keyword in audio files, with the same detector that the app runs.",
        epilog="Exit status: 0 when every file was read, 2 when one was not or the options are wrong.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WAV, FLAC, OGG or MP3, any rate")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="as in %(default)s, the default")
    parser.add_argument(
        "--confirm",
        metavar="NAME",
        help="a second model of the keyword, such as happy/teacher: it hears the last 2 s again where the first stirs, "
        "and decides by its own threshold: far fewer false alarms for hardly more work; what stirs nothing is missed",
    )
    parser.add_argument("--threshold", type=float, metavar="X", help="0..1; the model's own by default")
    parser.add_argument("--engine", choices=ENGINES, help=ENGINE_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    folders = ModelFolders([MODELS_DIR, own_models_dir(default_data_dir())])
    try:
        engine = checked_engine(options.engine)
        model = KeywordModel.load(folders.find(options.model).path, engine)
        second = KeywordModel.load(folders.find(options.confirm).path, engine) if options.confirm else None
        config = card_of_pair(model.card, second.card if second else None).decision_config(options.threshold)
    except (ModelError, ValueError) as error:
        say(str(error))
        return 2
    name = pair_name(options.model, options.confirm or "")
    status = 0
    for path in options.files:
        try:
            for detection in detections(path, detector_of(model, second, config)):
                report(path, name, model, detection.time_s, detection.score, options.json)
        except AudioError as error:
            say(str(error))
            status = 2
        except BrokenPipeError:  # whoever reads the output, as `head` does, has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at the end
            return CLOSED
    return status


def detections(path: Path, detector: Detector) -> Iterator[Detection]:
    """What a fresh detector finds in a file, as it is read. raises AudioError if it is no audio

    Silence is heard after the end, as a word there would else be missed; times stay within the file.
    """
    length = 0
    for samples in read_blocks(path):
        length += len(samples)
        yield from detector.process(samples).detections
    for detection in detector.process(np.zeros(int(TAIL_S * SAMPLE_RATE), dtype=np.float32)).detections:
        yield replace(detection, sample=min(detection.sample, length))


def say(message: str) -> None:
    """A sentence on stderr."""
    print(printable(f"kws-detect: {message}"), file=sys.stderr)


def printable(text: str) -> str:
    """The text with what no terminal can show, as the bytes of a file's name may hold, written as escapes."""
    return text.encode(errors="backslashreplace").decode()


def report(path: Path, name: str, model: KeywordModel, time_s: float, score: float, as_json: bool) -> None:
    """One detection, as text or as a JSON object, on a line of its own."""
    if as_json:
        row = {
            "file": printable(str(path)),
            "keyword": model.card.keyword,
            "model": name,
            "time_s": round(time_s, 3),
            "score": round(score, 4),
        }
        print(json.dumps(row), flush=True)
    else:
        name = printable(str(path))
        print(f"{name}  {time_s:9.2f} s  {model.card.keyword}  {score:.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
