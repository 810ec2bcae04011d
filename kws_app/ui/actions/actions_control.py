"""Binds detections, settings and the actions dialog to the runner of actions. On the window's thread."""

from PyQt6.QtCore import QObject, pyqtSignal
from PyQt6.QtWidgets import QWidget

from kws_app.actions.choices import KeywordActions
from kws_app.actions.event import DetectionEvent
from kws_app.actions.runner import ActionRunner, Kind, Notify, Outcome, Play
from kws_app.history.log import now_iso
from kws_app.listening.worker import Mark
from kws_app.translation import _
from kws_app.ui.actions.actions_dialog import ActionsDialog
from kws_app.ui.models.model_control import ModelControl
from kws_app.ui.settings_store import SettingsStore


class ActionsControl(QObject):
    """Sets off what the user chose for each keyword, and lets the user choose."""

    failed = pyqtSignal(str)  # one sentence, about what a detection set off
    _ended = pyqtSignal(object)  # Outcome, from an action's thread

    def __init__(self, window: QWidget, models: ModelControl, store: SettingsStore, play: Play, notify: Notify) -> None:
        super().__init__(window)
        self._window, self._models, self._store = window, models, store
        self._ended.connect(self._report)
        self._runner = ActionRunner(self._tell, play, notify)
        self.dialog: ActionsDialog | None = None  # once it was opened

    def set_off(self, mark: Mark) -> None:
        """What the user wants of this detection."""
        record = mark.record
        source = record.file or record.microphone or ""
        event = DetectionEvent(record.keyword, record.model, record.score, record.time_s, record.wall_time, source)
        self._runner.set_off(self._store.settings.actions_of(record.keyword), event)

    def show_dialog(self) -> None:
        """Open it, or bring it to the front."""
        if self.dialog is None:
            self.dialog = ActionsDialog(self._window)
            self.dialog.keyword_shown.connect(self._show_actions)
            self.dialog.changed.connect(self._keep)
            self.dialog.tried.connect(self._try_out)
            self._models.changed.connect(self._fill)
        if not self.dialog.isVisible():
            self._fill()
        self.dialog.bring_up()

    def shut_down(self) -> None:
        """End what is under way, and close the dialog."""
        self._runner.shut_down()
        if self.dialog is not None:
            self.dialog.close()

    def _fill(self) -> None:
        """The keywords that listen, then all others that there are or were."""
        if self.dialog is None:
            return
        listening = [model.keyword for model in self._models.models]
        known = [card.keyword for card in self._models.cards.values()]
        keywords = list(dict.fromkeys([*listening, *known, *self._store.settings.actions]))
        shown = self.dialog.keyword.currentText()
        before = [self.dialog.keyword.itemText(i) for i in range(self.dialog.keyword.count())]
        if keywords != before:  # or what is being typed would be shown anew
            self.dialog.set_keywords(keywords, shown if shown in keywords else next(iter(keywords), ""))

    def _show_actions(self, keyword: str) -> None:
        assert self.dialog is not None
        self.dialog.show_actions(self._store.settings.actions_of(keyword))

    def _keep(self, keyword: str, actions: KeywordActions) -> None:
        self._store.remember(actions={**self._store.settings.actions, keyword: actions.to_dict()})

    def _try_out(self, kind: Kind, keyword: str, actions: KeywordActions) -> None:
        model = next((model.name for model in self._models.models if model.keyword == keyword), keyword)
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
        elif outcome.failure:
            self.failed.emit(outcome.failure)
