"""Prints the progress of `own-word` as a JSON object on each line, for the window that started it."""

import json
import sys

from training.own_word.make import Made
from training.progress import Curve, Progress

# Each kind of work: its beginning and end as shares of the whole, and a text for a person.
_PARTS: dict[str, tuple[float, float, str]] = {
    "takes": (0.0, 0.45, "Voices say the word"),
    "sequences of takes": (0.45, 0.60, "The word is put into rooms and noise"),
    "sequences of recordings": (0.60, 0.64, "Your recordings are put into rooms and noise"),
    "sequences of mistakes": (0.64, 0.66, "The false alarms are put into rooms and noise"),
    "head 1": (0.66, 0.76, "The model learns to tell the word from talk (1 of 3)"),
    "head 2": (0.76, 0.86, "The model learns to tell the word from talk (2 of 3)"),
    "head 3": (0.86, 0.96, "The model learns to tell the word from talk (3 of 3)"),
    "measuring": (0.96, 1.0, "The model is measured on sound that it has not heard"),
}


def json_progress() -> Progress:
    """Progress that prints {"share", "text"} on the output stream, with "curve" where a part of the model is new."""
    last: dict[str, object] = {"share": 0.0, "text": ""}

    def tell(what: str, done: int, total: int, note: str) -> None:
        if what in _PARTS:
            begin, end, text = _PARTS[what]
            share = begin + (end - begin) * done / max(1, total)
            last.update(share=round(share, 4), text=f"{text}: {done} of {total}." if total > 1 else f"{text}.")
            _print(last)

    def show_curve(curve: Curve) -> None:
        _print({**last, "curve": list(curve)})

    return Progress(tell=tell, show_curve=show_curve)


def print_ready(made: Made) -> None:
    """Print the last line: the model, whether it is new, what to expect of it, and its curve."""
    name = f"{made.path.parent.name}/{made.path.stem}"
    sentences = made.describe().splitlines()[1:]
    _print({"share": 1.0, "text": " ".join(sentences), "ready": name, "replaced": made.replaced, "curve": made.curve()})


def _print(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
