"""What the keys do. On the window's thread."""

from collections.abc import Callable, Mapping

from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QWidget

Action = Callable[[], object]


def add_shortcuts(window: QWidget, actions: Mapping[str, Action]) -> None:
    """actions: by keys, such as Ctrl+O"""
    for keys, action in actions.items():
        QShortcut(QKeySequence(keys), window).activated.connect(action)


def press_space(window: QWidget, start: QAbstractButton) -> None:
    """Start or stop, unless the keyboard is on a button or list that Space works itself."""
    focus = window.focusWidget()
    if isinstance(focus, QAbstractButton) and focus is not start:
        focus.click()
    elif isinstance(focus, QComboBox):
        focus.showPopup()
    else:
        start.click()
