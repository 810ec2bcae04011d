"""The threshold and decision of each model, as the user set them, and the measurements behind them.

On the window's thread. A setting belongs to its model and comes back with the model.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kws_app.detection.operating_curve import OperatingCurve, same_rate
from kws_app.detection.tuning import Tuning
from kws_app.engine.card import ModelCard
from kws_app.engine.names import second_of
from kws_app.listening.worker import Worker
from kws_app.translation import _
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.words.networks import network
from kws_app.ui.words.sensitivity import Level, Offer, is_stricter, level_of, offers


class Thresholds:
    """Tells the worker and the settings what the user changes."""

    def __init__(self, worker: Worker, store: SettingsStore) -> None:
        self.cards: Mapping[str, ModelCard] = {}  # by name, of every model and pair that was found
        self._worker, self._store = worker, store
        self._tunings = store.settings.tunings()
        self._curves: dict[str, tuple[ModelCard, OperatingCurve | None]] = {}  # by model, with its card
        self._set_last: dict[str, str] = {}  # by keyword, the model whose threshold the user set last

    def tuning_of(self, name: str) -> Tuning:
        """What the user set of a model's decision."""
        return self._tunings.get(name, Tuning())

    def threshold_of(self, name: str) -> float | None:
        """The threshold in use, 0..1; None while the model's card is not known."""
        card = self.cards.get(name)
        return self.tuning_of(name).threshold or (None if card is None else card.threshold)

    def curve_of(self, name: str) -> OperatingCurve | None:
        """The operating curve on a model's card. None without a measurement, or while the card is not known."""
        card = self.cards.get(name)
        if card is None:
            return None
        known = self._curves.get(name)
        if known is None or known[0] is not card:
            known = self._curves[name] = card, OperatingCurve.of(card)
        return known[1]

    def offers_of(self, name: str) -> dict[Level, Offer]:
        """The levels of sensitivity of a model whose card is known.

        Where the model was not measured stricter, "Strict" is that of another model of the word.
        """
        offered = offers(self.cards[name], self.curve_of(name))
        if offered[Level.STRICT].threshold is None:
            offered[Level.STRICT] = self._stricter_model(name) or offered[Level.STRICT]
        return offered

    def _stricter_model(self, name: str) -> Offer | None:
        """The level "Strict" of another model of the word, with the fewest misses; None without such a model."""
        ours, card = self.curve_of(name), self.cards[name]
        if ours is None:
            return None
        own = ours.at(card.threshold)
        found: list[tuple[float, Offer]] = []
        for other, its in self.cards.items():
            theirs = self.curve_of(other)
            if theirs is None or its.keyword != card.keyword or other == name or second_of(other):
                continue
            offered = offers(its, theirs)
            for level in (Level.STRICT, Level.BALANCED):
                threshold = offered[level].threshold
                if threshold is not None and is_stricter(ours, own, theirs, theirs.at(threshold)):
                    said = _("{figures} Uses {network}.", figures=offered[level].text, network=network(other).text)
                    found.append((theirs.at(threshold).missed / theirs.keywords, Offer(None, said, other)))
                    break
        return min(found, key=lambda each: each[0])[1] if found else None

    def set_for_this_run(self, name: str, threshold: float) -> None:
        """Use a threshold without writing it into the settings."""
        self._tunings = {**self._tunings, name: replace(self.tuning_of(name), threshold=threshold)}

    def tell_worker(self) -> None:
        self._worker.want(replace(self._worker.wanted, tunings=self._tunings))

    def tune(self, name: str, **changes: float | None) -> None:
        """The user sets fields of a model's `Tuning`; None goes back to the value of the card."""
        card = self.cards.get(name)
        if "threshold" in changes and card is not None:
            self._set_last[card.keyword] = name
        self._tune(name, **changes)

    def choose_level(self, name: str, level: Level) -> None:
        """The user chooses a level. A level without a threshold changes nothing."""
        threshold = self.offers_of(name)[level].threshold
        if level is Level.BALANCED:
            self.tune(name, threshold=None)
        elif threshold is not None:
            self.tune(name, threshold=threshold)

    def carry_over(self, keyword: str, before: str, after: str) -> None:
        """Give the sensitivity of one model to the next model of the word.

        A level stays the same level. Any other threshold becomes the threshold with the same false alarms an hour.
        """
        if before not in self.cards or after not in self.cards:
            return
        own = self.tuning_of(after).threshold
        source = self._set_last.get(keyword, before if own is None else after)
        if source == after or source not in self.cards:
            return
        wanted = self.tuning_of(source).threshold
        level = Level.BALANCED if wanted is None else level_of(wanted, self.offers_of(source))
        if level is not None:
            threshold = None if level is Level.BALANCED else self.offers_of(after)[level].threshold
        else:
            assert wanted is not None
            threshold = same_rate(self.curve_of(source), wanted, self.curve_of(after))
            if threshold is None:
                return
        if threshold != own:
            self._tune(after, threshold=threshold)

    def _tune(self, name: str, **changes: Any) -> None:
        tuning = replace(self.tuning_of(name), **changes)
        self._tunings = {**self._tunings, name: tuning}
        self.tell_worker()
        self._store.remember_tuning(name, tuning)
