"""Turns Qt's abort without a usable display into one sentence and exit status 2."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler


@contextmanager
def one_sentence_without_window() -> Iterator[None]:
    """Enter this while the application is made. If Qt aborts, its first warning becomes the reason in the sentence.

    Else Qt's warnings are printed.
    """
    warnings: list[str] = []

    def hear(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
        if kind is QtMsgType.QtFatalMsg:
            displays = [f"{name}={os.environ[name]}" for name in ("DISPLAY", "WAYLAND_DISPLAY") if name in os.environ]
            where = ", ".join(displays) or "this system"
            reason = warnings[0].strip().rstrip(".") if warnings else (message or "").splitlines()[0].rstrip(".")
            print(
                f"kws-app: no window can be opened on {where} ({reason}). For audio files use kws-detect.",
                file=sys.stderr,
                flush=True,
            )
            os._exit(2)  # Qt aborts once this returns
        elif kind is not QtMsgType.QtDebugMsg and message:
            warnings.append(message)

    before = qInstallMessageHandler(hear)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
    for warning in warnings:
        print(warning, file=sys.stderr)
