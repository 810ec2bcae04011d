"""Prints the progress of `own-word` as a JSON object on each line, for the window that started it."""

import json
import sys

from training.own_word.make import Made
from training.own_word.students import MadeStudents, name_of
from training.progress import Progress

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
# The same for the students, which are made after the expert.
_STUDENT_PARTS: dict[str, tuple[float, float, str]] = {
    "near takes": (0.0, 0.12, "Voices say words that sound like the word"),
    "lessons of takes": (0.12, 0.28, "Small models hear the word in rooms and noise"),
    "lessons of recordings": (0.28, 0.32, "Small models hear your recordings in rooms and noise"),
    "lessons of near": (0.32, 0.36, "Small models hear words that sound like the word"),
    "training teacher": (0.36, 0.66, "A small model learns from the accurate model, which can listen already"),
    "training student": (0.66, 0.97, "The smallest model learns from the accurate model, which can listen already"),
    "measuring students": (0.97, 1.0, "The small models are measured on sound that they have not heard"),
}
EXPERT_SHARE = 0.3  # share of the whole work that the expert takes, if students follow


class JsonProgress:
    """Prints {"share", "text"} on the output stream, with "curve" when a part of the model is new."""

    def __init__(self, with_students: bool) -> None:
        self._expert_share = EXPERT_SHARE if with_students else 1.0
        self._expert_is_made = False
        self._last: dict[str, object] = {"share": 0.0, "text": ""}

    @property
    def progress(self) -> Progress:
        return Progress(tell=self._tell, show_curve=lambda curve: _print({**self._last, "curve": list(curve)}))

    def _tell(self, what: str, done: int, total: int, note: str) -> None:
        parts = _STUDENT_PARTS if self._expert_is_made else _PARTS
        if what in parts:
            begin, end, text = parts[what]
            share = begin + (end - begin) * done / max(1, total)
            first, last = (self._expert_share, 1.0) if self._expert_is_made else (0.0, self._expert_share)
            text = f"{text}: {done} of {total}." if total > 1 else f"{text}."
            self._last = {"share": round(first + (last - first) * share, 4), "text": text}
            _print(self._last)

    def print_ready(self, made: Made) -> None:
        """Print the model that can be used, whether it is new, what to expect of it, and its curve.

        A share below 1 says that students follow.
        """
        self._expert_is_made = True
        line = {
            "share": self._expert_share if made.replaced else 1.0,
            "text": " ".join(made.describe().splitlines()[1:]),
            "ready": name_of(made.path),
            "replaced": made.replaced,
            "curve": made.curve(),
        }
        _print(line)

    def print_students(self, made: MadeStudents) -> None:
        """Print a line for each student that can be used."""
        for path in made.paths:
            _print({"share": 1.0, "text": made.judged[path.stem].describe(path.stem), "ready": name_of(path)})


def _print(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
