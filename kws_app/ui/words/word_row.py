"""A word in the list: on or off, sensitivity, actions, when it was last heard. On the window's thread.

The row only shows values and reports what the user does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtGui import QAction, QMouseEvent
from PyQt6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kws_app.engine.names import written
from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.plain_tip import plain_tip
from kws_app.ui.widgets.wrapping_row import WrappingRow
from kws_app.ui.words.sensitivity import LEVEL_NAMES, LEVELS, Level, Offer

SWATCH_WIDTH = 5  # px
LONGEST = 28  # letters of a word; a longer word is cut, and its tooltip has the whole word


@dataclass(frozen=True)
class RowView:
    """The values that a row shows."""

    keyword: str
    on: bool
    can_switch: bool  # False for the only word that is on
    selected: bool
    slot: int  # the number of its colour
    sensitivity: str  # the name of the level; without a level, the threshold
    level: Level | None
    levels: Mapping[Level, Offer] = field(default_factory=dict)  # empty until the model's card is known
    actions: str = ""  # the names of the actions
    actions_tip: str = ""
    last_heard: str = ""


class WordRow(QFrame):
    """A row of the list."""

    switched = pyqtSignal(str, bool)
    picked = pyqtSignal(str)  # the user selects the word to see its details
    level_chosen = pyqtSignal(str, object)  # Level
    actions_wanted = pyqtSignal(str)

    def __init__(self, keyword: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keyword = keyword
        self._theme = LIGHT
        self._view: RowView | None = None
        self.setObjectName("word")
        self.setAccessibleName(_("Word “{word}”", word=written(keyword)))
        self._swatch = QWidget()
        self._swatch.setFixedWidth(SWATCH_WIDTH)
        shown = written(keyword) if len(keyword) <= LONGEST else written(keyword)[: LONGEST - 1] + "…"
        self.switch = QCheckBox(shown.replace("&", "&&"))
        self.switch.setObjectName("wordSwitch")
        self.switch.setAccessibleName(_("Listen for “{word}”", word=written(keyword)))
        self.last_heard = QLabel()
        self.last_heard.setProperty("muted", True)
        self.last_heard.setTextFormat(Qt.TextFormat.PlainText)
        self.sensitivity = QPushButton()
        self.sensitivity.setProperty("small", True)
        self.sensitivity.setProperty("drops", True)
        self.sensitivity.setAccessibleName(_("Sensitivity of “{word}”", word=written(keyword)))
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.sensitivity.setMenu(self.menu)
        self.levels: dict[Level, QAction] = {}
        for level in LEVELS:
            action = QAction(LEVEL_NAMES[level], self.menu)
            action.setCheckable(True)
            action.triggered.connect(lambda _on, level=level: self.level_chosen.emit(keyword, level))
            self.menu.addAction(action)
            self.levels[level] = action
        self.set_off = QPushButton()
        self.set_off.setProperty("small", True)
        self.set_off.setAccessibleName(_("Actions of “{word}”", word=written(keyword)))
        self._lay_out()
        self.switch.toggled.connect(lambda on: self.switched.emit(keyword, on))
        self.set_off.clicked.connect(lambda: self.actions_wanted.emit(keyword))
        self.menu.aboutToShow.connect(lambda: self.picked.emit(keyword))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.switch)
        head.addStretch(1)
        head.addWidget(self.last_heard)
        column = QVBoxLayout()
        column.setContentsMargins(8, 6, 8, 7)
        column.setSpacing(5)
        column.addLayout(head)
        column.addLayout(WrappingRow(self.sensitivity, self.set_off))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._swatch)
        row.addLayout(column, 1)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._paint()

    def show_view(self, view: RowView) -> None:
        self._view = view
        with QSignalBlocker(self.switch):
            self.switch.setChecked(view.on)
        self.switch.setEnabled(view.can_switch or not view.on)
        self.switch.setToolTip(
            self.keyword
            + "\n"
            + (
                _("Switch listening for this word on or off")
                if self.switch.isEnabled()
                else _("The only word that is on. To stop listening, press Space")
            )
        )
        self.sensitivity.setText(_("Sensitivity: {level}", level=view.sensitivity))
        self.sensitivity.setEnabled(bool(view.levels))
        for level, action in self.levels.items():
            offer = view.levels.get(level)
            action.setEnabled(offer is not None and offer.can_be_chosen)
            action.setChecked(level is view.level)
            action.setText(LEVEL_NAMES[level] if offer is None else f"{LEVEL_NAMES[level]}: {offer.text}")
            action.setToolTip("" if offer is None else offer.text)
        self.sensitivity.setToolTip(_("A sensitive word is missed less often, but gives more false alarms"))
        self.set_off.setText(_("Actions: {actions}", actions=view.actions))
        self.set_off.setToolTip(plain_tip(view.actions_tip))
        self.last_heard.setText(view.last_heard)
        self._paint()

    def _paint(self) -> None:
        theme, view = self._theme, self._view
        if view is None:
            return
        color = theme.score_color(view.slot)
        self._swatch.setStyleSheet(
            f"background: {color if view.on else theme.border}; border-top-left-radius: 7px;"
            " border-bottom-left-radius: 7px;"
        )
        self.setProperty("selected", view.selected)
        style = self.style()
        if style is not None:
            style.unpolish(self)
            style.polish(self)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        super().mousePressEvent(event)
        self.picked.emit(self.keyword)
