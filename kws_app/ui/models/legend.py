"""A table of the compared networks: colour, step time, misses, false alarms, size. On the window's thread."""

from collections.abc import Mapping, Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QWidget

from kws_app.detection.operating_curve import OperatingCurve
from kws_app.listening.active_models import ActiveModel
from kws_app.translation import _
from kws_app.ui.plots.score_curves import Curve
from kws_app.ui.theme import LIGHT, Theme

COLUMNS = (
    ("", _("The colour of the network's curve, and of the ticks where the network heard the word")),
    (
        _("Network"),
        _("✓ marks the network of the word: its detections are listed and start actions. Others are only compared"),
    ),
    (_("Step"), _("Processor time of one step with its features, measured on this computer")),
    (_("Missed"), _("Share of the words that the network missed when it was measured, at the present threshold")),
    (_("False alarms/h"), _("False alarms in an hour of talk when the network was measured, at the present threshold")),
    (_("Size"), _("Size of the weights in the model file")),
)
SWATCH = 22, 4  # px
LONGEST = 24  # letters of a word; a longer word is cut


class Legend(QWidget):
    """A row for each network. Shown only while networks are compared."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Networks that are compared"))
        self._theme = LIGHT
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 2, 12, 6)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._swatches: list[tuple[QLabel, int]] = []  # with the number of the colour
        self._steps: dict[str, QLabel] = {}  # by name of the model
        self._shown: tuple[object, ...] = ()
        self.hide()

    def set_models(self, models: Sequence[ActiveModel], curves: Sequence[Curve]) -> None:
        """models: the models that listen; curves: how the plots draw them, in the same order"""
        shown = (tuple(model.name for model in models), tuple(curves))
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()  # else it is seen until Qt deletes it
                widget.deleteLater()
        self._swatches, self._steps = [], {}
        for column, (title, tip) in enumerate(COLUMNS):
            self._put(0, column, title, tip)
        several_words = len({curve.word for curve in curves}) > 1
        for row, (model, curve) in enumerate(zip(models, curves, strict=True), start=1):
            self._add_row(row, model, curve, several_words)
        self._color()
        self.setVisible(any(not model.main for model in models))

    def _add_row(self, row: int, model: ActiveModel, curve: Curve, several_words: bool) -> None:
        word = curve.word if len(curve.word) <= LONGEST else curve.word[: LONGEST - 1] + "…"
        name = f"{word}, {curve.title}" if several_words else curve.title
        self._swatches.append((self._put(row, 0, ""), curve.slot))
        self._put(row, 1, f"{'✓ ' if model.main else ''}{name}", f"{model.name}\n{COLUMNS[1][1]}")
        self._steps[model.name] = self._put(row, 2, "–")
        measured = OperatingCurve.of(model.card)
        point = None if measured is None else measured.at(curve.threshold)
        missed = "–" if measured is None or point is None else f"{100 * point.missed / measured.keywords:.1f} %"
        alarms = "–" if measured is None or point is None else f"{point.false_alarms / measured.hours:.2f}"
        self._put(row, 3, missed)
        self._put(row, 4, alarms)
        self._put(row, 5, _("{size:.1f} kB", size=model.card.weight_bytes / 1000))

    def _put(self, row: int, column: int, text: str, tip: str = "") -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setProperty("muted", row == 0)
        label.setToolTip(tip or COLUMNS[column][1])
        label.setWordWrap(row == 0 or column == 1)  # titles and names may need two lines
        if column > 1:
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(label, row, column)
        return label

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._color()

    def _color(self) -> None:
        for swatch, slot in self._swatches:
            swatch.setFixedSize(*SWATCH)
            swatch.setStyleSheet(f"background: {self._theme.score_color(slot)}; border-radius: 2px;")

    def show_steps(self, step_ms: Mapping[str, float]) -> None:
        """step_ms: processor time of a step, by name of the model"""
        for name, label in self._steps.items():
            label.setText(f"{step_ms[name]:.2f} ms" if step_ms.get(name) else "–")

    def text(self) -> str:
        """All texts, row by row."""
        rows: dict[int, list[str]] = {}
        for i in range(self._grid.count()):
            item = self._grid.itemAt(i)
            widget = None if item is None else item.widget()
            if isinstance(widget, QLabel) and widget.text():
                rows.setdefault(self._grid.getItemPosition(i)[0] or 0, []).append(widget.text())
        return "\n".join(" | ".join(row) for row in rows.values())
