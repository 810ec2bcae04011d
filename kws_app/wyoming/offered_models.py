"""The models that are served: finds them, loads each once, describes them. On the event loop's thread."""

import asyncio
from dataclasses import dataclass, field

from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from kws_app import __version__
from kws_app.detection.cascade import detector_of
from kws_app.detection.detector import Detector
from kws_app.engine.backends import checked_engine
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.engine.catalogue import ModelEntry, ModelFolders
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.names import first_of, models_of, second_of
from kws_app.engine.pairs import cards_of_pairs, curve_of_pair
from kws_app.errors import ModelError

MOST_MODELS = 8  # for one client at once
LANGUAGE = "en"  # the language of the shipped words; a model's card names no language


@dataclass
class Choice:
    """The models that a client asked for, and the names that were refused."""

    names: dict[str, list[str]] = field(default_factory=dict)  # by model, the names that the client used for it
    unknown: list[str] = field(default_factory=list)  # names without a model
    too_many: list[str] = field(default_factory=list)  # names beyond MOST_MODELS


class ServedModels:
    """Every readable model in the folders, and every pair that was measured together.

    A client names a model or a pair by its name. A keyword alone stands for the best model of that keyword.
    """

    def __init__(self, folders: ModelFolders, threshold: float | None = None, engine: str | None = None) -> None:
        """threshold: for all models; None for the threshold of each model. engine: None for the default engine

        raises ModelError without a model, or if the engine cannot run here
        """
        self._engine = checked_engine(engine)
        self.entries = {entry.name: entry for entry in folders.find_all()[0]}
        if not self.entries:
            places = " or ".join(map(str, folders.folders))
            raise ModelError(f"There is no model in {places}: name another folder, or install the program again.")
        cards = {name: entry.card for name, entry in self.entries.items()}
        for name, card in cards_of_pairs(cards).items():
            first, second = models_of(name)
            if curve_of_pair(cards[first], cards[second]):
                self.entries[name] = ModelEntry(name, self.entries[first].path, card)
        self._threshold = threshold
        self._loaded: dict[str, KeywordModel] = {}
        self._loading = asyncio.Lock()
        self.by_keyword: dict[str, ModelEntry] = {}
        for entry in sorted(self.entries.values(), key=self._rank):
            self.by_keyword.setdefault(entry.card.keyword, entry)

    @staticmethod
    def _rank(entry: ModelEntry) -> tuple[bool, bool, str]:
        """A key that sorts the teacher first: it is the most accurate, and a server has room for a large model."""
        return entry.name != DEFAULT_MODEL, entry.card.role != "teacher", entry.name

    def choose(self, names: list[str] | None) -> Choice:
        """The models for the names of a client: models or keywords. None or no name stands for every keyword."""
        choice = Choice()
        for name in dict.fromkeys(names or [entry.name for entry in self.by_keyword.values()]):
            entry = self.entries.get(name) or self.by_keyword.get(name)
            if entry is None:
                choice.unknown.append(name)
            elif entry.name in choice.names:
                choice.names[entry.name].append(name)
            elif len(choice.names) < MOST_MODELS:
                choice.names[entry.name] = [name]
            else:
                choice.too_many.append(name)
        return choice

    async def detector(self, entry: ModelEntry) -> Detector:
        """A fresh detector of a model or a pair. A model is loaded when it is first used. raises ModelError"""
        model, second = await self._load(first_of(entry.name)), second_of(entry.name)
        return detector_of(model, await self._load(second) if second else None, self.decision_config(entry))

    async def _load(self, name: str) -> KeywordModel:
        async with self._loading:
            if name not in self._loaded:
                self._loaded[name] = await asyncio.to_thread(KeywordModel.load, self.entries[name].path, self._engine)
        return self._loaded[name]

    def decision_config(self, entry: ModelEntry) -> DecisionConfig:
        return entry.card.decision_config(self._threshold)

    def info(self) -> Info:
        """The answer to `describe`: the recommended model of each word first, then the other models."""
        ours = Attribution(name="kws-app", url="")
        recommended = list(self.by_keyword.values())
        others = [entry for entry in sorted(self.entries.values(), key=self._rank) if entry not in recommended]
        models = [
            WakeModel(
                name=entry.name,
                description=f"“{entry.card.keyword}” ({entry.card.role}{', recommended' if is_recommended else ''})",
                phrase=entry.card.keyword,
                languages=[LANGUAGE],
                attribution=ours,
                installed=True,
                version=None,
            )
            for is_recommended, entries in ((True, recommended), (False, others))
            for entry in entries
        ]
        program = WakeProgram(
            name="kws-app",
            description="Wake words heard by a small network on this machine",
            attribution=ours,
            installed=True,
            version=__version__,
            models=models,
        )
        return Info(wake=[program])
