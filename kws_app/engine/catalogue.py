"""Where models are found: the folder that ships with the program, and the user's own. No Qt."""

from collections.abc import Sequence
from pathlib import Path

from kws_app.engine.card import ModelCard, ModelEntry, broken_models, find_model, find_models, read_card, unknown_model
from kws_app.errors import ModelError
from kws_app.translation import _
from kws_app.trust.admission import admit


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
