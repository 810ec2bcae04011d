"""The models that are compared, side by side: colour, step time, misses, false alarms, size. The window's thread."""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from kws_app.engine.card import ModelCard
from kws_app.engine.card_bounds import is_number
from kws_app.engine.names import PLUS
from kws_app.listening.active_models import ActiveModel
from kws_app.translation import _, ngettext
from kws_app.ui.theme import LIGHT, Theme

COLUMNS = (
    ("", _("The colour of its curve and of the ticks where it found the word")),
    (
        _("Model"),
        _("✓ logs detections and sets off actions: the first of each word; the others are drawn to be compared"),
    ),
    (_("Step"), _("Processor time for one step, features included, measured here")),
    (
        _("Missed"),
        _("Share of the keywords that it missed on recorded speech with speakers it never heard, from its card"),
    ),
    (_("False an hour"), _("False alarms an hour on that recording, from its card")),
    (_("Size"), _("Bytes of its weights, as its file holds them")),
)
CONDITION = ("testing", "clean")  # of the figures on a card


def stream_figures(card: ModelCard) -> dict[str, float]:
    """Misses and false alarms on continuous audio as a card gives them; empty where it does not."""
    figures: object = card.figures.get("streams")
    for name in CONDITION:
        figures = figures.get(name) if isinstance(figures, dict) else None
    if not isinstance(figures, dict):
        return {}
    return {name: float(value) for name, value in figures.items() if is_number(value)}


class Legend(QWidget):
    """One row a model; shown only where there are several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Models that are compared"))
        self._theme = LIGHT
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 2, 12, 6)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._swatches: list[QLabel] = []
        self._steps: dict[str, QLabel] = {}  # by model
        self.hide()

    def set_models(self, models: Sequence[ActiveModel]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # it would be seen until it is deleted
                widget.deleteLater()
        self._swatches, self._steps = [], {}
        for column, (title, tip) in enumerate(COLUMNS):
            self._put(0, column, title, tip)
        for row, model in enumerate(models, start=1):
            figures = stream_figures(model.card)
            self._swatches.append(self._put(row, 0, ""))
            self._put(row, 1, ("✓ " if model.main else "") + model.name.replace(PLUS, f"\n{PLUS}"), COLUMNS[1][1])
            self._steps[model.name] = self._put(row, 2, "–")
            self._put(row, 3, f"{100 * figures['frr']:.1f} %" if "frr" in figures else "–")
            self._put(row, 4, f"{figures['fa_per_hour']:.2f}" if "fa_per_hour" in figures else "–")
            size = model.card.weight_bytes
            self._put(row, 5, ngettext("{count:,} byte", "{count:,} bytes", size))
        self._color()
        self.setVisible(len(models) > 1)

    def _put(self, row: int, column: int, text: str, tip: str = "") -> QLabel:
        label = QLabel(text)
        label.setProperty("muted", row == 0)
        label.setToolTip(tip or COLUMNS[column][1])
        label.setWordWrap(row == 0)  # for want of room, the titles take two lines
        if column > 1:
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._grid.addWidget(label, row, column)
        return label

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._color()

    def _color(self) -> None:
        for i, swatch in enumerate(self._swatches):
            swatch.setFixedSize(22, 4)
            swatch.setStyleSheet(f"background: {self._theme.score_color(i)}; border-radius: 2px;")

    def show_steps(self, step_ms: Mapping[str, float]) -> None:
        """By model, in milliseconds."""
        for name, label in self._steps.items():
            label.setText(f"{step_ms[name]:.2f} ms" if step_ms.get(name) else "–")

    def text(self) -> str:
        """All of it, row by row."""
        rows: dict[int, list[str]] = {}
        for i in range(self._grid.count()):
            item = self._grid.itemAt(i)
            widget = None if item is None else item.widget()
            if isinstance(widget, QLabel) and widget.text():
                rows.setdefault(self._grid.getItemPosition(i)[0] or 0, []).append(widget.text())
        return "\n".join(" | ".join(row) for row in rows.values())
