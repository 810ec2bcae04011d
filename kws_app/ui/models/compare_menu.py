"""The button that lets several models listen at once. On the window's thread."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QMenu, QToolButton, QWidget

from kws_app.translation import _
from kws_app.ui.models.model_control import ModelControl


class CompareMenu:
    """Fills the menu behind a button with the models there are; those that listen are checked."""

    def __init__(self, button: QToolButton, models: ModelControl, parent: QWidget) -> None:
        self._models = models
        self._button = button
        self.menu = QMenu(parent)
        self.menu.aboutToShow.connect(self.fill)
        button.setMenu(self.menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        models.shown.connect(self._show_count)
        self.fill()
        self._show_count()

    def fill(self) -> None:
        self.menu.clear()
        for name in self._models.offered:
            action = QAction(name, self.menu)
            action.setCheckable(True)
            action.setChecked(name in self._models.wanted)
            action.setEnabled(self._models.wanted != [name])  # one at least
            action.toggled.connect(lambda on, name=name: self._toggle(name, on))
            self.menu.addAction(action)

    def _toggle(self, name: str, on: bool) -> None:
        others = [other for other in self._models.wanted if other != name]
        self._models.choose([*others, name] if on else others)

    def _show_count(self) -> None:
        count = len(self._models.wanted)
        self._button.setText(_("Compare") if count < 2 else _("Compare ({count})", count=count))
        self._button.setMinimumWidth(self._button.sizeHint().width())  # else it is the first to shrink
