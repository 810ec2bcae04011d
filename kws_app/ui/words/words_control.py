"""Connects the list of words with the words that listen, the plots and the settings. On the window's thread."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from PyQt6.QtCore import QLocale, QObject

from kws_app.actions.choices import KeywordActions
from kws_app.engine.names import first_of, second_of, written
from kws_app.engine.pairs import curve_of_pair
from kws_app.translation import _
from kws_app.ui.plots.plots import Plots
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.words.active_words import ActiveWords
from kws_app.ui.words.networks import measured, network, size
from kws_app.ui.words.sensitivity import LEVEL_NAMES, Level, level_of
from kws_app.ui.words.word import Word
from kws_app.ui.words.word_chooser import WordChooser
from kws_app.ui.words.word_row import RowView
from kws_app.ui.words.words_panel import WordsPanel

AS_MEASURED = {"smoothing_steps": None, "patience_steps": None, "refractory_s": None}


def actions_text(actions: KeywordActions) -> str:
    """The actions of a word, in a few words."""
    names = [
        name
        for name, on in (
            (_("sound"), actions.sound),
            (_("notification"), actions.notification),
            (_("program"), actions.program.on),
            (_("media key"), actions.media_key.on),
            (_("command"), actions.command.on),
            (_("web hook"), actions.webhook.on),
        )
        if on
    ]
    if len(names) > 2:
        return _("{first} and {count} more", first=names[0], count=len(names) - 1)
    return ", ".join(names) or _("none")


class WordsControl(QObject):
    """Made once for a window."""

    def __init__(
        self,
        panel: WordsPanel,
        words: ActiveWords,
        plots: Plots,
        store: SettingsStore,
        add_model: Callable[[], object],
        add_own: Callable[[], object],
    ) -> None:
        """add_model: asks the user for a model file. add_own: lets the user make a new word"""
        super().__init__()
        self._panel, self._words, self._plots, self._store = panel, words, plots, store
        self._add_model, self._add_own = add_model, add_own
        self._last_heard: dict[str, str] = {}  # by keyword, ISO 8601
        self.chooser: WordChooser | None = None  # once it was opened
        panel.switched.connect(words.switch)
        panel.picked.connect(words.select)
        panel.level_chosen.connect(words.choose_level)
        panel.compare_toggled.connect(words.compare)
        panel.add.clicked.connect(self.show_chooser)
        advanced = panel.advanced
        advanced.threshold.changed.connect(lambda value: self._tune(threshold=value))
        advanced.decision.changed.connect(lambda field, value: self._tune(**{field: value}))
        advanced.decision.reset_wanted.connect(lambda: self._tune(**AS_MEASURED))
        advanced.network_chosen.connect(lambda name: words.use_network(words.selected, name))
        advanced.confirm_chosen.connect(lambda second: words.confirm_with(words.selected, second))
        advanced.remove_wanted.connect(lambda: words.remove_word(words.selected))
        plots.threshold_dragged.connect(lambda name, value: words.tune(name, threshold=value))
        words.shown.connect(self.show)
        words.changed.connect(self.show)
        store.changed.connect(self._settings_changed)
        self.show()

    def _settings_changed(self, fields: frozenset[str]) -> None:
        if "actions" in fields:
            self._show_rows()

    def note_heard(self, keyword: str, wall_time: str) -> None:
        """Show when a word was heard. wall_time: ISO 8601, now or in an earlier run"""
        if wall_time > self._last_heard.get(keyword, ""):
            self._last_heard[keyword] = wall_time
            self._show_rows()

    def back_to_balanced(self) -> None:
        """Set the selected word to "Balanced"."""
        if self._words.word is not None and self._words.word.model in self._words.cards:
            self._words.choose_level(self._words.selected, Level.BALANCED)

    def step_threshold(self, steps: int) -> None:
        """Move the threshold of the selected word, as the keys do."""
        if self._words.word is not None and self._words.word.model in self._words.cards:
            self._panel.advanced.threshold.step(steps)

    def show_chooser(self) -> None:
        """Open the dialog that adds a word, or bring it to the front."""
        if self.chooser is None:
            self.chooser = WordChooser(self._panel.window())
            self.chooser.chosen.connect(lambda keyword: self._words.add_word(keyword))
            self.chooser.own_wanted.connect(lambda: self._add_own())
            self.chooser.model_wanted.connect(lambda: self._add_model())
            self._words.shown.connect(self._fill_chooser)
        self._fill_chooser()
        self.chooser.bring_up()

    def _fill_chooser(self) -> None:
        if self.chooser is None:
            return
        words = self._words
        listed = [word.keyword for word in words.words.values() if word.on]
        offered = []
        for keyword in words.known:
            own = words.words.get(keyword)
            name = words.networks(keyword)[0] if own is None or own.model not in words.cards else own.model
            offered.append((keyword, measured(words.cards[name]), keyword in listed))
        self.chooser.show_words(offered)

    def _tune(self, **changes: float | None) -> None:
        word = self._words.word
        if word is not None:
            self._words.tune(word.model, **changes)

    # What the window shows

    def show(self) -> None:
        """Show the list, the plots and the details as they are now."""
        self._show_rows()
        self._plots.set_curves(self._words.curves())
        word = self._words.word
        known = word is not None and word.model in self._words.cards
        for part in (self._panel.meaning, self._panel.advanced_button, self._panel.compare, self._panel.advanced):
            part.setEnabled(known)
        if known:
            assert word is not None
            self._show_details(word)

    def _show_rows(self) -> None:
        self._panel.show_rows([self._row(word) for word in self._words.words.values()])

    def _row(self, word: Word) -> RowView:
        words = self._words
        threshold = words.thresholds.threshold_of(word.model)
        levels = words.thresholds.offers_of(word.model) if word.model in words.cards else {}
        level = level_of(threshold, levels) if levels and threshold is not None else None
        number = "…" if threshold is None else f"{threshold:.3f}"
        sensitivity = number if level is None else LEVEL_NAMES[level]
        actions = self._store.settings.actions_of(word.keyword)
        return RowView(
            word.keyword,
            word.on,
            words.can_switch_off(word.keyword),
            word.keyword == words.selected and len(words.words) > 1,
            word.slot,
            sensitivity,
            level,
            levels,
            actions_text(actions),
            _("What happens when the word is heard (Ctrl+E)"),
            self._heard_text(word.keyword),
        )

    def _heard_text(self, keyword: str) -> str:
        """When a word was last heard: the time if it was today, else the date."""
        stamp = self._last_heard.get(keyword)
        if stamp is None:
            return _("not heard yet")
        at = datetime.fromisoformat(stamp).astimezone()
        if at.date() == datetime.now().astimezone().date():
            return _("heard {time}", time=at.strftime("%H:%M:%S"))
        return _("heard {time}", time=QLocale().toString(at.date(), "d MMM"))

    def _show_details(self, word: Word) -> None:
        words, panel = self._words, self._panel
        card = words.cards[word.model]
        own = card.decision_config()
        config = words.thresholds.tuning_of(word.model).applied_to(own)
        as_measured = replace(config, threshold=own.threshold) == own
        first, second = first_of(word.model), second_of(word.model)
        several = len(words.words) > 1
        text = measured(card, config.threshold)
        panel.meaning.setText(f"“{written(word.keyword)}”: {text}" if several else text)
        if second and curve_of_pair(words.cards[first], words.cards[second]) is None:
            panel.meaning.setText(
                panel.meaning.text() + " " + _("Measured with {role} alone.", role=network(second).role)
            )
        curve = words.thresholds.curve_of(word.model)
        if curve is not None and not curve.measured_with(config):
            other = _("Measured with other settings in Advanced: “As measured” brings those settings back.")
            panel.meaning.setText(f"{panel.meaning.text()} {other}")
        advanced = panel.advanced
        advanced.show_word(word.keyword, words.can_remove(word.keyword))
        advanced.threshold.set_threshold(config.threshold)
        advanced.decision.show_decision(config, as_measured)
        singles = [network(name) for name in words.networks(word.keyword)]
        about = f"{network(first).role}: {size(words.cards[first])}. {measured(words.cards[first])}"
        advanced.show_networks(singles, first, about)
        advanced.show_confirming([network(name) for name in words.confirming(word.keyword)], second)
        panel.show_compare(word.keyword, singles, first, [first_of(name) for name in words.compared])
