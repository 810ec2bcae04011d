"""The limits of a card: type and range of each value. The card may come from somebody else."""

import json
import re
from collections.abc import Mapping
from typing import Any

LARGEST_CARD_BYTES = 1_000_000  # the program's own cards have 61,000
DEEPEST = 12  # levels of objects in objects
MOST_VALUES = 100_000  # in a card
LONGEST_TEXT = 4_000  # characters
LONGEST_KEY = 200  # characters
LARGEST_NUMBER = 1e12
LONGEST_SHOWN = 300  # characters of a card's text in the window
LARGEST_TOLERANCE = 0.1  # of a score; with more, the golden input proves nothing

# least and most of the whole numbers
COUNTS: dict[str, tuple[int, int]] = {
    "step_frames": (1, 1000),
    "context_frames": (1, 1000),
    "window_steps": (1, 1000),
    "parameters": (0, 100_000_000),
    "macs": (0, 1_000_000_000_000),
    "weight_bytes": (0, 1_000_000_000),
}
MOST_GOLDEN = 10_000  # scores of the golden input, and values of the state after it
MOST_COUNTED = 10_000_000  # keywords, misses or false alarms of a measured point
LONGEST_HOURS = 1_000_000.0  # of measured sound
MOST_POINTS = 5_000  # of an operating curve
DECISION_FIELDS = {"smoothing_steps", "patience_steps", "refractory_s"}
_TEXT_OUT = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)  # control, bidi, surrogates


def is_number(value: object) -> bool:
    """Whether a value from JSON is a finite number within limits, and not true or false."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


def is_plain_text(text: object) -> bool:
    """Whether a text is short enough, and without control characters, surrogates and marks of writing direction."""
    return isinstance(text, str) and len(text) <= LONGEST_TEXT and _TEXT_OUT.search(text) is None


def parse_object(text: str) -> dict[str, Any]:
    """A JSON object whose values are within the limits. raises ValueError or TypeError"""
    if len(text) > LARGEST_CARD_BYTES:
        raise ValueError(f"it has more than {LARGEST_CARD_BYTES:,} characters")
    try:
        raw = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_key_twice)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(raw, dict):
        raise TypeError("it is no JSON object")
    _check_tree(raw)
    return raw


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is given twice")
    return found


def _check_tree(raw: Any) -> None:
    """raises ValueError if any value is beyond the limits"""
    count, level = 0, [raw]
    for _depth in range(DEEPEST + 1):
        below: list[Any] = []
        count += len(level)
        for value in level:
            if type(value) in (float, int) and -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
                continue  # nearly all of them
            if isinstance(value, dict):
                if not all(is_plain_text(key) and len(key) <= LONGEST_KEY for key in value):
                    raise ValueError("a field's name is not plain text")
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                if not is_plain_text(value):
                    raise ValueError(f"the text {value!r:.60} is too long or not plain")
            elif not (value is None or isinstance(value, bool) or is_number(value)):
                raise ValueError(f"the number {value!r:.60} is too large")
        if count > MOST_VALUES:
            raise ValueError(f"it holds more than {MOST_VALUES:,} values")
        if not below:
            return
        level = below
    raise ValueError(f"it is nested deeper than {DEEPEST}")


def check_count(name: str, value: object, least: int, most: int) -> None:
    """raises ValueError unless the value is a whole number within limits"""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} must be a whole number from {least:,} to {most:,}, got {value!r:.60}")


def check_numbers(name: str, values: object, most: int) -> None:
    """raises ValueError unless the value is a list of at most this many numbers"""
    if not isinstance(values, list) or len(values) > most or not all(map(is_number, values)):
        raise ValueError(f"{name} must be a list of at most {most:,} numbers")


def check_fields(name: str, found: Mapping[str, Any], known: set[str]) -> None:
    """raises ValueError on an unknown field"""
    unknown = sorted(set(found) - known)
    if unknown:
        raise ValueError(f"{name} has the unknown field {unknown[0]!r:.60}")


def shown(text: object, otherwise: str) -> str:
    """A text of a card for the window; a long text is cut. otherwise: shown if it is no text"""
    if not isinstance(text, str):
        return otherwise
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
