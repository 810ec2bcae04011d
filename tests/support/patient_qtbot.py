"""pytest-qt's robot with longer waits for a busy machine. Its own limit is 5 s."""

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

# ruff: noqa: N802 - the names are pytest-qt's
from tests.support.waiting import PATIENCE_MS


class PatientQtBot(QtBot):
    """Waits so long that only a hang reaches the limit, unless a test gives another limit."""

    def waitUntil(self, callback: Callable[[], Any], *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitExposed(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)
