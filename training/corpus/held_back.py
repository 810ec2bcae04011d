"""Held-back audio: nobody here trains, tunes or tests on it, because it judges the result.

`held_back.json` beside this file names it. The commands that bring audio leave it out, and so do the readers of audio
folders.
"""

import json
import logging
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

FOLDERS = 6  # how many last parts of a path are looked at: the folders above them say nothing about the file
LIST = Path(__file__).with_name("held_back.json")

log = logging.getLogger(__name__)


@cache
def held_back_names() -> dict[str, frozenset[str]]:
    """The names on the list, in lower case, by kind: see `held_back.json`."""
    table: dict[str, list[str]] = json.loads(LIST.read_text(encoding="utf-8"))
    return {kind: frozenset(name.lower() for name in names) for kind, names in table.items()}


def is_held_back(path: Path | str) -> bool:
    """Whether the list names this file. Only the file's name and folders are looked at.

    A word of the wake word benchmark is held back only in that data set's own folder: a user may record the same word.
    """
    parts = [_plain(part) for part in Path(path).parts[-FOLDERS:]]
    if not parts:
        return False
    names = held_back_names()
    stem, folders = Path(path).stem.lower(), parts[:-1]
    if any(name in part for name in names["anywhere"] for part in parts):
        return True
    if stem in names["spoken command"]:
        return True
    if "_nohash_" in stem and stem.split("_nohash_")[0] in names["speech commands speaker"]:
        return True
    if any(folder in names["librispeech set"] for folder in folders):
        return True
    reader = re.fullmatch(r"(\d+)-\d+-\d+", stem)
    if reader and reader[1] in names["librispeech speaker"]:
        return True
    learner = re.match(r"(?:spk|speaker)(\d{4})", stem)
    if learner and f"spk{learner[1]}" in names["learner"]:
        return True
    if any(folder.startswith("speaker") and f"spk{folder[7:]}" in names["learner"] for folder in folders):
        return True
    where = " / ".join(folders)
    in_benchmark = "wake words / " in f"{where} / " or "wake word benchmark" in where
    if in_benchmark and any(folder in names["benchmark word"] for folder in folders):
        return True
    return "ovos ww community dataset" in where and any(folder in names["community word"] for folder in folders)


def _plain(name: str) -> str:
    """A name in lower case, with a space for each dash or underscore between letters. A dash beside a digit stays."""
    return re.sub(r"(?<=[a-z])[-_](?=[a-z])", " ", name.lower())


def without_held_back(paths: Iterable[Path]) -> list[Path]:
    """The paths that the list does not name. Logs how many paths are left out."""
    everything = list(paths)
    kept = [path for path in everything if not is_held_back(path)]
    if len(kept) < len(everything):
        log.warning("%d held-back audio file(s) passed over", len(everything) - len(kept))
    return kept


def refuse_held_back(path: Path | str) -> None:
    """raises ValueError if the list names this file"""
    if is_held_back(path):
        raise ValueError(f"{path} is held back: it judges the result, so nobody may train or test on it. Leave it out.")
