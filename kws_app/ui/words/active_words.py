"""The words that listen, and what the user does to them. On the window's thread.

A word stays in the list when it is switched off. The worker loads the models and says which of them listen.
"""

from collections.abc import Iterable
from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry
from kws_app.engine.names import first_of, second_of, written
from kws_app.listening.active_models import ActiveModel
from kws_app.listening.worker import Worker
from kws_app.translation import _, ngettext
from kws_app.ui.plots.score_curves import Curve
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.words.color_slots import ColorSlots
from kws_app.ui.words.known_models import KnownModels
from kws_app.ui.words.networks import network
from kws_app.ui.words.sensitivity import Level
from kws_app.ui.words.thresholds import Thresholds
from kws_app.ui.words.word import Word, free_slot
from kws_app.ui.words.word_list import WordList, fitted_list, saved_list


class ActiveWords(QObject):
    """The list of words, the model of each word, and the models that listen."""

    changed = pyqtSignal()  # the models that listen have changed
    shown = pyqtSignal()  # something that the window shows of the words has changed
    noticed = pyqtSignal(str)  # one sentence for the user, such as why a model is refused
    lost = pyqtSignal()  # no model listens; `trouble` says why

    def __init__(self, worker: Worker, store: SettingsStore, name: str | None, threshold: float | None) -> None:
        """name, threshold: the model and its threshold for this run only, as the command line gives them"""
        super().__init__()
        self.models: list[ActiveModel] = []  # the models that listen, in order
        self.trouble = ""  # why no model listens, in one sentence; empty while that is not known
        self.thresholds = Thresholds(worker, store)
        self._known = KnownModels()
        self._colors = ColorSlots()
        self._worker, self._store = worker, store
        self._confirm_with = dict(store.settings.confirm_with)
        self._asked, self._threshold_asked = name, threshold
        self._unanswered = 0  # requests to the worker without an answer
        self._user_chose = False
        self._new = ""  # the model that was added last
        self._refusals: list[str] = []
        saved = saved_list(store.settings, name)
        self.words = saved.words  # by keyword, in the order of the list
        self.selected = saved.selected  # keyword of the word whose details are shown
        self.compared = saved.compared  # models that listen beside a word's own model
        worker.models_found.connect(self._found)
        worker.models_unknown.connect(self._lose)
        worker.models_refused.connect(self._refused)
        worker.models_changed.connect(self._answered)
        worker.models_left.connect(self._left)

    # What there is

    @property
    def model(self) -> ActiveModel | None:
        """The first model that listens."""
        return self.models[0] if self.models else None

    @property
    def word(self) -> Word | None:
        """The word whose details are shown."""
        return self.words.get(self.selected)

    @property
    def cards(self) -> dict[str, ModelCard]:
        """The cards of all models and pairs, by name."""
        return self._known.cards

    @property
    def wanted(self) -> list[str]:
        """The models that should listen: first the model of each word that is on, then the compared models."""
        own = [word.model for word in self.words.values() if word.on]
        return [*own, *(name for name in self.compared if name not in own)]

    @property
    def known(self) -> list[str]:
        """Every keyword that has a model."""
        return self._known.keywords

    def networks(self, keyword: str) -> list[str]:
        """The models of a keyword, without pairs, the most accurate first."""
        return self._known.networks(keyword)

    def confirming(self, keyword: str) -> list[str]:
        """The models that can confirm the model of a word."""
        return self._known.confirming(self.words[keyword].model)

    def curves(self) -> list[Curve]:
        """How the plots draw each model that listens."""
        slots = self._colors.of(self.models, self.words)
        return [
            Curve(
                model.name,
                written(model.keyword),
                slots[model.name],
                model.main,
                self.thresholds.threshold_of(model.name) or model.recommended,
                network(model.name).text,
            )
            for model in self.models
        ]

    # What the user does

    def select(self, keyword: str) -> None:
        """Show the details of this word."""
        if keyword in self.words and keyword != self.selected:
            self.selected = keyword
            self.shown.emit()

    def can_switch_off(self, keyword: str) -> bool:
        """Whether another word is on."""
        return any(word.on for other, word in self.words.items() if other != keyword)

    def switch(self, keyword: str, on: bool) -> None:
        """Switch a word on or off. The last word that is on stays on: another button stops the listening."""
        word = self.words[keyword]
        if word.on != on and (on or self.can_switch_off(keyword)):
            self._set(replace(word, on=on))
            if not on:
                self.compared = [name for name in self.compared if self._known.keyword_of(name) != keyword]
            self.select(keyword)
            self._choose()

    def add_word(self, keyword: str, model: str | None = None) -> None:
        """Put a word into the list and switch it on. model: the model that hears it; None: the most accurate"""
        names = self.networks(keyword)
        name = model or (names[0] if names else None)
        if name is None:
            return
        known = self.words.get(keyword)
        if known is not None and model is None:
            self._set(replace(known, on=True))
        else:
            slot = free_slot(word.slot for word in self.words.values()) if known is None else known.slot
            self._set(Word(keyword, self._full(name), True, slot))
        self.selected = keyword
        self._choose()

    def can_remove(self, keyword: str) -> bool:
        """Whether a word can leave the list: at least one word must stay on."""
        return self.can_switch_off(keyword)

    def remove_word(self, keyword: str) -> None:
        """Take a word out of the list. Its settings are kept."""
        if not self.can_remove(keyword):
            return
        self.words = {other: word for other, word in self.words.items() if other != keyword}
        self.compared = [name for name in self.compared if self._known.keyword_of(name) != keyword]
        if self.selected == keyword:
            self.selected = next(iter(self.words))
        self._choose()

    def use_network(self, keyword: str, name: str) -> None:
        """Let another model hear a word, with the same sensitivity."""
        before, after = self.words[keyword].model, self._full(name)
        self.compared = [other for other in self.compared if other != after]
        self._set(replace(self.words[keyword], model=after))
        self.thresholds.carry_over(keyword, before, after)
        self._choose()

    def confirm_with(self, keyword: str, second: str) -> None:
        """Let a second model confirm what the model of a word hears; empty: no second model."""
        before = self.words[keyword].model
        first = first_of(before)
        self._confirm_with[first] = second
        after = self._full(first)
        self._set(replace(self.words[keyword], model=after))
        if after != before:
            self.thresholds.carry_over(keyword, before, after)
        self._choose()

    def compare(self, name: str, on: bool) -> None:
        """Let a model listen beside the word's own model, or no longer."""
        others = [other for other in self.compared if other != name]
        self.compared = [*others, name] if on else others
        self._choose()

    def take_in(self, name: str) -> None:
        """A model file is new in the folder: put its word into the list."""
        self._new = name
        self._worker.take_in_model(name)

    def note_model(self, name: str) -> None:
        """A model file is new in the folder, of a word that another model hears: offer it."""
        self._worker.take_in_model(name)

    def tune(self, name: str, **changes: float | None) -> None:
        """Set fields of a model's `Tuning`; None goes back to the value of the card."""
        self.thresholds.tune(name, **changes)
        self.shown.emit()

    def choose_level(self, keyword: str, level: Level) -> None:
        """Set the sensitivity of a word to a level that is offered."""
        offer = self.thresholds.offers_of(self.words[keyword].model)[level]
        if offer.model:
            self.use_network(keyword, offer.model)
            if self.thresholds.offers_of(self.words[keyword].model)[level].threshold is None:
                level = Level.BALANCED  # of that model it is strict enough
        self.thresholds.choose_level(self.words[keyword].model, level)
        self.shown.emit()

    def _choose(self) -> None:
        self._user_chose = True
        self._use()

    def _set(self, word: Word) -> None:
        self.words = {**self.words, word.keyword: word}

    def _full(self, name: str) -> str:
        """The pair of a model and the model that confirms it, if there is one; else the model."""
        return self._known.paired(name, self._confirm_with)

    # What the worker says

    def _found(self, entries: list[ModelEntry], broken: list[str]) -> None:
        if self.models:  # a model was added: the other models go on
            self._take_cards(entries)
            if self._new in self._known.singles:
                self.add_word(self._known.keyword_of(self._new), self._new)
                self._new = ""
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
        missing = self._fit_list()
        if missing or notices:
            self.noticed.emit(" ".join([*missing, *notices]))
        if self._threshold_asked is not None:
            asked = self._full(self._asked) if self._asked else next(iter(self.wanted))
            self.thresholds.set_for_this_run(asked, self._threshold_asked)
        self.thresholds.tell_worker()
        self._use()

    def _take_cards(self, entries: Iterable[ModelEntry]) -> None:
        self._known = KnownModels(entries)
        self.thresholds.cards = self._known.cards

    def _fit_list(self) -> list[str]:
        """Fit the list to the models that were found. Returns a sentence for each missing model."""
        saved = WordList(self.words, self.selected, self.compared)
        fitted, notices = fitted_list(saved, self._known, self._confirm_with)
        self.words, self.selected, self.compared = fitted.words, fitted.selected, fitted.compared
        return notices

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
            pass  # a later request of the user still waits for its answer
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
        """Make the list agree with the models that listen."""
        own = {model.keyword: model.name for model in self.models if model.main}
        for keyword, word in self.words.items():
            self._set(replace(word, on=keyword in own, model=own.get(keyword, word.model)))
        for keyword, name in own.items():
            if keyword not in self.words:
                self._set(Word(keyword, name, True, free_slot(word.slot for word in self.words.values())))
        self.compared = [model.name for model in self.models if not model.main]
        self._confirm_with |= {first_of(model.name): second_of(model.name) for model in self.models}
        if self._user_chose:  # else the models hold for this run only: by an option, or in place of a missing model
            self._user_chose = False
            first, *also = [first_of(model.name) for model in self.models]
            kept = {name: second for name, second in self._confirm_with.items() if second}
            rows = {word.keyword: first_of(word.model) for word in self.words.values()}
            self._store.remember(model=first, also=also, words=rows, confirm_with=kept)

    def _left(self, models: list[ActiveModel]) -> None:
        """A model failed while it listened."""
        self.models = models
        if not models:
            self._lose(_("The model failed, and no word is on any more: switch a word on."))
            return
        if not self._unanswered:
            self._settle()
        self.changed.emit()
        self.shown.emit()

    def _lose(self, reason: str) -> None:
        self.trouble = reason
        self.lost.emit()
        self.shown.emit()
