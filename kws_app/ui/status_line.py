"""The status line: how the listening goes, in numbers with their explanations. On the window's thread."""

from PyQt6.QtWidgets import QLabel, QStatusBar, QWidget

from kws_app.frontend_config import SAMPLE_RATE
from kws_app.session import Health

TIPS = {
    "rate": "Samples a second that the source gives; other rates than 16000 are converted",
    "lag": "From a sound reaching the microphone to the decision about it, beyond the word itself (median)",
    "step": "Processor time for one step of the model, features included (mean)",
    "overruns": "How often the device dropped sound because the system was busy",
    "lost": "Sound that was never heard: missed while a device was away or the system was busy",
}


class StatusLine(QStatusBar):
    """Slow readable text; the window updates it four times a second."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._labels: dict[str, QLabel] = {}
        for name, tip in TIPS.items():
            label = QLabel()
            label.setToolTip(tip)
            self._labels[name] = label
            self.addPermanentWidget(label)
        self.show_health(None)

    def show_health(self, health: Health | None) -> None:
        """None: not listening."""
        if health is None:
            texts = ("rate –", "lag –", "step –", "overruns –", "lost –")
        else:
            texts = (
                f"rate {health.rate_hz} Hz",
                f"lag {health.lag_ms:.0f} ms",
                f"step {next(iter(health.step_ms.values()), 0.0):.2f} ms",
                f"overruns {health.overruns}",
                f"lost {health.lost_samples / SAMPLE_RATE:.1f} s" if health.lost_samples else "lost 0",
            )
        for label, text in zip(self._labels.values(), texts, strict=True):
            if label.text() != text:
                label.setText(text)

    def text(self) -> str:
        """All of it, as read from left to right."""
        return " · ".join(label.text() for label in self._labels.values())
