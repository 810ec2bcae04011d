"""Which models listen, and how each decides: binds picker, slider and line to the worker and to the settings.

On the window's thread. The worker loads; what is in use is what the worker says. One model is looked at: the first,
whose threshold the slider and the line show, and which is the main one of its keyword.
"""

from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.detection.tuning import Tuning
from kws_app.engine.card import ModelCard
from kws_app.engine.catalogue import ModelEntry
from kws_app.engine.pairs import cards_of_pairs, confirming, halves, pair_name
from kws_app.listening.active_models import ActiveModel
from kws_app.listening.worker import Worker
from kws_app.translation import _, ngettext
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.window_layout import WindowLayout


class ModelControl(QObject):
    """The models in use. What the user sets of a decision belongs to the model and comes back with it."""

    changed = pyqtSignal()  # other models listen
    shown = pyqtSignal()  # another model is looked at, or its tuning is another
    turned = pyqtSignal(str, str)  # the user looks at another model: from which, to which
    noticed = pyqtSignal(str)  # what the user should know of the models, such as that one was refused
    lost = pyqtSignal()  # there is no model; `trouble` says why

    def __init__(
        self, worker: Worker, parts: WindowLayout, store: SettingsStore, name: str | None, threshold: float | None
    ) -> None:
        """name, threshold: for the first model, in place of what is remembered"""
        super().__init__()
        self.models: list[ActiveModel] = []  # in use, in order
        self.cards: dict[str, ModelCard] = {}  # of all there are, and of their pairs, by name
        self._singles: dict[str, ModelCard] = {}  # of all there are
        self._confirm_with = dict(store.settings.confirm_with)
        self.trouble = ""  # why there is no model, once that is known
        self._worker = worker
        self._picker = parts.controls
        self._threshold = parts.threshold
        self._plots = parts.plots
        self._store = store
        self._threshold_asked = threshold
        self._tunings = store.settings.tunings()
        first = name or store.settings.model
        self.wanted = [first, *(other for other in store.settings.also if other != first)]
        self._unanswered = 0  # of our requests to the worker
        self._user_chose = False
        self._new = ""  # the model that was added last
        self._refusals: list[str] = []
        self._picker.set_models([first], first)
        self._picker.model.textActivated.connect(self.look_at)
        self._threshold.changed.connect(lambda value: self.tune(threshold=value))
        self._plots.threshold_dragged.connect(lambda value: self.tune(threshold=value))
        worker.models_found.connect(self._found)
        worker.models_unknown.connect(self._lose)
        worker.models_refused.connect(self._refused)
        worker.models_changed.connect(self._answered)
        worker.models_left.connect(self._left)

    @property
    def model(self) -> ActiveModel | None:
        """The one that is looked at, once it listens."""
        return self.models[0] if self.models else None

    @property
    def name(self) -> str:
        """Of the model that is looked at, also while it loads."""
        return self.wanted[0]

    @property
    def tuning(self) -> Tuning:
        """What the user set of the model that is looked at."""
        return self.tuning_of(self.name)

    def tuning_of(self, name: str) -> Tuning:
        """What the user set of a model."""
        return self._tunings.get(name, Tuning())

    @property
    def threshold(self) -> float:
        """Of the model that is looked at."""
        return self._threshold.threshold

    @property
    def offered(self) -> list[str]:
        """What can be chosen: each model, as a pair where the user has another confirm it."""
        return [self._full(name) for name in self._singles]

    @property
    def confirming(self) -> list[str]:
        """Models that could confirm the one that is looked at."""
        first = halves(self.name)[0]
        return confirming(first, self._singles) if first in self._singles else []

    def confirm_with(self, second: str) -> None:
        """The user wants another model to confirm the one that is looked at; empty: none."""
        before, first = self.name, halves(self.name)[0]
        self._confirm_with = {**self._confirm_with, first: second}
        self.choose([self._full(first), *self.wanted[1:]])
        if self.name != before:
            self.turned.emit(before, self.name)

    def _full(self, name: str) -> str:
        """A model's own name, or that of the pair whose first it is."""
        pair = pair_name(name, self._confirm_with.get(name, ""))
        return pair if pair in self.cards else name

    def look_at(self, name: str) -> None:
        """Make a model the first: beside the others if it listens already, else in place of the first."""
        before = self.name
        others = self.wanted if name in self.wanted else self.wanted[1:]
        self.choose([name, *(other for other in others if other != name)])
        if name != before:
            self.turned.emit(before, name)

    def choose(self, names: list[str]) -> None:
        """The user wants these models, the first to be looked at."""
        self._user_chose = True
        self._use(names)

    def take_in(self, name: str) -> None:
        """A model that was just put into the folder: look at it."""
        self._new = name
        self._worker.take_in_model(name)

    def tune(self, **changes: float | None) -> None:
        """Set fields of `Tuning` for the model that is looked at; None goes back to the card's."""
        tuning = replace(self.tuning, **changes)  # type: ignore[arg-type]
        self._tunings = {**self._tunings, self.name: tuning}
        self._worker.want(replace(self._worker.wanted, tunings=self._tunings))
        self._store.remember_tuning(self.name, tuning)
        self._show()

    def _found(self, entries: list[ModelEntry], broken: list[str]) -> None:
        if self.models:  # one was added: the others go on
            self._take_cards(entries)
            if self._new in self._singles:
                self.look_at(self._full(self._new))
            return
        notices, others = broken[:1], len(broken) - 1
        if others > 0:
            notices.append(
                ngettext("As unusable: {count} other model file.", "As unusable: {count} other model files.", others)
            )
        if not entries:
            none = _("No model was found: make one with `python -m training`, or install the program again.")
            self._lose(" ".join(notices) or none)
            return
        self._take_cards(entries)
        first = self._full(self.name)
        if first not in self.cards:
            first = self._instead_of(first)
            notices.insert(
                0, _("There is no usable model {name}: {first} listens instead.", name=self.name, first=first)
            )
        if notices:
            self.noticed.emit(" ".join(notices))
        if self._threshold_asked is not None:
            asked = replace(self._tunings.get(first, Tuning()), threshold=self._threshold_asked)
            self._tunings = {**self._tunings, first: asked}
        self._worker.want(replace(self._worker.wanted, tunings=self._tunings))
        beside = [self._full(name) for name in self.wanted[1:]]
        self._use([first, *(name for name in beside if name in self.cards and name != first)])

    def _take_cards(self, entries: list[ModelEntry]) -> None:
        self._singles = {entry.name: entry.card for entry in entries}
        self.cards = {**self._singles, **cards_of_pairs(self._singles)}

    def _instead_of(self, wanted: str) -> str:
        """Another model of the same keyword, where there is one."""
        folder = wanted.split("/")[0]
        return next((name for name in self.cards if name.split("/")[0] == folder), next(iter(self.cards)))

    def _use(self, names: list[str]) -> None:
        self._unanswered += 1
        self._want(names)
        self._worker.use_models(names)

    def _want(self, names: list[str]) -> None:
        self.wanted = names
        self._picker.set_models(self.offered, self.name)
        self._show()

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

    def _settle(self) -> None:
        """What is wanted is what there is."""
        names = [model.name for model in self.models]
        pairs = dict(map(halves, names))
        self._confirm_with = {**self._confirm_with, **pairs}
        self._want(names)
        if self._user_chose:  # else it is a choice for this run, or made for want of another
            self._user_chose = False
            first, *also = pairs
            kept = {name: second for name, second in self._confirm_with.items() if second}
            self._store.remember(model=first, also=also, confirm_with=kept)

    def _left(self, models: list[ActiveModel]) -> None:
        """A model failed while it listened."""
        self.models = models
        if not models:
            self._lose(_("No model listens any more: choose one."))
            return
        if not self._unanswered:
            self._settle()
        self.changed.emit()

    def _lose(self, reason: str) -> None:
        self.trouble = reason
        self.lost.emit()

    def _show(self) -> None:
        card = self.cards.get(self.name)
        recommended = None if card is None else card.threshold
        threshold = self.tuning.threshold or recommended
        if threshold is not None:
            self._threshold.set_threshold(threshold, recommended)
            self._plots.set_threshold(threshold)
        self.shown.emit()
