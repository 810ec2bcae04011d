"""kws-detect: the app's detector over audio files, from the command line, faster than real time."""

import argparse
import json
import sys
from pathlib import Path

from kws_app.card import DEFAULT_MODEL, find_model
from kws_app.detector import Detector
from kws_app.errors import AudioError, ModelError
from kws_app.files import read_blocks
from kws_app.model import KeywordModel, prepare_torch
from kws_app.paths import MODELS_DIR


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="kws-detect",
        description="Find the keyword in audio files, with the same detector that the app runs.",
        epilog="Exit status: 0 when every file was read, 2 when one was not or the options are wrong.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="WAV, FLAC, OGG or MP3, any rate")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME", help="as in %(default)s, the default")
    parser.add_argument("--threshold", type=float, metavar="X", help="0..1; the model's own by default")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    prepare_torch()
    try:
        model = KeywordModel.load(find_model(options.model, MODELS_DIR).path)
        config = model.card.decision_config(options.threshold)
    except (ModelError, ValueError) as error:
        print(f"kws-detect: {error}", file=sys.stderr)
        return 2
    status = 0
    for path in options.files:
        detector = Detector(model, config)
        try:
            for samples in read_blocks(path):
                for detection in detector.process(samples).detections:
                    report(path, options.model, model, detection.time_s, detection.score, options.json)
        except AudioError as error:
            print(f"kws-detect: {error}", file=sys.stderr)
            status = 2
    return status


def report(path: Path, name: str, model: KeywordModel, time_s: float, score: float, as_json: bool) -> None:
    """One detection, as text or as a JSON object, on a line of its own."""
    if as_json:
        row = {
            "file": str(path),
            "keyword": model.card.keyword,
            "model": name,
            "time_s": round(time_s, 3),
            "score": round(score, 4),
        }
        print(json.dumps(row), flush=True)
    else:
        print(f"{path}  {time_s:9.2f} s  {model.card.keyword}  {score:.3f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
