"""Binds keys to actions. On the window's thread."""

from collections.abc import Callable, Mapping

from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtWidgets import QAbstractButton, QComboBox, QPushButton, QToolButton, QWidget

from kws_app.ui.history.detection_list import DetectionList

Action = Callable[[], object]


def add_shortcuts(window: QWidget, actions: Mapping[str, Action]) -> None:
    """actions: by key, such as Ctrl+O"""
    for keys, action in actions.items():
        shortcut = QShortcut(QKeySequence(keys), window)
        shortcut.activated.connect(action)
        if keys == "Return":
            QShortcut(QKeySequence("Enter"), window).activated.connect(action)  # the key on the number pad


def open_menu(button: QToolButton | QPushButton) -> None:
    """Open the menu of a button. `showMenu` would wait until the menu closes."""
    menu = button.menu()
    if menu is not None:
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def press_return(window: QWidget) -> None:
    """Press the selected button. Return does this, because Space always starts and stops the listening."""
    focus = window.focusWidget()
    if isinstance(focus, QToolButton | QPushButton) and focus.menu() is not None:
        open_menu(focus)
    elif isinstance(focus, QAbstractButton):
        focus.click()
    elif isinstance(focus, QComboBox):
        focus.showPopup()
    elif isinstance(focus, DetectionList):
        focus.play_selected()
