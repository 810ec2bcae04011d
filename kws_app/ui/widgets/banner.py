"""The banner across the window: the present state, and each heard word in large letters. On the window's thread."""

from collections import deque
from collections.abc import Callable

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QFont, QFontInfo, QFontMetrics, QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.control_bar import OPEN_FILE

FLASH_MS = 1500  # how long a heard word is shown
NOTICE_MS = 8000  # how long a notice is shown
MOST_NOTICES = 3  # notices shown together
LONGEST_NOTICE = 300  # letters; a longer sentence is cut
# letter sizes, in heights of the window's font
WORD_SIZE, LOW_WORD_SIZE, SMALLEST_WORD_SIZE = 3.6, 2.4, 1.4
STATE_SIZE, NOTICE_SIZE = 1.4, 1.15
LOW_WINDOW = 640  # px; in a lower window the banner takes less height


class Banner(QFrame):
    """A strip with one sentence about the present state.

    A notice covers the state for NOTICE_MS. A heard word covers both for FLASH_MS.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName(_("Present state"))
        self._theme: Theme = LIGHT
        self._text, self._warning = "", False
        self._flash, self._peak = "", 0.0
        self._low = False
        self._alarming = False  # one of the notices is a warning
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._score = QLabel()
        self._score.setAccessibleName(_("The highest probability"))
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
        self._fit_height()

    def _timer(self, interval_ms: int, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(action)
        return timer

    @property
    def text(self) -> str:
        """The text that is shown now."""
        return self._label.text()

    @property
    def score_text(self) -> str:
        """The number beside a heard word."""
        return self._score.text()

    @property
    def flashing(self) -> bool:
        return self._flash_timer.isActive()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._fit_height()
        self._show()

    def set_low(self, low: bool) -> None:
        """low: True in a low window, where the banner takes less height"""
        if low != self._low:
            self._low = low
            self._fit_height()
            self._show()

    def say(self, text: str, warning: bool = False, offer_file: bool = False) -> None:
        """Show this sentence as the present state. offer_file: with a button that opens a file"""
        self._text, self._warning = text, warning
        self.action.setVisible(offer_file)
        self._show()

    def notice(self, text: str, warning: bool = True) -> None:
        """Show a sentence for NOTICE_MS, together with the notices that are shown already.

        warning: in the colour of warnings
        """
        text = text if len(text) <= LONGEST_NOTICE else text[: LONGEST_NOTICE - 1] + "…"
        self._alarming = (self._alarming and bool(self._notices)) or warning
        self._notices = deque([*(old for old in self._notices if old != text), text], maxlen=MOST_NOTICES)
        self._notice_timer.start()
        self._show()

    def flash(self, word: str, score: float) -> None:
        """Show that a word was heard. score: its probability so far"""
        self._flash, self._peak = word, score
        self._score.setText(f"{score:.2f}")
        self._flash_timer.start()
        self._show()

    @property
    def peak(self) -> float:
        """The highest probability of the word that is shown."""
        return self._peak

    def raise_peak(self, word: str, score: float) -> bool:
        """Show a new probability of the word if it is the highest so far. Returns whether it is."""
        if word != self._flash or score <= self._peak:
            return False
        self._peak = score
        self._score.setText(f"{score:.2f}")
        return True

    def _end_flash(self) -> None:
        self._flash = ""
        self._score.clear()
        self._show()

    def _end_notice(self) -> None:
        self._notices.clear()
        self._show()

    @property
    def _base(self) -> int:
        """The height of the window's own letters, in px."""
        return QFontInfo(self.font()).pixelSize()

    def _fit_height(self) -> None:
        self.setMinimumHeight(round(self._base * (LOW_WORD_SIZE if self._low else WORD_SIZE) * 1.25) + 10)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if self._flash:
            self._show()

    def _word_size(self) -> int:
        """The letter size for the word in px: as large as its width allows."""
        largest = self._base * (LOW_WORD_SIZE if self._low else WORD_SIZE)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.ExtraBold)
        font.setPixelSize(round(largest))
        metrics = QFontMetrics(font)
        needed = metrics.horizontalAdvance(self._flash) + metrics.horizontalAdvance(" 0.00")
        room = max(1, self.width() - 60)
        return round(max(min(largest, largest * room / max(1, needed)), self._base * SMALLEST_WORD_SIZE))

    def _show(self) -> None:
        theme = self._theme
        if self._flash:
            ground, ink, size, weight = theme.heard, theme.on_heard, self._word_size(), 800
        elif self._alarming if self._notices else self._warning:
            ground, ink, size, weight = theme.warning, theme.on_warning, round(self._base * NOTICE_SIZE), 500
        else:
            ground, ink, size, weight = theme.panel, theme.text, round(self._base * STATE_SIZE), 500
        text = self._flash or " ".join(self._notices) or self._text
        self._label.setText(text)
        self.setAccessibleDescription(text)
        self._score.setVisible(bool(self._flash))
        self.setStyleSheet(
            f"QFrame#banner {{ background: {ground}; border: 1px solid {theme.border}; border-radius: 8px; }}"
            f"QFrame#banner QLabel {{ color: {ink}; font-size: {size}px; font-weight: {weight}; }}"
        )
