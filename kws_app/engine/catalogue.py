"""Finds models in the folder that ships with the program and in the user's folder. No torch, no Qt.

A model is <folder>/<keyword>/<role>.safetensors. Beside it may lie the jitted form, <role>.pt. A .pt file alone is a
model only if it is ours (index.py); any other .pt file is never opened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.engine.card import ModelCard
from kws_app.engine.index import PROGRAM_SUFFIX
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import MODEL_SUFFIX, parse_model_file, read_bytes, read_card
from kws_app.engine.names import ModelName
from kws_app.errors import ModelError, brief
from kws_app.regular_file import make_private
from kws_app.translation import _

MOST_FILES = 1_000  # files of a folder; further files are ignored


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be chosen. `name` is keyword/role. The entry of a pair has the path of its first model."""

    name: str
    path: Path
    card: ModelCard


def find_models(folder: Path) -> list[ModelEntry]:
    """The readable models of a folder, sorted by name. Files that cannot be read are left out."""
    return [entry for entry in _scan(folder) if isinstance(entry, ModelEntry)]


def find_model(name: str, folder: Path) -> ModelEntry:
    """The model keyword/role in `folder`. raises ModelError, which names all models"""
    return ModelFolders([folder]).find(name)


def model_path(folder: Path, name: ModelName) -> Path | None:
    """The path of a model's .safetensors file, or else of its .pt file; None without both."""
    for suffix in (MODEL_SUFFIX, PROGRAM_SUFFIX):
        path = folder / name.keyword / f"{name.role}{suffix}"
        if path.is_file():
            return path
    return None


def _scan(folder: Path) -> Iterator[ModelEntry | ModelError]:
    """For each file, sorted by name: its entry, or why it cannot be offered, in one sentence."""
    files = {
        path.with_suffix(""): path  # the .safetensors file replaces the .pt file
        for suffix in (PROGRAM_SUFFIX, MODEL_SUFFIX)
        for path in sorted(folder.glob(f"*/*{suffix}"))[:MOST_FILES]
    }
    for _place, path in sorted(files.items()):
        try:
            yield _entry(path)
        except ModelError as error:
            yield error
        except Exception as error:  # any error of a foreign file: the other models are still offered
            yield ModelError(_("{path} cannot be offered ({error}).", path=path, error=brief(error)))


def _entry(path: Path) -> ModelEntry:
    try:
        name = ModelName(path.parent.name, path.stem)
    except ValueError as error:
        raise ModelError(
            _("{path} cannot be offered: rename it, with letters and digits.", path=ascii(str(path)))
        ) from error
    return ModelEntry(str(name), path, read_card(path))


def unknown_model(name: str, entries: list[ModelEntry]) -> ModelError:
    """The error for a name without a model. entries: all models, which the error names"""
    names = ", ".join(entry.name for entry in entries) or _("none")
    return ModelError(_("There is no model {name!r}. The models are: {names}.", name=name, names=names))


class ModelFolders:
    """Several folders with models. If a name is in several folders, the first folder counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def find_all(self) -> tuple[list[ModelEntry], list[str]]:
        """Every model, sorted by name, and one sentence for each file that cannot be offered."""
        entries: dict[str, ModelEntry] = {}
        broken: list[str] = []
        for folder in self.folders:
            for found in _scan(folder):
                if isinstance(found, ModelEntry):
                    entries.setdefault(found.name, found)
                else:
                    broken.append(str(found))
        return sorted(entries.values(), key=lambda entry: entry.name), broken

    def find(self, name: str) -> ModelEntry:
        """The model keyword/role. raises ModelError, which names all models"""
        return _entry(self.path(name))

    def path(self, name: str) -> Path:
        """The path of the model keyword/role. raises ModelError, which names all models"""
        try:
            parsed = ModelName.parse(name)
        except ValueError as error:
            raise unknown_model(name, self.find_all()[0]) from error
        for folder in self.folders:
            path = model_path(folder, parsed)
            if path is not None:
                return path
        raise unknown_model(name, self.find_all()[0])

    def add(self, path: Path) -> str:
        """Copy a model file into the last folder, which is the user's. Returns its name, keyword/role.

        raises ModelError, in one sentence, if it is no model file, or if a model of the program has its name
        """
        check_suffix(path)
        content = read_bytes(path)
        card = KeywordModel.of_file(path, parse_model_file(path, content)).card
        self.check_name(path, card)
        name, folder = card.name, self.folders[-1]
        try:
            target = folder / name.keyword / f"{name.role}{MODEL_SUFFIX}"
            make_private(target.parent)
            write_whole(target, content)
            target.with_suffix(PROGRAM_SUFFIX).unlink(missing_ok=True)  # of the model that had the name before
        except OSError as error:
            raise ModelError(
                _("{path} could not be copied to {folder} ({error}).", path=path, folder=folder, error=error)
            ) from error
        return str(name)

    def check_name(self, path: Path, card: ModelCard) -> None:
        """raises ModelError if a model of the program has the name on this card. path: for the message"""
        if any(model_path(folder, card.name) for folder in self.folders[:-1]):
            raise ModelError(
                _("{path} cannot be added: the program already has a model {name}.", path=path, name=card.name)
            )


def check_suffix(path: Path) -> None:
    """raises ModelError, in one sentence, unless the file name ends in .safetensors"""
    if path.suffix == PROGRAM_SUFFIX:
        raise ModelError(
            _(
                "{path} is a program, and only a model without a program can be added: ask its maker for the "
                ".safetensors file.",
                path=path,
            )
        )
    if path.suffix != MODEL_SUFFIX:
        raise ModelError(_("{path} is no model file: choose a .safetensors file.", path=path))
