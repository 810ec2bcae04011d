"""The sections of the actions dialog: a switch, fields, a button to try the action, and the outcome of the trial.

On the window's thread. The signals report only what the user changes, not what `show_choice` sets.
"""

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from kws_app.actions.choices import (
    LONGEST_S,
    CommandChoice,
    MediaKeyChoice,
    ProgramChoice,
    WebhookChoice,
    url_fault,
)
from kws_app.actions.command_line import arguments_of, line_of
from kws_app.actions.media_key import MediaKey
from kws_app.actions.runner import Kind
from kws_app.translation import _

MEDIA_KEYS = {
    MediaKey.PLAY_PAUSE: _("Play or pause"),
    MediaKey.NEXT: _("Next"),
    MediaKey.PREVIOUS: _("Previous"),
    MediaKey.STOP: _("Stop"),
}
PLACEHOLDERS = "{keyword} {model} {score} {time} {wall_time} {source}"


class ActionPart(QFrame):
    """A switch and a button to try the action. Subclasses add fields below."""

    changed = pyqtSignal()  # by the user
    tried = pyqtSignal(object)  # Kind

    def __init__(self, kind: Kind, title: str, tip: str) -> None:
        super().__init__()
        self.kind = kind
        self._refused = False  # the input cannot be kept, and `outcome` says so
        self.setObjectName("part")
        self.switch = QCheckBox(title)
        self.switch.setToolTip(tip)
        self.switch.toggled.connect(self.changed)
        self.try_it = QPushButton(_("Try it"))
        self.try_it.setAccessibleName(_("Try it: {action}", action=title))
        self.try_it.setToolTip(_("Do this now, as if the word had been heard"))
        self.try_it.setAutoDefault(False)
        self.try_it.clicked.connect(self._try)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setAccessibleName(_("Outcome: {action}", action=title))
        self.outcome.setObjectName("outcome")
        head = QHBoxLayout()
        head.addWidget(self.switch, 1)
        head.addWidget(self.try_it)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(14, 10, 14, 10)
        self.column.setSpacing(6)
        self.column.addLayout(head)
        self.column.addWidget(self.outcome)

    def _try(self) -> None:
        self.try_it.setEnabled(False)  # until the outcome is known
        self.say(_("Trying…"))
        self.tried.emit(self.kind)

    def say(self, text: str, over: bool = False, failed: bool = False) -> None:
        """Show a sentence below the fields. over: the trial has ended; failed: the action did not work"""
        self._refused = False
        self.outcome.setText(f"{'✗' if failed else '✓'} {text}" if over and text else text)
        self.outcome.setProperty("outcome", "failed" if failed else "worked" if over and text else "")
        style = self.outcome.style()
        if style is not None:
            style.unpolish(self.outcome)
            style.polish(self.outcome)
        if over:
            self.try_it.setEnabled(True)

    def _edited(self) -> None:
        """The input has changed: remove the outcome of the last trial."""
        if not self._refused and self.try_it.isEnabled():
            self.say("")
        self.changed.emit()

    def refuse(self, error: ValueError | None) -> None:
        """Show why the input cannot be kept. error: None if it can be kept"""
        if error is not None:
            self.say(_("Not saved: {reason}", reason=str(error).rstrip(".") + "."), failed=True)
            self._refused = True
        elif self._refused:
            self.say("")

    def _note(self, text: str) -> QLabel:
        note = QLabel(text)
        note.setProperty("muted", True)
        note.setWordWrap(True)
        return note


class LinePart(ActionPart):
    """A program and its arguments in one line, with quotes as in a shell. No shell is started."""

    def __init__(self, kind: Kind, title: str, tip: str, example: str) -> None:
        super().__init__(kind, title, tip)
        self.line = QLineEdit()
        self.line.setAccessibleName(_("{action}: the program and its arguments", action=title))
        self.line.setToolTip(
            _("Write as in a terminal: spaces separate words, and quotes hold words together. No shell runs the line.")
        )
        self.line.setPlaceholderText(example)
        self.line.textEdited.connect(self._edited)
        self.read_back = self._note("")
        self.read_back.setTextFormat(Qt.TextFormat.PlainText)
        self.read_back.setAccessibleName(_("How the line is read"))
        self.line.textChanged.connect(self._show_arguments)
        self.column.insertWidget(1, self.line)
        self.column.insertWidget(2, self.read_back)
        self._show_arguments()

    def _show_arguments(self) -> None:
        """Show how the line is read, so that the user sees a missing quote at once."""
        try:
            arguments = arguments_of(self.line.text())
        except ValueError:
            arguments = ()
        if not arguments:
            self.read_back.setText(_("Nothing to run yet."))
            return
        program, *others = arguments
        shown = "  ".join(f"[{argument}]" for argument in others) or _("none")
        self.read_back.setText(_("Program: [{program}]  Arguments: {arguments}", program=program, arguments=shown))

    def show_line(self, on: bool, arguments: tuple[str, ...]) -> None:
        with QSignalBlocker(self.switch):
            self.switch.setChecked(on)
        self.line.setText(line_of(arguments))


class ProgramPart(LinePart):
    """A program that is opened and stays open."""

    def __init__(self) -> None:
        super().__init__(
            Kind.PROGRAM, _("Open a program"), _("Start a program that stays open"), _("firefox https://example.org")
        )

    @property
    def choice(self) -> ProgramChoice:
        """The input. raises ValueError if it cannot be kept"""
        return ProgramChoice(self.switch.isChecked(), arguments_of(self.line.text()))

    def show_choice(self, choice: ProgramChoice) -> None:
        self.show_line(choice.on, choice.arguments)


class CommandPart(LinePart):
    """A command that ends by itself, or is ended after a time limit."""

    def __init__(self) -> None:
        super().__init__(
            Kind.COMMAND,
            _("Run a command"),
            _("Run your own command, and show whether it worked"),
            _('notify-send "Heard {keyword}" "probability {score}"'),
        )
        self.limit = QDoubleSpinBox()
        self.limit.setRange(0.1, LONGEST_S)
        self.limit.setDecimals(1)
        self.limit.setSuffix(" s")
        self.limit.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.limit.setAccessibleName(_("Time limit of the command"))
        self.limit.setToolTip(_("After this time the program, and all programs that it started, are ended"))
        self.limit.valueChanged.connect(self._edited)
        label = QLabel(_("Ended after"))
        label.setBuddy(self.limit)
        hint = _(
            "The line may contain {placeholders}. Programs also find these values as KWS_KEYWORD and so on.",
            placeholders=PLACEHOLDERS,
        )
        row = QHBoxLayout()
        row.addWidget(self._note(hint), 1)
        row.addWidget(label)
        row.addWidget(self.limit)
        self.column.insertLayout(3, row)

    @property
    def choice(self) -> CommandChoice:
        """The input. raises ValueError if it cannot be kept"""
        return CommandChoice(self.switch.isChecked(), arguments_of(self.line.text()), round(self.limit.value(), 1))

    def show_choice(self, choice: CommandChoice) -> None:
        with QSignalBlocker(self.limit):
            self.limit.setValue(choice.limit_s)
        self.show_line(choice.on, choice.arguments)


class MediaKeyPart(ActionPart):
    """A media key for the music or film that plays."""

    def __init__(self) -> None:
        super().__init__(Kind.MEDIA_KEY, _("Press a media key"), _("Control the music or film that plays"))
        self.key = QComboBox()
        self.key.setAccessibleName(_("Media key"))
        self.key.setToolTip(_("What the player does"))
        for key, text in MEDIA_KEYS.items():
            self.key.addItem(text, key)
        self.key.activated.connect(self._edited)
        row = QHBoxLayout()
        row.addWidget(self.key)
        row.addStretch(1)
        self.column.insertLayout(1, row)

    @property
    def choice(self) -> MediaKeyChoice:
        """What is chosen."""
        return MediaKeyChoice(self.switch.isChecked(), self.key.currentData())

    def show_choice(self, choice: MediaKeyChoice) -> None:
        with QSignalBlocker(self.switch), QSignalBlocker(self.key):
            self.switch.setChecked(choice.on)
            self.key.setCurrentIndex(self.key.findData(choice.key))


class WebhookPart(ActionPart):
    """An address to post to."""

    def __init__(self) -> None:
        super().__init__(Kind.WEBHOOK, _("Web hook"), _("Post the detection as JSON to your own address"))
        self.url = QLineEdit()
        self.url.setAccessibleName(_("Web hook: the address"))
        self.url.setToolTip(
            _("This address gets keyword, model, score and time; no audio, nothing else. Redirects are not followed.")
        )
        self.url.setPlaceholderText("http://homeassistant.local:8123/api/webhook/…")
        self.url.textEdited.connect(self._edited)
        self.url.editingFinished.connect(self._check)
        self.column.insertWidget(1, self.url)
        self.column.insertWidget(
            2,
            self._note(
                _("Sends keyword, model, score and time by HTTP POST; no audio. The address begins with http or https.")
            ),
        )

    def _check(self) -> None:
        fault = url_fault(self.url.text()) if self.url.text() else ""
        if fault:
            self.say(fault, failed=True)

    @property
    def choice(self) -> WebhookChoice:
        """The input. raises ValueError if it cannot be kept"""
        return WebhookChoice(self.switch.isChecked(), self.url.text().strip())

    def show_choice(self, choice: WebhookChoice) -> None:
        with QSignalBlocker(self.switch), QSignalBlocker(self.url):
            self.switch.setChecked(choice.on)
            self.url.setText(choice.url)
