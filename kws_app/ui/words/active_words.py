"""The words that the window lists, the network that hears each, and how each decides. On the window's thread.

A word stays in the list when it is switched off. The worker loads models; which models listen is what the worker says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.detection.operating_curve import OperatingCurve, same_rate
from kws_app.detection.tuning import Tuning
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry
from kws_app.engine.names import keyword_of
from kws_app.engine.pairs import cards_of_pairs, confirming, halves, pair_name
from kws_app.listening.active_models import ActiveModel
from kws_app.listening.worker import Worker
from kws_app.translation import _, ngettext
from kws_app.ui.plots.score_curves import Curve
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.words.networks import network, networks_of
from kws_app.ui.words.sensitivity import Level, Offer, level_of, offers


@dataclass(frozen=True)
class Word:
    """A row of the list."""

    keyword: str
    model: str  # by which it is heard; of a pair, the pair's name
    on: bool
    slot: int  # of its colour


class ActiveWords(QObject):
    """Words, networks and thresholds. What the user sets of a threshold belongs to the model and comes back with it."""

    changed = pyqtSignal()  # other models listen
    shown = pyqtSignal()  # something that the window shows of the words is different
    noticed = pyqtSignal(str)  # a sentence for the user, such as that a model was refused
    lost = pyqtSignal()  # there is no model; `trouble` says why

    def __init__(self, worker: Worker, store: SettingsStore, name: str | None, threshold: float | None) -> None:
        """name, threshold: a model to listen with in this run, and its threshold"""
        super().__init__()
        self.models: list[ActiveModel] = []  # that listen, in order
        self.cards: dict[str, ModelCard] = {}  # of all models and of their pairs, by name
        self.words: dict[str, Word] = {}  # by keyword, in the order of the list
        self.compared: list[str] = []  # models that listen beside a word's own, to be compared
        self.selected = ""  # keyword of the word whose details are shown
        self.trouble = ""  # why there is no model, once that is known
        self._singles: dict[str, ModelCard] = {}  # of all models, by name
        self._worker, self._store = worker, store
        self._confirm_with = dict(store.settings.confirm_with)
        self._tunings = store.settings.tunings()
        self._curves: dict[str, tuple[ModelCard, OperatingCurve | None]] = {}  # by model, and of which card
        self._set_on: dict[str, str] = {}  # by keyword, the model whose threshold the user set last
        self._compared_slots: dict[str, int] = {}
        self._asked, self._threshold_asked = name, threshold
        self._unanswered = 0  # of our requests to the worker
        self._user_chose = False
        self._new = ""  # the model that was added last
        self._refusals: list[str] = []
        self._take_rows(name)
        worker.models_found.connect(self._found)
        worker.models_unknown.connect(self._lose)
        worker.models_refused.connect(self._refused)
        worker.models_changed.connect(self._answered)
        worker.models_left.connect(self._left)

    # What there is

    @property
    def model(self) -> ActiveModel | None:
        """The first model, once it listens."""
        return self.models[0] if self.models else None

    @property
    def word(self) -> Word | None:
        """The word whose details are shown."""
        return self.words.get(self.selected)

    @property
    def wanted(self) -> list[str]:
        """The models that should listen: each word's own, then those to be compared."""
        own = [word.model for word in self.words.values() if word.on]
        return [*own, *(name for name in self.compared if name not in own)]

    @property
    def known(self) -> list[str]:
        """Every keyword that some model hears."""
        return list(dict.fromkeys(card.keyword for card in self._singles.values()))

    def networks(self, keyword: str) -> list[str]:
        """The models that hear a word, without pairs."""
        return networks_of(keyword, self._singles)

    def confirming(self, keyword: str) -> list[str]:
        """The models that could confirm what a word's own model hears."""
        first = halves(self.words[keyword].model)[0]
        return confirming(first, self._singles) if first in self._singles else []

    def is_compared(self, name: str) -> bool:
        """Whether a model listens beside its word's own."""
        return name in self.compared

    def tuning_of(self, name: str) -> Tuning:
        """What the user set of a model's decision."""
        return self._tunings.get(name, Tuning())

    def threshold_of(self, name: str) -> float | None:
        """The threshold of a model in use; None while its card is not known."""
        card = self.cards.get(name)
        return self.tuning_of(name).threshold or (None if card is None else card.threshold)

    def curve_of(self, name: str) -> OperatingCurve | None:
        """What was measured of a model; read once for each card."""
        card = self.cards.get(name)
        if card is None:
            return None
        known = self._curves.get(name)
        if known is None or known[0] is not card:
            known = self._curves[name] = card, OperatingCurve.of(card)
        return known[1]

    def offers_of(self, name: str) -> dict[Level, Offer]:
        """The levels of sensitivity of a model whose card is known."""
        return offers(self.cards[name], self.curve_of(name))

    def curves(self) -> list[Curve]:
        """How each model that listens is drawn."""
        slots = self._slots()
        return [
            Curve(
                model.name,
                model.keyword,
                slots[model.name],
                model.main,
                self.threshold_of(model.name) or model.recommended,
                network(model.name).text,
            )
            for model in self.models
        ]

    def _slots(self) -> dict[str, int]:
        """The colour of each model: a word's own model has the word's; a compared model has one that is free."""
        slots: dict[str, int] = {}
        for model in self.models:
            word = self.words.get(model.keyword)
            if word is not None and (model.main or word.model == model.name):
                slots[model.name] = word.slot
        taken = {word.slot for word in self.words.values()} | set(slots.values())
        listening = {model.name for model in self.models}
        self._compared_slots = {n: s for n, s in self._compared_slots.items() if n in listening and s not in taken}
        for model in self.models:
            if model.name not in slots:
                slot = self._compared_slots.get(model.name)
                if slot is None:
                    slot = free_slot(taken | set(self._compared_slots.values()))
                    self._compared_slots[model.name] = slot
                slots[model.name] = slot
        return slots

    # What the user does

    def select(self, keyword: str) -> None:
        """Show the details of this word."""
        if keyword in self.words and keyword != self.selected:
            self.selected = keyword
            self.shown.emit()

    def can_switch_off(self, keyword: str) -> bool:
        """Whether another word would go on listening."""
        return any(word.on for other, word in self.words.items() if other != keyword)

    def switch(self, keyword: str, on: bool) -> None:
        """Listen for a word or not. The last word that is on stays on: stopping is another button."""
        word = self.words[keyword]
        if word.on != on and (on or self.can_switch_off(keyword)):
            self._set(replace(word, on=on))
            if not on:
                self._compare_only([name for name in self.compared if self._word_of(name) != keyword])
            self.select(keyword)
            self._choose()

    def add_word(self, keyword: str, model: str | None = None) -> None:
        """Put a word into the list and switch it on. model: by which it is heard; else the most accurate"""
        names = self.networks(keyword)
        name = model or (names[0] if names else None)
        if name is None:
            return
        known = self.words.get(keyword)
        if known is not None and model is None:
            self._set(replace(known, on=True))
        else:
            slot = free_slot({word.slot for word in self.words.values()}) if known is None else known.slot
            self._set(Word(keyword, self._full(name), True, slot))
        self.selected = keyword
        self._choose()

    def can_remove(self, keyword: str) -> bool:
        """Whether a word can leave the list: one that listens stays."""
        return self.can_switch_off(keyword)

    def remove_word(self, keyword: str) -> None:
        """Take a word out of the list; its settings stay."""
        if not self.can_remove(keyword):
            return
        self.words = {other: word for other, word in self.words.items() if other != keyword}
        self._compare_only([name for name in self.compared if self._word_of(name) != keyword])
        if self.selected == keyword:
            self.selected = next(iter(self.words))
        self._choose()

    def use_network(self, keyword: str, name: str) -> None:
        """Let another model hear a word; the sensitivity comes along."""
        before, after = self.words[keyword].model, self._full(name)
        self._compare_only([other for other in self.compared if other != after])
        self._set(replace(self.words[keyword], model=after))
        self._carry_over(keyword, before, after)
        self._choose()

    def confirm_with(self, keyword: str, second: str) -> None:
        """Let another model confirm what a word's own hears; empty: none."""
        before = self.words[keyword].model
        first = halves(before)[0]
        self._confirm_with = {**self._confirm_with, first: second}
        after = self._full(first)
        self._set(replace(self.words[keyword], model=after))
        if after != before:
            self._carry_over(keyword, before, after)
        self._choose()

    def compare(self, name: str, on: bool) -> None:
        """Let a model listen beside its word's own, or no longer."""
        others = [other for other in self.compared if other != name]
        self._compare_only([*others, name] if on else others)
        self._choose()

    def take_in(self, name: str) -> None:
        """A model was put into the folder: list its word."""
        self._new = name
        self._worker.take_in_model(name)

    def tune(self, name: str, **changes: float | None) -> None:
        """Set fields of a model's `Tuning`; None goes back to the card's."""
        if "threshold" in changes:
            keyword = self._word_of(name)
            if keyword:
                self._set_on[keyword] = name
        self._tune(name, **changes)
        self.shown.emit()

    def choose_level(self, keyword: str, level: Level) -> None:
        """Set a word's sensitivity to a level that is offered."""
        name = self.words[keyword].model
        threshold = self.offers_of(name)[level].threshold
        if level is Level.BALANCED:
            self.tune(name, threshold=None)
        elif threshold is not None:
            self.tune(name, threshold=threshold)

    def _tune(self, name: str, **changes: Any) -> None:
        tuning = replace(self.tuning_of(name), **changes)
        self._tunings = {**self._tunings, name: tuning}
        self._worker.want(replace(self._worker.wanted, tunings=self._tunings))
        self._store.remember_tuning(name, tuning)

    def _carry_over(self, keyword: str, before: str, after: str) -> None:
        """The user turned to another network: a level stays that level, a number keeps its false alarms an hour."""
        if before not in self.cards or after not in self.cards:
            return
        own = self.tuning_of(after).threshold
        source = self._set_on.get(keyword, before if own is None else after)
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

    def _choose(self) -> None:
        self._user_chose = True
        self._use()

    def _set(self, word: Word) -> None:
        self.words = {**self.words, word.keyword: word}

    def _compare_only(self, names: list[str]) -> None:
        self.compared = names

    def _word_of(self, name: str) -> str:
        card = self.cards.get(name)
        return "" if card is None else card.keyword

    def _full(self, name: str) -> str:
        """A model's own name, or that of the pair whose first it is."""
        pair = pair_name(name, self._confirm_with.get(name, ""))
        return pair if pair in self.cards else name

    # What the worker says

    def _take_rows(self, asked: str | None) -> None:
        """The list as it was, before any card is known: a keyword is taken to be the name of its folder."""
        settings = self._store.settings
        rows = dict(settings.words)
        for name in (*([asked] if asked else []), settings.model, *settings.also):
            rows.setdefault(keyword_of(name), name)
        if asked:
            rows[keyword_of(asked)] = asked
        on = {asked or settings.model, *settings.also}
        self.words = {
            keyword: Word(keyword, name, name in on, slot) for slot, (keyword, name) in enumerate(rows.items())
        }
        self.compared = [name for name in settings.also if name not in rows.values()]
        self.selected = keyword_of(asked or settings.model)

    def _found(self, entries: list[ModelEntry], broken: list[str]) -> None:
        if self.models:  # one was added: the others go on
            self._take_cards(entries)
            if self._new in self._singles:
                self.add_word(self._singles[self._new].keyword, self._new)
            self.shown.emit()
            return
        notices, others = broken[:1], len(broken) - 1
        if others > 0:
            notices.append(
                ngettext("{count} more model file cannot be used.", "{count} more model files cannot be used.", others)
            )
        if not entries:
            none = _("No model was found: make one with `python -m training`, or install the program again.")
            self._lose(" ".join(notices) or none)
            return
        self._take_cards(entries)
        notices = [*self._match_rows(), *notices]
        if notices:
            self.noticed.emit(" ".join(notices))
        asked = self._full(self._asked) if self._asked else next(iter(self.wanted))
        if self._threshold_asked is not None:
            tuning = replace(self.tuning_of(asked), threshold=self._threshold_asked)
            self._tunings = {**self._tunings, asked: tuning}
        self._worker.want(replace(self._worker.wanted, tunings=self._tunings))
        self._use()

    def _take_cards(self, entries: Iterable[ModelEntry]) -> None:
        self._singles = {entry.name: entry.card for entry in entries}
        self.cards = {**self._singles, **cards_of_pairs(self._singles)}

    def _match_rows(self) -> list[str]:
        """Give each row the keyword of its model's card; a sentence for each model that is missing."""
        notices: list[str] = []
        rows: dict[str, Word] = {}
        chosen = self.selected
        for row in self.words.values():
            name = self._full(halves(row.model)[0])
            if name not in self.cards:
                instead = self._instead_of(row)
                if row.on:
                    notices.append(
                        _("There is no usable model {name}: {first} listens instead.", name=row.model, first=instead)
                        if instead
                        else _("There is no usable model {name}.", name=row.model)
                    )
                if not instead:
                    continue
                name = self._full(instead)
            keyword = self.cards[name].keyword
            if row.keyword == self.selected:
                chosen = keyword
            if keyword not in rows:
                rows[keyword] = replace(row, keyword=keyword, model=name)
        if not rows:
            name = self._full(next(iter(self._singles)))
            rows[self.cards[name].keyword] = Word(self.cards[name].keyword, name, True, 0)
            notices.append(_("{name} listens instead.", name=name))
        if not any(row.on for row in rows.values()):
            first = next(iter(rows.values()))
            rows[first.keyword] = replace(first, on=True)
        own = {row.model for row in rows.values()}
        compared = (self._full(name) for name in self.compared)
        listed = {row.keyword for row in rows.values() if row.on}
        self.compared = [n for n in compared if n in self.cards and n not in own and self.cards[n].keyword in listed]
        self.words = rows
        self.selected = chosen if chosen in rows else next(iter(rows))
        return notices

    def _instead_of(self, row: Word) -> str:
        """Another model of a row's word, or empty."""
        folder = keyword_of(row.model)
        same_folder = [name for name in self._singles if keyword_of(name) == folder]
        return next(iter([*same_folder, *self.networks(row.keyword)]), "")

    def _use(self) -> None:
        self._unanswered += 1
        self._worker.use_models(self.wanted)
        self.shown.emit()

    def _refused(self, refused: dict[str, str]) -> None:
        self._refusals = list(refused.values())

    def _answered(self, models: list[ActiveModel]) -> None:
        self._unanswered -= 1
        self.models = models
        reasons, self._refusals = " ".join(self._refusals), []
        if self._unanswered:
            pass  # what the user wants by now is still on its way
        elif models:
            self.trouble = ""
            self._settle()
        else:
            self._lose(reasons)
            return
        if reasons:
            self.noticed.emit(reasons)
        self.changed.emit()
        self.shown.emit()

    def _settle(self) -> None:
        """What is wanted is what listens."""
        own = {model.keyword: model.name for model in self.models if model.main}
        for keyword, word in self.words.items():
            self._set(replace(word, on=keyword in own, model=own.get(keyword, word.model)))
        for keyword, name in own.items():
            if keyword not in self.words:
                self._set(Word(keyword, name, True, free_slot({word.slot for word in self.words.values()})))
        self.compared = [model.name for model in self.models if not model.main]
        self._confirm_with = {**self._confirm_with, **dict(halves(model.name) for model in self.models)}
        if self._user_chose:  # else it holds for this run only, or was taken because another model is missing
            self._user_chose = False
            first, *also = [halves(model.name)[0] for model in self.models]
            kept = {name: second for name, second in self._confirm_with.items() if second}
            rows = {word.keyword: halves(word.model)[0] for word in self.words.values()}
            self._store.remember(model=first, also=also, words=rows, confirm_with=kept)

    def _left(self, models: list[ActiveModel]) -> None:
        """A model failed while it listened."""
        self.models = models
        if not models:
            self._lose(_("No word is listened for any more, as its model failed: switch another word on."))
            return
        if not self._unanswered:
            self._settle()
        self.changed.emit()
        self.shown.emit()

    def _lose(self, reason: str) -> None:
        self.trouble = reason
        self.lost.emit()
        self.shown.emit()


def free_slot(taken: set[int]) -> int:
    """The first colour that no word has."""
    return next(number for number in range(len(taken) + 1) if number not in taken)
