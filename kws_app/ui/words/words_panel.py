"""The list of words, and below it what the sensitivity of the selected word means. On the window's thread.

The panel only shows values and reports what the user does. `WordsControl` sets the values and acts on the reports.
"""

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from kws_app.engine.names import written
from kws_app.translation import _, ngettext
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.wrapping_row import WrappingRow
from kws_app.ui.words.advanced import Advanced
from kws_app.ui.words.networks import Network
from kws_app.ui.words.word_row import RowView, WordRow


class WordsPanel(QWidget):
    """A row for each word, a button to add words, and the details of the selected word."""

    switched = pyqtSignal(str, bool)
    picked = pyqtSignal(str)
    level_chosen = pyqtSignal(str, object)  # keyword, Level
    actions_wanted = pyqtSignal(str)
    compare_toggled = pyqtSignal(str, bool)  # name of a model

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = LIGHT
        self.rows: dict[str, WordRow] = {}  # by keyword
        title = QLabel(_("Words"))
        title.setObjectName("sectionTitle")
        self.add = QPushButton(_("Add a word…"))
        self.add.setProperty("small", True)
        self.add.setToolTip(_("Choose another word to listen for (Ctrl+M)"))
        self.meaning = QLabel()
        self.meaning.setWordWrap(True)
        self.meaning.setProperty("muted", True)
        self.meaning.setTextFormat(Qt.TextFormat.PlainText)
        self.meaning.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.meaning.setAccessibleName(_("What the sensitivity means"))
        self.advanced_button = QPushButton(_("Advanced"))
        self.advanced_button.setProperty("small", True)
        self.advanced_button.setCheckable(True)
        self.advanced_button.setToolTip(_("The threshold as a number, the network of the word, and more"))
        self.compare = QPushButton(_("Compare"))
        self.compare.setProperty("small", True)
        self.compare.setProperty("drops", True)
        self.compare.setToolTip(
            _("Let other networks hear the same word, and compare them with the network of the word (Ctrl+L)")
        )
        self.compare_menu = QMenu(self)
        self.compare.setMenu(self.compare_menu)
        self.advanced = Advanced()
        self.advanced.hide()
        self.advanced_button.toggled.connect(self.advanced.setVisible)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self.add)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(self._list)
        column.addWidget(self.meaning)
        column.addLayout(WrappingRow(self.advanced_button, self.compare))
        column.addWidget(self.advanced)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for row in self.rows.values():
            row.set_theme(theme)

    def show_rows(self, views: Sequence[RowView]) -> None:
        """Show these words in this order."""
        wanted = [view.keyword for view in views]
        for keyword in [keyword for keyword in self.rows if keyword not in wanted]:
            row = self.rows.pop(keyword)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, view in enumerate(views):
            row = self.rows.get(view.keyword) or self._add_row(view.keyword)
            if self._list.indexOf(row) != place:
                self._list.insertWidget(place, row)
            row.show_view(view)

    def _add_row(self, keyword: str) -> WordRow:
        row = self.rows[keyword] = WordRow(keyword)
        row.set_theme(self._theme)
        row.switched.connect(self.switched)
        row.picked.connect(self.picked)
        row.level_chosen.connect(self.level_chosen)
        row.actions_wanted.connect(self.actions_wanted)
        return row

    def show_compare(self, keyword: str, networks: Sequence[Network], own: str, compared: Sequence[str]) -> None:
        """Fill the menu. own: the network of the word; compared: the networks that listen beside it"""
        self.compare_menu.clear()
        self.compare_menu.setTitle(_("Compare"))
        for network in networks:
            text = _("{network}: hears the word", network=network.text) if network.name == own else network.text
            action = self.compare_menu.addAction(text)
            assert action is not None
            action.setCheckable(True)
            action.setChecked(network.name == own or network.name in compared)
            action.setEnabled(network.name != own)
            action.toggled.connect(lambda on, name=network.name: self.compare_toggled.emit(name, on))
        count = sum(network.name in compared for network in networks)
        self.compare.setText(
            ngettext("Compare ({count} more)", "Compare ({count} more)", count) if count else _("Compare")
        )
        self.compare.setAccessibleName(_("Compare the networks of “{word}”", word=written(keyword)))
        self.compare.setEnabled(len(networks) > 1)
