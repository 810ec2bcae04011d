"""pytest-qt's robot, with the patience that a busy machine needs: its own is 5 s."""

from collections.abc import Callable
from typing import Any

from pytestqt.qtbot import QtBot

# ruff: noqa: N802 - the names are pytest-qt's
from tests.support.waiting import PATIENCE_MS


class PatientQtBot(QtBot):
    """Waits as long as only a hang can last, unless a test says otherwise."""

    def waitUntil(self, callback: Callable[[], Any], *, timeout: int = PATIENCE_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitExposed(self, widget: Any, *, timeout: int = PATIENCE_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)
