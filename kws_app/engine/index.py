"""Decides by SHA-256 which jitted models are ours: those of the program, and those made on this machine.

Only two lists count: index.json in the program's folder of models, and the user's list in the folder for settings,
outside any folder of models. An index.json in another folder does not count.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_app.atomic_file import write_whole
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR, own_programs_file
from kws_app.regular_file import make_private
from kws_app.translation import _

INDEX = "index.json"
PROGRAM_SUFFIX = ".pt"
LARGEST_PROGRAM_BYTES = 64_000_000  # the program's own have 150,000
LARGEST_INDEX_BYTES = 4_000_000
MOST_OWN = 10_000  # jitted models made here that are listed; with more, the oldest are dropped


@dataclass(frozen=True)
class Program:
    """The bytes of a jitted model that is ours."""

    path: Path
    content: bytes


def own_program(path: Path) -> Program:
    """A jitted model, if it is in a list. raises ModelError, in one sentence, for any other file"""
    content = _read(path)
    if not is_ours(content):
        raise ModelError(
            _(
                "{path} is a program that was not made on this machine, so it is not opened: "
                "ask its maker for the .safetensors file, which contains no program.",
                path=path,
            )
        )
    return Program(path, content)


def is_ours(content: bytes) -> bool:
    """Whether a list has the SHA-256 of a jitted model."""
    sha256 = sha256_of(content)
    return sha256 in _listed(MODELS_DIR / INDEX) or sha256 in _listed(own_programs_file())


def note_own(content: bytes) -> None:
    """Add a jitted model that was made on this machine to the user's list. raises OSError if it cannot be written"""
    path = own_programs_file()
    sha256 = sha256_of(content)
    known = _listed(path)
    if sha256 in known:
        return
    make_private(path.parent)
    models = {f"made here {i}": {"sha256": value} for i, value in enumerate([*known, sha256][-MOST_OWN:])}
    write_whole(path, (json.dumps({"models": models}, indent=1) + "\n").encode())


def write_index(folder: Path) -> None:
    """Write index.json with the SHA-256 of every jitted model <folder>/<keyword>/<role>.pt.

    It only counts in the program's own folder.
    """
    models = {
        f"{path.parent.name}/{path.stem}": {"sha256": sha256_of(path.read_bytes())}
        for path in sorted(folder.glob(f"*/*{PROGRAM_SUFFIX}"))
    }
    write_whole(folder / INDEX, (json.dumps({"models": models}, indent=1) + "\n").encode())
    (folder / INDEX).chmod(0o644)


def sha256_of(content: bytes) -> str:
    """In hexadecimal digits."""
    import hashlib  # late, as it takes long

    return hashlib.sha256(content).hexdigest()


def _listed(index: Path) -> list[str]:
    """Each SHA-256 in a list, oldest first; empty if the list cannot be read."""
    try:
        if index.stat().st_size > LARGEST_INDEX_BYTES:
            return []
        models: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))["models"]
        return [str(entry["sha256"]) for entry in models.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def _read(path: Path) -> bytes:
    if not path.is_file():  # so that nothing waits for a pipe
        raise ModelError(_("There is no model file at {path}: choose another model.", path=path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_PROGRAM_BYTES + 1)
    except OSError as error:
        raise ModelError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from error
    if len(content) > LARGEST_PROGRAM_BYTES:
        raise ModelError(_("{path} is too large to be a model.", path=path))
    return content
