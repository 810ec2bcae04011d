"""Where models are found: the folder that ships with the program, and the user's own. No Qt; torch only to add one."""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kws_app.card import ModelEntry, broken_models, find_model, find_models, read_card
from kws_app.errors import ModelError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,40}")  # of a keyword and a role: they become a folder and a file


class ModelFolders:
    """Folders with models as <keyword>/<role>.pt; a name that is in several is the first one's."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def find_all(self) -> tuple[list[ModelEntry], list[str]]:
        """Every model by name, and why each file that is none is none."""
        entries: dict[str, ModelEntry] = {}
        broken: list[str] = []
        for folder in self.folders:
            for entry in find_models(folder):
                entries.setdefault(entry.name, entry)
            broken += broken_models(folder)
        return sorted(entries.values(), key=lambda entry: entry.name), broken

    def find(self, name: str) -> ModelEntry:
        """The model called keyword/role. raises ModelError naming the models there are"""
        for folder in self.folders:
            if (folder / f"{name}.pt").is_file():
                return find_model(name, folder)
        names = ", ".join(entry.name for entry in self.find_all()[0]) or "none"
        raise ModelError(f"There is no model {name!r}; there are: {names}.")

    def add(self, path: Path) -> str:
        """Verify a model and copy it into the last folder, the user's own; its name. Takes a second or more.

        raises ModelError, in one sentence, if it is damaged, or its name is taken by a model that ships
        """
        from kws_app.model import KeywordModel, prepare_torch

        card = read_card(path)
        for word in (card.keyword, card.role):
            if not NAME.fullmatch(word):
                raise ModelError(f"{path} cannot be added: {word!r} is no name for a keyword or a role.")
        name = f"{card.keyword}/{card.role}"
        if any((folder / f"{name}.pt").is_file() for folder in self.folders[:-1]):
            raise ModelError(f"{path} cannot be added: a model called {name} comes with the program.")
        prepare_torch()
        KeywordModel.load(path)  # its answer to the golden input is compared with its card's
        try:
            _copy(path, self.folders[-1] / f"{name}.pt")
        except OSError as error:
            raise ModelError(f"{path} could not be copied to {self.folders[-1]} ({error}).") from error
        return name


def _copy(source: Path, target: Path) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}")
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
