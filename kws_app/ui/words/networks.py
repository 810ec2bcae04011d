"""What the networks that can hear a word are called, and in which order they are offered. No Qt."""

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
    """A model as a choice of the user's."""

    name: str  # of the model
    title: str  # Accurate, Light or Tiny; the role where it is none of ours
    role: str  # teacher, student, ...; what tells networks of the same title apart

    @property
    def text(self) -> str:
        """Title and role in one line."""
        return self.title if self.title == self.role else f"{self.title} ({self.role})"


def network(name: str) -> Network:
    """A model by its name; a pair is called by the model that listens."""
    role = ModelName.parse(name).role
    return Network(name, TITLES.get(role, role), role)


def sorted_networks(names: Iterable[str]) -> list[str]:
    """The accurate first, then the light and the tiny, then all others by name."""
    order = list(TITLES)

    def place(name: str) -> tuple[int, str]:
        role = network(name).role
        return order.index(role) if role in order else len(order), name

    return sorted(names, key=place)


def networks_of(word: str, cards: Mapping[str, ModelCard]) -> list[str]:
    """The names of the models that hear a word."""
    return sorted_networks(name for name, card in cards.items() if card.keyword == word)


def measured(card: ModelCard, threshold: float | None = None) -> str:
    """What a model was measured to give at a threshold, or at its own: the same figures wherever a model is shown."""
    curve = OperatingCurve.of(card)
    if curve is None:
        return _("Not measured.")
    return told(curve, curve.at(card.threshold if threshold is None else threshold))


def size(card: ModelCard) -> str:
    """How large the network is."""
    numbers = ngettext("{count:,} number", "{count:,} numbers", card.parameters)
    return _("{numbers}, {kilobytes:,.0f} kB", numbers=numbers, kilobytes=card.weight_bytes / 1000)
