"""The models that a word can use: their cards, and the pairs that they form. No Qt."""

from collections.abc import Iterable, Mapping

from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry
from kws_app.engine.names import first_of, keyword_of, pair_of
from kws_app.engine.pairs import cards_of_pairs, confirming
from kws_app.ui.words.networks import networks_of


class KnownModels:
    """Every readable model. Never changed: when a model is added, a new value replaces it."""

    def __init__(self, entries: Iterable[ModelEntry] = ()) -> None:
        self.singles: dict[str, ModelCard] = {entry.name: entry.card for entry in entries}  # by name, without pairs
        self.cards: dict[str, ModelCard] = {**self.singles, **cards_of_pairs(self.singles)}  # by name, with pairs

    @property
    def keywords(self) -> list[str]:
        """Every keyword that has a model."""
        return list(dict.fromkeys(card.keyword for card in self.singles.values()))

    def keyword_of(self, name: str) -> str:
        """The keyword on the card of a model; empty if the model is not known."""
        card = self.cards.get(name)
        return "" if card is None else card.keyword

    def networks(self, keyword: str) -> list[str]:
        """The single models of a keyword, the most accurate first."""
        return networks_of(keyword, self.singles)

    def confirming(self, name: str) -> list[str]:
        """The models that can confirm a model. For a pair: the models that can confirm its first model."""
        first = first_of(name)
        return confirming(first, self.singles) if first in self.singles else []

    def paired(self, name: str, confirm_with: Mapping[str, str]) -> str:
        """The pair of a model and the model that confirms it; the model alone if there is no such pair.

        confirm_with: by model, the model that confirms it
        """
        pair = pair_of(name, confirm_with.get(name, ""))
        return pair if pair in self.cards else name

    def replacement(self, name: str, keyword: str) -> str:
        """Another model for a missing model: from the same folder, else with the same keyword, else empty."""
        folder = keyword_of(name)
        same_folder = [other for other in self.singles if keyword_of(other) == folder]
        return next(iter([*same_folder, *self.networks(keyword)]), "")
