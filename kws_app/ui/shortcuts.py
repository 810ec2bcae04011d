"""What the keys do. On the window's thread."""

from collections.abc import Callable, Mapping

from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QToolButton, QWidget

Action = Callable[[], object]


def add_shortcuts(window: QWidget, actions: Mapping[str, Action]) -> None:
    """actions: by keys, such as Ctrl+O"""
    for keys, action in actions.items():
        QShortcut(QKeySequence(keys), window).activated.connect(action)


def open_menu(button: QToolButton) -> None:
    """Drop down the menu of a button, without waiting for it as `showMenu` does."""
    menu = button.menu()
    if menu is not None:
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def press_space(window: QWidget, start: QAbstractButton) -> None:
    """Start or stop, unless the keyboard is on a button or list that Space works itself."""
    focus = window.focusWidget()
    if isinstance(focus, QAbstractButton) and focus is not start:
        focus.click()
    elif isinstance(focus, QComboBox):
        focus.showPopup()
    else:
        start.click()
