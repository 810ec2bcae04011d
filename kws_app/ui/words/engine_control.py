"""The choice of the engine: made in Advanced, kept in the settings, named in the status line. On the window's thread.

The worker changes the engine and answers with the engine that runs from then on.
"""

from PyQt6.QtCore import QObject, QSignalBlocker
from PyQt6.QtGui import QStandardItemModel
from PyQt6.QtWidgets import QComboBox

from kws_app.engine.backends import JITTED, PLAIN, has_torch
from kws_app.listening.worker import Worker
from kws_app.translation import _
from kws_app.ui.settings_store import SettingsStore
from kws_app.ui.widgets.status_line import StatusLine

TITLES = {PLAIN: _("plain (NumPy)"), JITTED: _("jitted (PyTorch)")}


class EngineControl(QObject):
    """Made once for a window, before the worker is started."""

    def __init__(
        self, worker: Worker, choice: QComboBox, status: StatusLine, store: SettingsStore, asked: str | None
    ) -> None:
        """asked: the engine for this run; None for the engine in the settings"""
        super().__init__()
        self._worker, self._choice, self._status, self._store = worker, choice, status, store
        for engine, title in TITLES.items():
            choice.addItem(title, engine)
        if not has_torch():
            items = choice.model()
            item = items.item(choice.findData(JITTED)) if isinstance(items, QStandardItemModel) else None
            if item is not None:
                item.setEnabled(False)
                item.setToolTip(_("Needs PyTorch: install kws-app[jitted]"))
        choice.activated.connect(self._choose)
        worker.engine_changed.connect(self._show)
        remembered = store.settings.engine
        if remembered == JITTED and not has_torch():
            remembered = ""
        worker.use_engine(asked or remembered or None)

    def _choose(self, index: int) -> None:
        engine = str(self._choice.itemData(index))
        self._store.remember(engine=engine)
        self._worker.use_engine(engine)

    def _show(self, engine: str) -> None:
        with QSignalBlocker(self._choice):
            self._choice.setCurrentIndex(self._choice.findData(engine))
        self._status.set_engine(TITLES.get(engine, engine))
