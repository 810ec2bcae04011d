"""The status line: empty while all is well, else the trouble. A dialog shows the numbers and what went wrong.

On the window's thread.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLabel, QPushButton, QSizePolicy, QStatusBar, QVBoxLayout, QWidget

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import Health
from kws_app.translation import _, ngettext
from kws_app.ui.widgets.dialog import Dialog
from kws_app.ui.widgets.plain_tip import plain_tip

TIPS = {
    "rate": _("Samples in a second of the source. Any rate other than 16000 is converted"),
    "lag": _(
        "Time from the sound at the microphone to the decision. Half of all decisions are faster than the first "
        "number, and 95 of 100 are faster than the second number"
    ),
    "step": _("Mean processor time of one step of a model, with its features. With several models: the slowest model"),
    "processor": _("Share of one processor core that this program takes: listening, models and drawing"),
    "overruns": _("How often the device dropped sound because the computer was busy"),
    "lost": _("Sound that was not heard, because a device was away or the computer was busy"),
}
AVERAGED = 12  # readings of the processor time that are averaged: about 3 s
DETAILS_WIDTH = 420  # px
LATE_MS = 500.0  # lag that a user notices
MOST_NOTED = 20  # sentences on what went wrong that the dialog shows
LONGEST_NOTED = 300  # letters; a longer sentence is cut


class ProcessorShare:
    """The share of one core that this process takes, as a mean over the last readings."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, float]] = deque(maxlen=AVERAGED)

    def look(self) -> float:
        """Take a reading. Returns the share: 1.0 is one core."""
        self._looks.append((time.monotonic(), time.process_time()))
        (wall_s, busy_s), (wall_now_s, busy_now_s) = self._looks[0], self._looks[-1]
        return (busy_now_s - busy_s) / (wall_now_s - wall_s) if wall_now_s > wall_s else 0.0


def troubles(health: Health | None, live: bool) -> Iterator[str]:
    """Each trouble with the listening, in a few words. live: the source is a microphone"""
    if health is None:
        return
    if health.lost_samples:
        yield _("{time:.1f} s of sound were lost", time=health.lost_samples / SAMPLE_RATE)
    if health.overruns:
        yield ngettext(
            "the device dropped sound {count} time", "the device dropped sound {count} times", health.overruns
        )
    if live and health.lag_ms > LATE_MS:
        yield _("decisions come {time:.1f} s late, because this computer is busy", time=health.lag_ms / 1000)


class DetailsDialog(Dialog):
    """The numbers of the listening, each with its meaning."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(_("Details"), DETAILS_WIDTH, parent)
        self._labels: list[QLabel] = []
        for tip in TIPS.values():
            value, meaning = QLabel(), QLabel(tip)
            value.setObjectName("stepTitle")
            meaning.setProperty("muted", True)
            meaning.setWordWrap(True)
            column = QVBoxLayout()
            column.setSpacing(1)
            column.addWidget(value)
            column.addWidget(meaning)
            self.column.addLayout(column)
            self._labels.append(value)
        self.noted = QLabel()
        self.noted.setTextFormat(Qt.TextFormat.PlainText)
        self.noted.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.noted.setWordWrap(True)
        self.noted.hide()
        self.column.addWidget(self.noted)

    def show_noted(self, lines: Sequence[str]) -> None:
        """lines: what went wrong, each with its time"""
        self.noted.setText("\n".join([_("What went wrong since the start:"), *lines]))
        self.noted.setVisible(bool(lines))

    def show_texts(self, texts: Sequence[str]) -> None:
        """texts: in the order of TIPS"""
        for label, text in zip(self._labels, texts, strict=True):
            if label.text() != text:
                label.setText(text)


class StatusLine(QStatusBar):
    """Text that changes slowly enough to be read. The window updates it four times a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._processor = ProcessorShare()
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.trouble.setAccessibleName(_("Trouble with the listening"))
        self.addWidget(self.trouble, 1)
        self.engine = QLabel()
        self.engine.setToolTip(_("The part of the program that runs the networks; choose it in Advanced"))
        self.addPermanentWidget(self.engine)
        self.details = QPushButton(_("Details"))
        self.details.setObjectName("quiet")
        self.details.setToolTip(_("Delay, processor time and lost sound in numbers, and what went wrong"))
        self.details.clicked.connect(self.show_details)
        self.addPermanentWidget(self.details)
        self.dialog: DetailsDialog | None = None  # once it was opened
        self._texts: tuple[str, ...] = ()
        self._noted: deque[str] = deque(maxlen=MOST_NOTED)  # the oldest is forgotten first
        self._unread = ""  # the last of these, until the dialog was opened
        self._wrong = ""  # with the listening
        self.show_health(None)

    def show_details(self) -> None:
        """Open the dialog with the numbers, which change while it is open."""
        if self.dialog is None:
            self.dialog = DetailsDialog(self.window())
        self.dialog.show_texts(self._texts)
        self.dialog.show_noted(self._noted)
        self._unread = ""
        self._show_trouble()
        self.dialog.bring_up()

    def note(self, text: str) -> None:
        """Keep a sentence about what went wrong: it stays in sight until the dialog was opened."""
        text = text if len(text) <= LONGEST_NOTED else text[: LONGEST_NOTED - 1] + "…"
        self._unread = f"{time.strftime('%H:%M')}  {text}"
        if not self._noted or self._noted[-1] != self._unread:
            self._noted.append(self._unread)
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.show_noted(self._noted)
        self._show_trouble()

    def _show_trouble(self) -> None:
        shown = self._wrong or self._unread
        if self.trouble.text() != shown:
            self.trouble.setText(shown)
            self.trouble.setToolTip(plain_tip(shown))

    def set_engine(self, name: str) -> None:
        """name: the engine that runs the networks; empty to show nothing"""
        self.engine.setText(_("engine: {name}", name=name) if name else "")

    def show_health(self, health: Health | None, live: bool = True) -> None:
        """health: None while nothing is heard. live: the source is a microphone"""
        share = self._processor.look()
        self._wrong = "; ".join(troubles(health, live))
        self._show_trouble()
        if health is None:
            texts = (
                _("rate –"),
                _("delay –"),
                _("step –"),
                _("processor {share:.0%}", share=share),
                _("overruns –"),
                _("lost –"),
            )
        else:
            texts = (
                _("rate {rate} Hz", rate=health.rate_hz),
                _("delay {median:.0f} ms, {most:.0f}", median=health.lag_ms, most=health.lag_95th_ms),
                _("step {time:.2f} ms", time=max(health.step_ms.values(), default=0.0)),
                _("processor {share:.0%}", share=share),
                _("overruns {count}", count=health.overruns),
                _("lost {time:.1f} s", time=health.lost_samples / SAMPLE_RATE) if health.lost_samples else _("lost 0"),
            )
        self._texts = texts
        if self.dialog is not None and self.dialog.isVisible():
            self.dialog.show_texts(texts)

    def text(self) -> str:
        """All numbers in one line."""
        return " · ".join(self._texts)
