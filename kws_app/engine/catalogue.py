"""Where models are found: the folder that ships with the program, and the user's own. No torch, no Qt.

A model is <folder>/<keyword>/<role>.safetensors, with the jitted <role>.pt beside it where it was made here. A jitted
model of ours without such a file is a model too; anybody else's is not opened.
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

MOST_FILES = 1_000  # in a folder; more are not looked at


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be chosen: `name` is keyword/role, its place below the folder. A pair has its first's path."""

    name: str
    path: Path
    card: ModelCard


def find_models(folder: Path) -> list[ModelEntry]:
    """The readable models of a folder, by name; what cannot be read is left out."""
    return [entry for entry in _scan(folder) if isinstance(entry, ModelEntry)]


def find_model(name: str, folder: Path) -> ModelEntry:
    """The model called keyword/role below `folder`. raises ModelError naming the models there are"""
    return ModelFolders([folder]).find(name)


def model_path(folder: Path, name: ModelName) -> Path | None:
    """The file of a model: its numbers, or else its program; None if it has neither."""
    for suffix in (MODEL_SUFFIX, PROGRAM_SUFFIX):
        path = folder / name.keyword / f"{name.role}{suffix}"
        if path.is_file():
            return path
    return None


def _scan(folder: Path) -> Iterator[ModelEntry | ModelError]:
    """Each model's entry, by name, or the reason why it cannot be offered, in one sentence."""
    files = {
        path.with_suffix(""): path  # the numbers win over the program
        for suffix in (PROGRAM_SUFFIX, MODEL_SUFFIX)
        for path in sorted(folder.glob(f"*/*{suffix}"))[:MOST_FILES]
    }
    for _place, path in sorted(files.items()):
        try:
            yield _entry(path)
        except ModelError as error:
            yield error
        except Exception as error:  # a stranger's file: whatever it raises, the other models are still offered
            yield ModelError(_("{path} cannot be offered ({error}).", path=path, error=brief(error)))


def _entry(path: Path) -> ModelEntry:
    try:
        name = ModelName(path.parent.name, path.stem)
    except ValueError as error:
        raise ModelError(
            _("{path} cannot be offered: a model is called by letters and digits, rename it.", path=ascii(str(path)))
        ) from error
    return ModelEntry(str(name), path, read_card(path))


def unknown_model(name: str, entries: list[ModelEntry]) -> ModelError:
    """What to raise where no model has that name, and these are all there are."""
    names = ", ".join(entry.name for entry in entries) or _("none")
    return ModelError(_("There is no model {name!r}; there are: {names}.", name=name, names=names))


class ModelFolders:
    """Folders with models; a name that is in several is the first one's."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def find_all(self) -> tuple[list[ModelEntry], list[str]]:
        """Every model by name, and one sentence for each file that cannot be offered."""
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
        """The model called keyword/role. raises ModelError naming the models there are"""
        return _entry(self.path(name))

    def path(self, name: str) -> Path:
        """The file of the model called keyword/role, not yet read. raises ModelError naming the models there are"""
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
        """Copy a model file into the last folder, the user's own; its name, keyword/role.

        raises ModelError, in one sentence, if it is no model file, or its name is taken by a model that ships
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
        """raises ModelError if a model that ships has the name of the one in `path`"""
        if any(model_path(folder, card.name) for folder in self.folders[:-1]):
            raise ModelError(
                _("{path} cannot be added: a model called {name} comes with the program.", path=path, name=card.name)
            )


def check_suffix(path: Path) -> None:
    """raises ModelError, in one sentence, if a file that somebody wants to add is no model file by its name"""
    if path.suffix == PROGRAM_SUFFIX:
        raise ModelError(
            _(
                "{path} is a program, and a model is added as numbers alone: ask its maker for the .safetensors file.",
                path=path,
            )
        )
    if path.suffix != MODEL_SUFFIX:
        raise ModelError(_("{path} is no model file: a model is a .safetensors file.", path=path))
