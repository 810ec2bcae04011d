"""Connects detections, settings and the actions dialog with the runner of actions. On the window's thread."""

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QWidget

from kws_app.actions.choices import KeywordActions
from kws_app.actions.event import DetectionEvent
from kws_app.actions.runner import ActionRunner, Kind, Notify, Outcome, Play
from kws_app.history.facts import ActionDone, now_iso
from kws_app.listening.findings import Mark
from kws_app.translation import _
from kws_app.ui.actions.actions_dialog import ActionsDialog
from kws_app.ui.actions.media_players import press
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.words.active_words import ActiveWords


class ActionsControl(QObject):
    """Starts the actions of each keyword, and lets the user choose them."""

    failed = pyqtSignal(str)  # one sentence: why an action after a detection failed
    done = pyqtSignal(object)  # ActionDone: the outcome of an action after a detection
    _ended = pyqtSignal(object)  # Outcome, from an action's thread

    def __init__(self, window: QWidget, words: ActiveWords, store: SettingsStore, play: Play, notify: Notify) -> None:
        super().__init__(window)
        self._window, self._words, self._store = window, words, store
        self._ended.connect(self._report)
        self._runner = ActionRunner(self._tell, play, notify, press)
        self.dialog: ActionsDialog | None = None  # once it was opened

    def set_off(self, mark: Mark) -> None:
        """Start the actions that the user chose for the word of this detection."""
        record = mark.record
        source = record.file or record.microphone or ""
        event = DetectionEvent(
            record.keyword, record.model, record.score, record.time_s, record.wall_time, source, record.key
        )
        self._runner.set_off(self._store.settings.actions_of(record.keyword), event)

    def show_dialog(self, keyword: str = "") -> None:
        """Open the dialog, or bring it to the front. keyword: the word to show"""
        if self.dialog is None:
            self.dialog = ActionsDialog(self._window)
            self.dialog.keyword_shown.connect(self._show_actions)
            self.dialog.changed.connect(self._keep)
            self.dialog.tried.connect(self._try_out)
            self._words.changed.connect(self._fill)
        if not self.dialog.isVisible():
            self._fill()
        if keyword:
            self.dialog.show_keyword(keyword)
        self.dialog.bring_up()

    def shut_down(self) -> None:
        """End all running actions, and close the dialog."""
        self._runner.shut_down()
        if self.dialog is not None:
            self.dialog.close()

    def _fill(self) -> None:
        """Put into the list: the keywords that listen, then all keywords with a model, then keywords with actions."""
        if self.dialog is None:
            return
        listening = [model.keyword for model in self._words.models]
        known = [card.keyword for card in self._words.cards.values()]
        keywords = list(dict.fromkeys([*listening, *known, *self._store.settings.actions]))
        shown = self.dialog.chosen
        before = [self.dialog.keyword.itemData(i) for i in range(self.dialog.keyword.count())]
        if keywords != before:  # else the user's unfinished input would be lost
            self.dialog.set_keywords(keywords, shown if shown in keywords else next(iter(keywords), ""))

    def _show_actions(self, keyword: str) -> None:
        assert self.dialog is not None
        self.dialog.show_actions(self._store.settings.actions_of(keyword))

    def _keep(self, keyword: str, actions: KeywordActions) -> None:
        self._store.remember(actions={**self._store.settings.actions, keyword: actions.to_dict()})

    def _try_out(self, kind: Kind, keyword: str, actions: KeywordActions) -> None:
        model = next((model.name for model in self._words.models if model.keyword == keyword), keyword)
        self._runner.try_out(kind, actions, DetectionEvent(keyword, model, 0.99, 0.0, now_iso(), _("a trial")))

    def _tell(self, outcome: Outcome) -> None:
        try:
            self._ended.emit(outcome)
        except RuntimeError:
            pass  # the window is gone

    def _report(self, outcome: Outcome) -> None:
        if outcome.tried:
            if self.dialog is not None:
                self.dialog.show_outcome(outcome)
            return
        if outcome.id:
            self.done.emit(ActionDone(outcome.id, outcome.kind.value, outcome.failure))
        if outcome.failure:
            self.failed.emit(outcome.failure)
