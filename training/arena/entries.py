"""Entries: what plays in a contest. An engine is one entry. Of ours, each model and the pair of two is one."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kws_app.engine.model_file import MODEL_SUFFIX
from kws_app.paths import MODELS_DIR
from training.arena.plugins import Plugin
from training.corpus.recordings import audio_files

OURS = "kws"  # the plug-in that runs our models
MODEL = "KWS_ARENA_MODEL"  # the environment's variable with the model's file, or with both files of a pair
ROLES = ("teacher", "student", "expert")  # the models that play, where the word has them
PAIR = ("student", "expert")  # the second confirms the first


@dataclass(frozen=True)
class Entry:
    """An engine with its settings."""

    plugin: Plugin
    name: str  # in tables
    environ: dict[str, str] = field(default_factory=dict)  # for its process
    files: tuple[Path, ...] = ()  # models, whose bytes its scores depend on
    takes: Path | None = None  # recordings that it learns the word from

    def digest(self) -> str:
        """Changes with everything that its scores depend on, beside the sound."""
        found = hashlib.sha256(repr((self.plugin.requirements, self.plugin.without_dependencies)).encode())
        for path in (self.plugin.path, *self.files, *(audio_files(self.takes) if self.takes else ())):
            found.update(path.read_bytes())
        return found.hexdigest()[:12]


def entries(
    plugins: Sequence[Plugin], word: str, models: Sequence[Path] = (MODELS_DIR,), takes: Path | None = None
) -> list[Entry]:
    """An entry for each engine; for ours, an entry for each model of the word in these folders, and for each pair.

    raises ValueError if no engine can play
    """
    found: list[Entry] = []
    for plugin in plugins:
        found += _ours(plugin, word, models) if plugin.name == OURS else [Entry(plugin, plugin.name, takes=takes)]
    if not found:
        raise ValueError(f"No engine knows the word {word!r}, and there is no model of it: make one with `own-word`.")
    return found


def _ours(plugin: Plugin, word: str, models: Sequence[Path]) -> Iterator[Entry]:
    for folder in models:
        of = "" if folder == MODELS_DIR else f" ({folder.name})"
        files = {role: folder / word / f"{role}{MODEL_SUFFIX}" for role in ROLES}
        for role, path in files.items():
            if path.is_file():
                yield Entry(plugin, f"our {role}{of}", {MODEL: str(path.resolve())}, (path,))
        both = tuple(files[role] for role in PAIR)
        if all(path.is_file() for path in both):
            joined = os.pathsep.join(str(path.resolve()) for path in both)
            yield Entry(plugin, f"our {' and '.join(PAIR)}{of}", {MODEL: joined}, both)
