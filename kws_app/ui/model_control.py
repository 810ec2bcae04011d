"""Which model listens, and at what threshold: binds picker, slider and line to the worker and to the settings.

On the window's thread. The worker loads; a model counts as chosen when the worker says so.
"""

from dataclasses import replace

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.card import ModelEntry
from kws_app.ui.content import Content
from kws_app.ui.memory import Memory
from kws_app.worker import ModelInUse, Worker


class ModelControl(QObject):
    """The model in use. A threshold that the user sets belongs to the model and comes back with it."""

    changed = pyqtSignal()  # another model listens
    noticed = pyqtSignal(str)  # what the user should know of the models, such as that one was refused
    lost = pyqtSignal()  # there is no model; `trouble` says why

    def __init__(
        self, worker: Worker, content: Content, memory: Memory, name: str | None, threshold: float | None
    ) -> None:
        """name, threshold: for the first model, in place of what is remembered"""
        super().__init__()
        self.model: ModelInUse | None = None
        self.trouble = ""  # why there is no model, once that is known
        self._worker = worker
        self._picker = content.controls
        self._threshold = content.threshold
        self._plots = content.plots
        self._memory = memory
        self._threshold_asked = threshold
        self._recommended: dict[str, float] = {}  # threshold by model, from the cards
        wanted = name or memory.settings.model
        self._loading = wanted  # the model that has not answered yet; empty when all have
        self._dragged: float | None = None  # the threshold that the user gave that one meanwhile
        self._picker.set_models([wanted], wanted)
        self._picker.model.textActivated.connect(self._choose)
        self._threshold.changed.connect(self._set_threshold)
        self._plots.threshold_dragged.connect(self._set_threshold)
        worker.models_found.connect(self._found)
        worker.model_changed.connect(self._changed)
        worker.model_refused.connect(self._refused)

    def _found(self, entries: list[ModelEntry], broken: list[str]) -> None:
        notices = broken[:1] if len(broken) < 2 else [broken[0], f"As unusable: {len(broken) - 1} other model files."]
        if not entries:
            none = "No model was found: make one with `python -m training`, or install the program again."
            self._lose(" ".join(notices) or none)
            return
        wanted = used = self._picker.model.currentText()
        self._recommended = {entry.name: entry.card.threshold for entry in entries}
        if wanted not in self._recommended:
            used = self._instead_of(wanted, entries)
            notices.insert(0, f"There is no usable model {wanted}: {used} listens instead.")
        if notices:
            self.noticed.emit(" ".join(notices))
        self._picker.set_models(list(self._recommended), used)
        self._load(used)

    @staticmethod
    def _instead_of(wanted: str, entries: list[ModelEntry]) -> str:
        """Another model of the same keyword, where there is one."""
        folder = wanted.split("/")[0]
        return next((entry.name for entry in entries if entry.name.split("/")[0] == folder), entries[0].name)

    def _choose(self, name: str) -> None:
        self._load(name)
        self._memory.remember(model=name)

    def _load(self, name: str) -> None:
        threshold = self._threshold_asked or self._memory.settings.thresholds.get(name)
        self._threshold_asked = None
        if name != self._loading:
            self._loading, self._dragged = name, None
        self._worker.use_model(name, threshold)
        if self._dragged is None and name in self._recommended:
            self._show(threshold or self._recommended[name], self._recommended[name])

    def _changed(self, model: ModelInUse) -> None:
        self.model, self.trouble = model, ""
        self._show(model.threshold, model.recommended)
        if model.name == self._loading:
            self._loading = ""
            if self._dragged is not None:
                self._set_threshold(self._dragged)
                self._dragged = None
        self.changed.emit()

    def _refused(self, reason: str) -> None:
        self._loading, self._dragged = "", None
        if self.model is None:
            self._lose(reason)
            return
        names = [self._picker.model.itemText(i) for i in range(self._picker.model.count())]
        self._picker.set_models(names, self.model.name)
        self._show(self.model.threshold, self.model.recommended)
        self._memory.remember(model=self.model.name)
        self.noticed.emit(reason)

    def _lose(self, reason: str) -> None:
        self.trouble = reason
        self.lost.emit()

    def _show(self, threshold: float, recommended: float | None = None) -> None:
        self._threshold.set_threshold(threshold, recommended)
        self._plots.set_threshold(threshold)

    def _set_threshold(self, threshold: float) -> None:
        """The user's threshold, for the model that the picker shows."""
        self._show(threshold)
        if self._loading:
            self._dragged = threshold  # known to the worker and remembered once that model listens
        elif self.model is not None:
            self.model = replace(self.model, threshold=threshold)
            self._worker.set_threshold(self.model.name, threshold)
            remembered = {**self._memory.settings.thresholds, self.model.name: threshold}
            self._memory.remember(thresholds=remembered)
