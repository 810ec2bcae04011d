"""The actions dialog: what happens after each word. It saves every change at once. On the window's thread."""

from PyQt6.QtCore import QSignalBlocker, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from kws_app.actions.choices import KeywordActions
from kws_app.actions.runner import Kind, Outcome
from kws_app.engine.names import written
from kws_app.translation import _
from kws_app.ui.actions.action_sections import ActionPart, CommandPart, MediaKeyPart, ProgramPart, WebhookPart
from kws_app.ui.widgets.dialog import Dialog

WIDTH = 620


class ActionsDialog(Dialog):
    """A section for each kind of action. The dialog shows one word at a time."""

    keyword_shown = pyqtSignal(str)  # the user turned to this word: answer with `show_actions`
    changed = pyqtSignal(str, object)  # the user changed the KeywordActions of this keyword
    tried = pyqtSignal(object, str, object)  # Kind, keyword, KeywordActions

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Actions"), WIDTH, parent)
        self.keyword = QComboBox()
        self.keyword.setAccessibleName(_("Word"))
        self.keyword.setToolTip(_("The word whose actions are shown. Each word has its own actions"))
        self.keyword.currentIndexChanged.connect(lambda: self._show_keyword(self.chosen))
        self.sound = ActionPart(Kind.SOUND, _("Sound"), _("Play a short chime when the word is heard"))
        self.notification = ActionPart(
            Kind.NOTIFICATION, _("Notification"), _("Show a notification on the desktop when the word is heard")
        )
        self.program, self.media_key = ProgramPart(), MediaKeyPart()
        self.command, self.webhook = CommandPart(), WebhookPart()
        parts = (self.sound, self.notification, self.media_key, self.program, self.command, self.webhook)
        self.parts: dict[Kind, ActionPart] = {part.kind: part for part in parts}
        for part in self.parts.values():
            part.changed.connect(self._changed)
            part.tried.connect(self._tried)
        self._lay_out()

    def _lay_out(self) -> None:
        label = QLabel(_("When this word is &heard:"))
        label.setBuddy(self.keyword)
        top = QHBoxLayout()
        top.addWidget(label)
        top.addWidget(self.keyword, 1)
        self.column.addLayout(top)
        for part in self.parts.values():
            self.column.addWidget(part)

    @property
    def chosen(self) -> str:
        """The keyword that is shown; empty where there is none."""
        return str(self.keyword.currentData() or "")

    def show_keyword(self, keyword: str) -> None:
        """Turn to this word."""
        self.keyword.setCurrentIndex(self.keyword.findData(keyword))

    def set_keywords(self, keywords: list[str], current: str) -> None:
        with QSignalBlocker(self.keyword):
            self.keyword.clear()
            for keyword in keywords:
                self.keyword.addItem(written(keyword), keyword)
            self.keyword.setCurrentIndex(max(0, self.keyword.findData(current)))
        self._show_keyword(self.chosen)

    def _show_keyword(self, keyword: str) -> None:
        for part in self.parts.values():
            part.say("", over=True)
            part.setEnabled(bool(keyword))
        if keyword:
            self.keyword_shown.emit(keyword)

    def show_actions(self, actions: KeywordActions) -> None:
        """Show the actions of the keyword."""
        with QSignalBlocker(self.sound.switch), QSignalBlocker(self.notification.switch):
            self.sound.switch.setChecked(actions.sound)
            self.notification.switch.setChecked(actions.notification)
        self.program.show_choice(actions.program)
        self.media_key.show_choice(actions.media_key)
        self.command.show_choice(actions.command)
        self.webhook.show_choice(actions.webhook)

    def _actions(self) -> KeywordActions | None:
        """The input of all sections. If a section cannot be kept: None, and the section says why."""
        part: ActionPart = self.program
        try:
            program = self.program.choice
            part = self.command
            command = self.command.choice
            part = self.webhook
            webhook = self.webhook.choice
        except ValueError as error:
            part.refuse(error)
            return None
        for part in (self.program, self.command, self.webhook):
            part.refuse(None)
        sound, notification = self.sound.switch.isChecked(), self.notification.switch.isChecked()
        return KeywordActions(sound, notification, command, webhook, program, self.media_key.choice)

    def _changed(self) -> None:
        actions = self._actions()
        if actions is not None:
            self.changed.emit(self.chosen, actions)

    def _tried(self, kind: Kind) -> None:
        actions = self._actions()
        if actions is None:
            self.parts[kind].try_it.setEnabled(True)
        else:
            self.tried.emit(kind, self.chosen, actions)

    def show_outcome(self, outcome: Outcome) -> None:
        """Show the outcome of a trial, if its keyword is still shown."""
        if outcome.keyword == self.chosen:
            part, failed = self.parts[outcome.kind], bool(outcome.failure)
            worked = _("It worked.") if part.switch.isChecked() else _("It worked. Tick the box to switch it on.")
            part.say(outcome.failure or worked, over=True, failed=failed)
