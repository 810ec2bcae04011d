"""Which model listens, and at what threshold: binds picker, slider and line to the worker and to the settings.

On the window's thread. The worker loads; a model counts as chosen when the worker says so.
"""

from PyQt6.QtCore import QObject, pyqtSignal

from kws_app.ui.content import Content
from kws_app.ui.memory import Memory
from kws_app.worker import ModelInUse, Worker


class ModelControl(QObject):
    """The model in use. A threshold that the user sets belongs to the model and comes back with it."""

    changed = pyqtSignal()  # another model listens
    refused = pyqtSignal(str)  # one sentence; the model before goes on
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
        wanted = name or memory.settings.model
        self._picker.set_models([wanted], wanted)
        self._picker.model.textActivated.connect(self._choose)
        self._threshold.changed.connect(self._set_threshold)
        self._plots.threshold_dragged.connect(self._set_threshold)
        worker.models_found.connect(self._found)
        worker.model_changed.connect(self._changed)
        worker.model_refused.connect(self._refused)

    def _found(self, entries: list) -> None:
        names = [entry.name for entry in entries]
        if not names:
            self._lose("No model was found: make one with `python -m training`, or install the program again.")
            return
        wanted = self._picker.model.currentText()
        self._picker.set_models(names, wanted if wanted in names else names[0])
        self._load(self._picker.model.currentText())

    def _choose(self, name: str) -> None:
        self._load(name)
        self._memory.remember(model=name)

    def _load(self, name: str) -> None:
        threshold = self._threshold_asked or self._memory.settings.thresholds.get(name)
        self._threshold_asked = None
        self._worker.use_model(name, threshold)

    def _changed(self, model: ModelInUse) -> None:
        self.model, self.trouble = model, ""
        self._worker.set_threshold(model.threshold)  # also where the user dragged while it was loaded
        self._threshold.set_threshold(model.threshold, model.recommended)
        self._plots.set_threshold(model.threshold)
        self.changed.emit()

    def _refused(self, reason: str) -> None:
        if self.model is None:
            self._lose(reason)
            return
        names = [self._picker.model.itemText(i) for i in range(self._picker.model.count())]
        self._picker.set_models(names, self.model.name)
        self._memory.remember(model=self.model.name)
        self.refused.emit(reason)

    def _lose(self, reason: str) -> None:
        self.trouble = reason
        self.lost.emit()

    def _set_threshold(self, threshold: float) -> None:
        self._worker.set_threshold(threshold)
        self._threshold.set_threshold(threshold)
        self._plots.set_threshold(threshold)
        if self.model is not None:
            remembered = {**self._memory.settings.thresholds, self.model.name: threshold}
            self._memory.remember(thresholds=remembered)
