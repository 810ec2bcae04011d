"""The titles of the networks, and the order in which they are offered. No Qt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.card import ModelCard
from kws_app.engine.names import ModelName
from kws_app.translation import _, ngettext
from kws_app.ui.words.sensitivity import told

ACCURATE, LIGHT, TINY = _("Accurate"), _("Light"), _("Tiny")
TITLES = {
    "expert": ACCURATE,
    "teacher": ACCURATE,
    "student": LIGHT,
    "quantized": TINY,
    "tiny": TINY,
    "micro": TINY,
}


@dataclass(frozen=True)
class Network:
    """A model that the user can choose."""

    name: str  # the name of the model
    title: str  # Accurate, Light or Tiny; for a role that is not in TITLES, the role
    role: str  # teacher, student, ...; it tells networks with the same title apart

    @property
    def text(self) -> str:
        """Title and role in one line."""
        return self.title if self.title == self.role else f"{self.title} ({self.role})"


def network(name: str) -> Network:
    """The network of a model. For a pair: the network of its first model."""
    role = ModelName.parse(name).role
    return Network(name, TITLES.get(role, role), role)


def sorted_networks(names: Iterable[str]) -> list[str]:
    """Accurate networks first, then light networks, then tiny networks, then all others by name."""
    order = list(TITLES)

    def place(name: str) -> tuple[int, str]:
        role = network(name).role
        return order.index(role) if role in order else len(order), name

    return sorted(names, key=place)


def networks_of(word: str, cards: Mapping[str, ModelCard]) -> list[str]:
    """The names of the models with this keyword, the most accurate first."""
    return sorted_networks(name for name, card in cards.items() if card.keyword == word)


def measured(card: ModelCard, threshold: float | None = None) -> str:
    """The measured misses and false alarms of a model, in one sentence. threshold: None for the card's threshold"""
    curve = OperatingCurve.of(card)
    if curve is None:
        return _("Not measured.")
    return told(curve, curve.at(card.threshold if threshold is None else threshold))


def size(card: ModelCard) -> str:
    """The size of the network, for the user."""
    numbers = ngettext("{count:,} number", "{count:,} numbers", card.parameters)
    return _("{numbers}, {kilobytes:,.0f} kB", numbers=numbers, kilobytes=card.weight_bytes / 1000)
