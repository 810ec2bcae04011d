"""The table of detections with its buttons, the rate, and "Undo". On the window's thread.

The panel only shows values and reports what the user does. `HistoryControl` sets the values and acts on the reports.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QPoint, Qt, QTimer
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from kws_app.engine.names import written
from kws_app.history.entries import FALSE_ALARM, RIGHT
from kws_app.own_word.lessons import FEWEST, Lessons
from kws_app.translation import _, ngettext
from kws_app.ui.history.detection_list import DetectionList
from kws_app.ui.theme import Theme
from kws_app.ui.widgets.wrapping_row import WrappingRow

MESSAGE_MS = 12_000  # how long a message is shown
MOST_CLIPS = (100, 500, 2000, 10_000)  # choices for the limit of clips
RATE_TIP = _(
    "How often the word was heard, and how often by mistake. After an hour of listening: false alarms an hour, and the "
    "range in which the true rate lies with 95 % confidence.\nCounted for this network at its present threshold: over "
    "all hours with a microphone, earlier runs included, or since the start of a file. Deleted rows count. Missed "
    "words do not count."
)


class HistoryPanel(QWidget):
    """The table, and the buttons and menus for the selected rows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = DetectionList()
        self.missed = self._button(
            _("It missed me"), _("You said the word and nothing happened: save the last 3 s (F8)")
        )
        self.play = self._button(
            _("Play"),
            _("Play the clip of the selected row, or stop it (Return). While a clip plays, no word is detected"),
        )
        self.right = self._button(
            _("That was right"), _("The word was said (R). Press again to remove the label"), checkable=True
        )
        self.wrong = self._button(
            _("False alarm"), _("Nobody said the word (F). Press again to remove the label"), checkable=True
        )
        self.delete = self._button(_("Delete"), _("Delete the selected rows and their clips (Delete). You can undo it"))
        self.learn = self._button(_("Learn from these…"), "")
        self.undo = self._button(_("Undo"), _("Undo the last step: a label, a deletion, a missed word (Ctrl+Z)"))
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.rate = QLabel()
        self.rate.setProperty("muted", True)
        self.rate.setWordWrap(True)
        self.rate.setToolTip(RATE_TIP)
        self.menu = self._make_menu()
        self.more = QToolButton()
        self.more.setText("⋯")
        self.more.setProperty("small", True)
        self.more.setAccessibleName(_("More about clips and labels"))
        self.more.setToolTip(_("Export clips and labels, or change how many clips are kept"))
        self.more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setMenu(self.menu)
        self._message_timer = QTimer(self)
        self._message_timer.setSingleShot(True)
        self._message_timer.setInterval(MESSAGE_MS)
        self._message_timer.timeout.connect(self._hide_message)
        self._lay_out()
        self._hide_message()
        self.show_rate("")
        self.show_lessons(None, "")
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_menu)
        self.show_selection([], can_delete=False, can_play=False)

    def _button(self, text: str, tip: str, checkable: bool = False) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setCheckable(checkable)
        button.setProperty("small", True)
        return button

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.export_clip = self._action(menu, _("Export this clip…"), _("Save the clip of the selected row as a file"))
        self.export_clips = self._action(menu, _("Export all clips…"), _("Save every clip into a folder"))
        self.export_labels = self._action(
            menu,
            _("Export labels for training…"),
            _("Save the labelled clips in the folders that training reads, as in Speech Commands"),
        )
        menu.addSeparator()
        self.keep_clips = self._action(
            menu, _("Keep clips"), _("Keep the sound around each detection on this computer")
        )
        self.keep_clips.setCheckable(True)
        most = QMenu(_("Keep at most"), menu)
        self.most_clips: dict[int, QAction] = {}
        for count in MOST_CLIPS:
            text = ngettext("{count:,} clip", "{count:,} clips", count)
            self.most_clips[count] = self._action(
                most, text, _("When there are more, the oldest clips without a label are removed")
            )
            self.most_clips[count].setCheckable(True)
        menu.addMenu(most)
        return menu

    def _action(self, menu: QMenu, text: str, tip: str) -> QAction:
        action = QAction(text, menu)
        action.setToolTip(tip)
        menu.addAction(action)
        return action

    def _lay_out(self) -> None:
        # Translators: above the list of what was heard
        title = QLabel(_("Heard"))
        title.setObjectName("sectionTitle")
        title.setBuddy(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._row(title, None, self.missed, self.more))
        column.addWidget(self.table, 1)
        column.addLayout(WrappingRow(self.play, self.right, self.wrong, self.delete, self.learn))
        column.addLayout(self._row(self.message, self.undo))
        column.addWidget(self.rate)

    def _row(self, *parts: QWidget | None) -> QHBoxLayout:
        """Widgets side by side. None stands for the free space."""
        row = QHBoxLayout()
        row.setSpacing(6)
        for part in parts:
            if part is None:
                row.addStretch(1)
            else:
                row.addWidget(part, 1 if part is self.message else 0)
        return row

    def set_theme(self, theme: Theme) -> None:
        self.table.set_theme(theme)

    def show_selection(self, labels: Sequence[str], can_delete: bool, can_play: bool) -> None:
        """Enable the buttons for the selected rows. labels: their labels, without missed words"""
        self.right.setEnabled(bool(labels))
        self.wrong.setEnabled(bool(labels))
        self.delete.setEnabled(can_delete)
        self.right.setChecked(bool(labels) and all(label == RIGHT for label in labels))
        self.wrong.setChecked(bool(labels) and all(label == FALSE_ALARM for label in labels))
        self.play.setEnabled(can_play)
        self.export_clip.setEnabled(can_play)

    def show_lessons(self, lessons: Lessons | None, word: str) -> None:
        """Show or hide "Learn from these". lessons: what the labels of a user's word teach; None without such a word"""
        self.learn.setVisible(lessons is not None and lessons.count > 0)
        if lessons is None:
            return
        self.learn.setEnabled(lessons.enough)
        wrong = ngettext("{count} false alarm", "{count} false alarms", lessons.not_the_word)
        counts = _("{said} right or missed, {wrong}", said=lessons.said, wrong=wrong)
        if lessons.enough:
            self.learn.setToolTip(
                _("Train “{word}” again with its labels: {counts}", word=written(word), counts=counts)
            )
        else:
            self.learn.setToolTip(
                _(
                    "Training “{word}” again needs at least {least} labels of a kind. So far: {counts}",
                    word=written(word),
                    least=FEWEST,
                    counts=counts,
                )
            )

    def show_playing(self, playing: bool) -> None:
        self.play.setText(_("Stop") if playing else _("Play"))

    def say(self, text: str, undoable: bool = False) -> None:
        """Show a sentence for MESSAGE_MS. undoable: with the button "Undo" """
        self.message.setText(text)
        self.message.show()
        self.undo.setVisible(undoable)
        self._message_timer.start()

    def _hide_message(self) -> None:
        self.message.hide()
        self.undo.hide()

    def show_rate(self, text: str) -> None:
        if self.rate.text() != text:
            self.rate.setText(text)
        self.rate.setVisible(bool(text))

    def show_choices(self, keep_clips: bool, most_clips: int) -> None:
        self.keep_clips.setChecked(keep_clips)
        for count, action in self.most_clips.items():
            action.setChecked(count == most_clips)

    def _show_menu(self, at: QPoint) -> None:
        viewport = self.table.viewport()
        if viewport is not None:
            self.menu.popup(viewport.mapToGlobal(at))
