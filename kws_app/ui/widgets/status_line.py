"""The status line: how the listening goes, in numbers with their explanations. On the window's thread."""

import time
from collections import deque

from PyQt6.QtWidgets import QLabel, QStatusBar, QWidget

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.listening.session import Health
from kws_app.translation import _

TIPS = {
    "rate": _("Samples a second that the source gives; other rates than 16000 are converted"),
    "lag": _(
        "From a sound reaching the microphone to the decision about it, beyond the word itself: half of the "
        "time less than the first number, 95 times in 100 less than the second"
    ),
    "step": _("Processor time for one step of the model, features included (mean); of several models the slowest"),
    "processor": _("Share of one processor core that this program takes, all of it: listening, models and drawing"),
    "overruns": _("How often the device dropped sound because the system was busy"),
    "lost": _("Sound that was never heard: missed while a device was away or the system was busy"),
}
AVERAGED = 12  # looks at the processor's clock: some 3 s


class ProcessorShare:
    """How much of one core this process takes, over the last looks."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, float]] = deque(maxlen=AVERAGED)

    def look(self) -> float:
        """The share now, 0..1 for each core in use."""
        self._looks.append((time.monotonic(), time.process_time()))
        (wall_s, busy_s), (wall_now_s, busy_now_s) = self._looks[0], self._looks[-1]
        return (busy_now_s - busy_s) / (wall_now_s - wall_s) if wall_now_s > wall_s else 0.0


class StatusLine(QStatusBar):
    """Slow readable text; the window updates it four times a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._processor = ProcessorShare()
        self._labels: dict[str, QLabel] = {}
        for name, tip in TIPS.items():
            label = QLabel()
            label.setToolTip(tip)
            self._labels[name] = label
            self.addPermanentWidget(label)
        self.show_health(None)

    def show_health(self, health: Health | None) -> None:
        """None: not listening."""
        share = self._processor.look()
        if health is None:
            texts = (
                _("rate –"),
                _("lag –"),
                _("step –"),
                _("processor {share:.0%}", share=share),
                _("overruns –"),
                _("lost –"),
            )
        else:
            texts = (
                _("rate {rate} Hz", rate=health.rate_hz),
                _("lag {median:.0f} ms, {most:.0f}", median=health.lag_ms, most=health.lag_95th_ms),
                _("step {time:.2f} ms", time=max(health.step_ms.values(), default=0.0)),
                _("processor {share:.0%}", share=share),
                _("overruns {count}", count=health.overruns),
                _("lost {time:.1f} s", time=health.lost_samples / SAMPLE_RATE) if health.lost_samples else _("lost 0"),
            )
        for label, text in zip(self._labels.values(), texts, strict=True):
            if label.text() != text:
                label.setText(text)

    def text(self) -> str:
        """All of it, as read from left to right."""
        return " · ".join(label.text() for label in self._labels.values())
