"""The present settings of the window. They are written a moment after the last change. On the window's thread."""

from dataclasses import replace
from pathlib import Path

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from kws_app.detection.tuning import Tuning
from kws_app.settings import SettingsFile
from kws_app.translation import _

SAVE_MS = 500  # after the last change: dragging a slider causes one write


class SettingsStore(QObject):
    """The settings and their file."""

    failed = pyqtSignal(str)  # one sentence: the settings could not be written
    changed = pyqtSignal(object)  # frozenset[str]: the fields that were changed

    def __init__(self, file: SettingsFile) -> None:
        super().__init__()
        self._file = file
        self.settings, self.notice = file.load()  # the notice is one sentence for the user, or empty
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_MS)
        self._timer.timeout.connect(self.save)

    @property
    def path(self) -> Path:
        """The path of the settings file."""
        return self._file.path

    def remember(self, **changes: object) -> None:
        """Change fields of the settings, and write them soon."""
        self.settings = replace(self.settings, **changes)  # type: ignore[arg-type]
        self._timer.start()
        self.changed.emit(frozenset(changes))

    def remember_tuning(self, model: str, tuning: Tuning) -> None:
        """Keep the threshold and decision that the user set for a model."""
        thresholds, decisions = dict(self.settings.thresholds), dict(self.settings.decisions)
        thresholds.pop(model, None)
        decisions.pop(model, None)
        changes = tuning.changes
        if tuning.threshold is not None:
            thresholds[model] = changes.pop("threshold")
        if changes:
            decisions[model] = changes
        self.remember(thresholds=thresholds, decisions=decisions)

    def save(self) -> None:
        """Write the settings now."""
        self._timer.stop()
        try:
            self._file.save(self.settings)
        except OSError as error:
            self.failed.emit(
                _("The settings could not be written to {path} ({error}).", path=self._file.path, error=error)
            )
