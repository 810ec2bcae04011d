"""Which colour each model that listens has in the plots. No Qt."""

from collections.abc import Mapping, Sequence

from kws_app.listening.active_models import ActiveModel
from kws_app.ui.words.word import Word, free_slot


class ColorSlots:
    """A word's own model has the colour of the word. A compared model keeps a free colour while it listens."""

    def __init__(self) -> None:
        self._compared: dict[str, int] = {}  # by compared model

    def of(self, models: Sequence[ActiveModel], words: Mapping[str, Word]) -> dict[str, int]:
        """The slot of each model, by name."""
        slots: dict[str, int] = {}
        for model in models:
            word = words.get(model.keyword)
            if word is not None and (model.main or word.model == model.name):
                slots[model.name] = word.slot
        taken = {word.slot for word in words.values()} | set(slots.values())
        listening = {model.name for model in models}
        self._compared = {n: slot for n, slot in self._compared.items() if n in listening and slot not in taken}
        for model in models:
            if model.name not in slots:
                if model.name not in self._compared:
                    self._compared[model.name] = free_slot(taken | set(self._compared.values()))
                slots[model.name] = self._compared[model.name]
        return slots
