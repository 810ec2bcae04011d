"""The four parts of the actions dialog: each a switch, its fields, a button to try it, and what became of that.

On the window's thread. A value set by `show_choice` is shown but not reported back.
"""

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from kws_app.actions.choices import LONGEST_S, CommandChoice, WebhookChoice, url_fault
from kws_app.actions.runner import Kind
from kws_app.translation import _

PLACEHOLDERS = "{keyword} {model} {score} {time} {wall_time} {source}"
COMMAND_HEIGHT = 78  # px: three arguments and a half, which says that there may be more


class ActionPart(QFrame):
    """A switch and a button to try it; kinds with more to fill in add it below."""

    changed = pyqtSignal()  # by the user
    tried = pyqtSignal(object)  # Kind
    resized = pyqtSignal()  # a sentence came or went

    def __init__(self, kind: Kind, title: str, tip: str) -> None:
        super().__init__()
        self.kind = kind
        self._refused = False  # what is filled in is not kept, and that is said
        self.setObjectName("part")
        self.switch = QCheckBox(title)
        self.switch.setToolTip(tip)
        self.switch.toggled.connect(self.changed)
        self.try_it = QPushButton(_("Try it"))
        self.try_it.setAccessibleName(_("Try it: {action}", action=title))
        self.try_it.setToolTip(_("Do it now, as if the word had been heard"))
        self.try_it.setAutoDefault(False)
        self.try_it.clicked.connect(self._try)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setAccessibleName(_("Outcome: {action}", action=title))
        self.outcome.hide()
        head = QHBoxLayout()
        head.addWidget(self.switch, 1)
        head.addWidget(self.try_it)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 10, 14, 10)
        self.column.setSpacing(6)
        self.column.addLayout(head)
        self.column.addWidget(self.outcome)

    def _try(self) -> None:
        self.try_it.setEnabled(False)  # until the outcome is there
        self.say(_("Trying…"))
        self.tried.emit(self.kind)

    def say(self, text: str, over: bool = False) -> None:
        """A sentence below; over: the trial has ended."""
        self._refused = False
        self.outcome.setText(text)
        self.outcome.setVisible(bool(text))
        self.resized.emit()
        if over:
            self.try_it.setEnabled(True)

    def refuse(self, error: ValueError | None) -> None:
        """Say why what is filled in cannot be kept; None: it can."""
        if error is not None:
            self.say(_("This is not kept: {reason}.", reason=error))
            self._refused = True
        elif self._refused:
            self.say("")

    def _note(self, text: str) -> QLabel:
        note = QLabel(text)
        note.setProperty("muted", True)
        note.setWordWrap(True)
        return note


class CommandPart(ActionPart):
    """A program and its arguments, one a line: no quoting to get wrong."""

    def __init__(self) -> None:
        super().__init__(Kind.COMMAND, _("Run a command"), _("Run a program of yours when the word is heard"))
        self.arguments = QPlainTextEdit()
        self.arguments.setAccessibleName(_("Command: the program, then its arguments, one a line"))
        self.arguments.setToolTip(_("The program first, then its arguments, one a line. No shell reads them."))
        self.arguments.setPlaceholderText(_("notify-send\nHeard {keyword}\nwith a probability of {score}"))
        self.arguments.setFixedHeight(COMMAND_HEIGHT)
        self.arguments.setTabChangesFocus(True)
        self.arguments.textChanged.connect(self.changed)
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0.1, LONGEST_S)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" s")
        self.limit.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.limit.setAccessibleName(_("Time limit of the command"))
        self.limit.setToolTip(_("After this time the program and all that it started are ended"))
        self.limit.valueChanged.connect(self.changed)
        label = QLabel(_("Ended after"))
        label.setBuddy(self.limit)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(label)
        row.addWidget(self.limit)
        self.column.insertWidget(1, self.arguments)
        hint = _(
            "One argument a line; may hold {placeholders}, which are also KWS_KEYWORD and so on.",
            placeholders=PLACEHOLDERS,
        )
        self.column.insertWidget(2, self._note(hint))
        self.column.insertLayout(3, row)

    @property
    def choice(self) -> CommandChoice:
        """raises ValueError on what cannot be kept"""
        lines = self.arguments.toPlainText().split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return CommandChoice(self.switch.isChecked(), tuple(lines), round(self.limit.value(), 1))

    def show_choice(self, choice: CommandChoice) -> None:
        with QSignalBlocker(self.switch), QSignalBlocker(self.arguments), QSignalBlocker(self.limit):
            self.switch.setChecked(choice.on)
            self.arguments.setPlainText("\n".join(choice.arguments))
            self.limit.setValue(choice.limit_s)


class WebhookPart(ActionPart):
    """An address to post to."""

    def __init__(self) -> None:
        super().__init__(Kind.WEBHOOK, _("Call a webhook"), _("Post the detection as JSON to an address of yours"))
        self.url = QLineEdit()
        self.url.setAccessibleName(_("Webhook: the address"))
        self.url.setToolTip(
            _("Where to post keyword, model, score and time; no audio, nothing else. Redirects are not followed.")
        )
        self.url.setPlaceholderText("http://homeassistant.local:8123/api/webhook/…")
        self.url.textChanged.connect(self.changed)
        self.url.editingFinished.connect(self._check)
        self.column.insertWidget(1, self.url)
        self.column.insertWidget(
            2, self._note(_("Sends keyword, model, score and time by HTTP POST; no audio. Only http and https."))
        )

    def _check(self) -> None:
        self.say(url_fault(self.url.text()) if self.url.text() else "")

    @property
    def choice(self) -> WebhookChoice:
        """raises ValueError on what cannot be kept"""
        return WebhookChoice(self.switch.isChecked(), self.url.text().strip())

    def show_choice(self, choice: WebhookChoice) -> None:
        with QSignalBlocker(self.switch), QSignalBlocker(self.url):
            self.switch.setChecked(choice.on)
            self.url.setText(choice.url)
