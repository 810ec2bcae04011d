"""Where models are found: the folder that ships with the program, and the user's own. No Qt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_app.engine.card import PLUS, ModelCard, read_card
from kws_app.errors import ModelError
from kws_app.translation import _
from kws_app.trust.admission import admit


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be chosen: `name` is keyword/role, its place below the folder. A pair has its first's path."""

    name: str
    path: Path
    card: ModelCard


def find_models(folder: Path) -> list[ModelEntry]:
    """The readable artifacts <folder>/<keyword>/<role>.pt, by name; what cannot be read is left out."""
    return [entry for entry in _scan(folder) if isinstance(entry, ModelEntry)]


def broken_models(folder: Path) -> list[str]:
    """Why each of the files <folder>/<keyword>/<role>.pt that cannot be offered cannot: one sentence each."""
    return [str(error) for error in _scan(folder) if isinstance(error, ModelError)]


def _scan(folder: Path) -> Iterator[ModelEntry | ModelError]:
    """Each artifact's entry, by name, or why it has none."""
    for path in sorted(folder.glob("*/*.pt")):
        name = f"{path.parent.name}/{path.stem}"
        if PLUS in name:
            yield ModelError(_("{path} cannot be offered: a model's name has no +, give it another.", path=path))
            continue
        try:
            yield ModelEntry(name, path, read_card(path))
        except ModelError as error:
            yield error


def find_model(name: str, folder: Path) -> ModelEntry:
    """The model called keyword/role below `folder`.

    raises ModelError naming the models there are
    """
    path = folder / f"{name}.pt"
    if path.is_file():
        return ModelEntry(name, path, read_card(path))
    raise unknown_model(name, find_models(folder))


def unknown_model(name: str, entries: list[ModelEntry]) -> ModelError:
    """What to raise where no model has that name, and these are all there are."""
    names = ", ".join(entry.name for entry in entries) or _("none")
    return ModelError(_("There is no model {name!r}; there are: {names}.", name=name, names=names))


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
        raise unknown_model(name, self.find_all()[0])

    def add(self, path: Path) -> str:
        """Let a model into the last folder, the user's own; its name. Takes seconds.

        raises ModelError, in one sentence, if it is not let in, or its name is taken by a model that ships
        """
        self.check_name(path, read_card(path))
        return admit(path, self.folders[-1])

    def check_name(self, path: Path, card: ModelCard) -> None:
        """raises ModelError if a model that ships has the name of the one in `path`"""
        name = f"{card.keyword}/{card.role}"
        if any((folder / f"{name}.pt").is_file() for folder in self.folders[:-1]):
            raise ModelError(
                _("{path} cannot be added: a model called {name} comes with the program.", path=path, name=name)
            )
