"""The banner across the window: what is going on, and unmistakably that the word was heard. On the window's thread."""

from collections import deque
from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.control_bar import OPEN_FILE

FLASH_MS = 1500
NOTICE_MS = 8000
MOST_NOTICES = 3  # at once, as far as they fit


class Banner(QFrame):
    """One strip with one sentence, about the state of things. A notice covers it for NOTICE_MS, and a heard word covers
    both for FLASH_MS; then what is below is back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setFixedHeight(76)
        self.setAccessibleName(_("What is going on"))
        self._theme: Theme = LIGHT
        self._text, self._warning = "", False
        self._flash = ""
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._score = QLabel()
        self.action = QPushButton(OPEN_FILE)
        self.action.setToolTip(_("Listen to an audio file instead (Ctrl+O)"))
        self.action.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 4, 20, 4)
        row.addWidget(self._label, 1)
        row.addWidget(self._score)
        row.addWidget(self.action)
        self._flash_timer = self._timer(FLASH_MS, self._end_flash)
        self._notice_timer = self._timer(NOTICE_MS, self._end_notice)

    def _timer(self, interval_ms: int, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(action)
        return timer

    @property
    def text(self) -> str:
        """What is to be read now."""
        return self._label.text()

    @property
    def flashing(self) -> bool:
        return self._flash_timer.isActive()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show()

    def say(self, text: str, warning: bool = False, offer_file: bool = False) -> None:
        """The sentence about the state of things from now on."""
        self._text, self._warning = text, warning
        self.action.setVisible(offer_file)
        self._show()

    def notice(self, text: str) -> None:
        """A warning that concerns no lasting state. One that shows already is not covered: both are read together."""
        self._notices = deque([*(old for old in self._notices if old != text), text], maxlen=MOST_NOTICES)
        self._notice_timer.start()
        self._show()

    def flash(self, word: str, score: float) -> None:
        self._flash = word
        self._score.setText(f"{score:.2f}")
        self._flash_timer.start()
        self._show()

    def _end_flash(self) -> None:
        self._flash = ""
        self._score.clear()
        self._show()

    def _end_notice(self) -> None:
        self._notices.clear()
        self._show()

    def _show(self) -> None:
        theme = self._theme
        if self._flash:
            ground, ink, size, weight = theme.heard, theme.on_heard, 52, 800
        elif self._warning or self._notices:
            ground, ink, size, weight = theme.warning, theme.on_warning, 15, 500
        else:
            ground, ink, size, weight = theme.panel, theme.text, 18, 500
        text = self._flash or " ".join(self._notices) or self._text
        self._label.setText(text)
        self.setAccessibleDescription(text)
        self._score.setVisible(bool(self._flash))
        self.setStyleSheet(
            f"QFrame#banner {{ background: {ground}; border: 1px solid {theme.border}; border-radius: 8px; }}"
            f"QFrame#banner QLabel {{ color: {ink}; font-size: {size}px; font-weight: {weight}; }}"
        )
