"""Under the threshold: what it means in misses and false alarms, presets by these, and the rest of a decision.

On the window's thread. A value set by a method is shown but not reported back, so nothing loops.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from kws_app.detection.operating_curve import PRESETS, OperatingCurve, Preset, meaning, offers
from kws_app.detection.tuning import PATIENCE_STEPS, REFRACTORY_S, SMOOTHING_STEPS
from kws_app.engine.decision_config import DecisionConfig
from kws_app.translation import _
from kws_app.ui.widgets.control_bar import SLIDER_STEPS
from kws_app.ui.widgets.wrapping_row import WrappingRow

CONFIRM_TIP = _(
    "Another model of the word hears the last 2 s again where this one stirs, and decides by its own threshold.\n"
    "Gains: far fewer false alarms than this one alone, for hardly more work. "
    "Costs: what does not stir this one is missed, even if the other would hear it; an answer some 0.1 s later; the "
    "memory of a second model."
)


class DecisionForm(QWidget):
    """Smoothing, patience, refractory time within sane limits, and who confirms."""

    changed = pyqtSignal(str, object)  # a field of Tuning and its value, by the user
    confirm_chosen = pyqtSignal(str)  # name of a model; empty: none
    reset_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.smoothing, self.patience = QSpinBox(), QSpinBox()
        self.refractory = QDoubleSpinBox()
        self.setObjectName("slim")  # or a window of 600 px cuts its last row off
        self.smoothing.setRange(*SMOOTHING_STEPS)
        self.patience.setRange(*PATIENCE_STEPS)
        self.refractory.setRange(*REFRACTORY_S)
        self.refractory.setSingleStep(0.1)
        self.refractory.setDecimals(1)
        self.refractory.setSuffix(" s")
        self.reset = QPushButton(_("As measured"))
        self.reset.setProperty("small", True)
        self.reset.setToolTip(_("Decide as the model was measured"))
        self.reset.clicked.connect(self.reset_wanted)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(4, 1)
        for at, box, label, hint, field in (
            ((0, 0), self.smoothing, _("Smoothing"), _("Probabilities averaged; 1 is none"), "smoothing_steps"),
            (
                (0, 2),
                self.patience,
                _("Patience"),
                _("Steps in a row above the threshold before it counts"),
                "patience_steps",
            ),
            ((1, 0), self.refractory, _("Quiet after"), _("After a detection, no other for this long"), "refractory_s"),
        ):
            box.setAccessibleName(label)
            box.setToolTip(hint)
            box.setMinimumWidth(74)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)  # a style sheet would draw them without arrows
            box.valueChanged.connect(lambda value, field=field: self.changed.emit(field, value))
            grid.addWidget(QLabel(label), *at)
            grid.addWidget(box, at[0], at[1] + 1)
        grid.addWidget(self.reset, 1, 2, 1, 2)
        self._add_confirm(grid)

    def _add_confirm(self, grid: QGridLayout) -> None:
        self.confirm = QComboBox()
        self.confirm.setAccessibleName(_("Confirm with"))
        self.confirm.setToolTip(CONFIRM_TIP)
        self.confirm.activated.connect(lambda index: self.confirm_chosen.emit(self.confirm.itemData(index)))
        self._confirm_label = QLabel(_("Confirm with"))
        grid.addWidget(self._confirm_label, 2, 0)
        grid.addWidget(self.confirm, 2, 1, 1, 3)

    def show_confirming(self, names: Sequence[str], chosen: str) -> None:
        """The models that could confirm, and the one that does; empty: none."""
        with QSignalBlocker(self.confirm):
            self.confirm.clear()
            for name, text in (("", _("no other model")), *((name, name) for name in names)):
                self.confirm.addItem(text, name)
            self.confirm.setCurrentIndex(self.confirm.findData(chosen))
        for part in (self._confirm_label, self.confirm):
            part.setVisible(bool(names))

    def show_decision(self, config: DecisionConfig, as_measured: bool) -> None:
        with QSignalBlocker(self.smoothing), QSignalBlocker(self.patience), QSignalBlocker(self.refractory):
            self.smoothing.setValue(config.smoothing_steps)
            self.patience.setValue(config.patience_steps)
            self.refractory.setValue(config.refractory_s)
        self.reset.setEnabled(not as_measured)


class OperatingPanel(QWidget):
    """The sentence, the presets, and the form, which is folded away at first."""

    preset_chosen = pyqtSignal(float)  # the threshold that it stands for

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: OperatingCurve | None = None
        self._thresholds: dict[Preset, float | None] = {}  # what each preset stands for; None: it is not offered
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setProperty("muted", True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setAccessibleName(_("What the threshold means"))
        self.presets = {preset: QPushButton(preset.name) for preset in PRESETS}
        for preset, button in self.presets.items():
            button.setProperty("small", True)
            button.setCheckable(True)
            button.clicked.connect(lambda _, preset=preset: self._choose(preset))
        self.advanced = QPushButton(_("Advanced"))
        self.advanced.setProperty("small", True)
        self.advanced.setCheckable(True)
        self.advanced.setToolTip(_("Smoothing, patience, the time between detections, a second model that confirms"))
        self.form = DecisionForm()
        self.form.hide()
        self.advanced.toggled.connect(self.form.setVisible)
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 0, 2, 0)
        column.setSpacing(6)
        column.addWidget(self.text)
        column.addLayout(WrappingRow(*self.presets.values(), self.advanced))
        column.addWidget(self.form)

    def show_point(
        self, curve: OperatingCurve | None, config: DecisionConfig, as_measured: bool, alone: str = ""
    ) -> None:
        """Say what a decision means by a curve; None: it was not measured. as_measured: smoothing and so on

        alone: the model that was measured, where it only confirms another
        """
        if curve is not self._curve or not self.text.text():
            self._curve = curve
            self._offer(curve)
        self.text.setText(meaning(curve, config, alone))
        for preset, button in self.presets.items():
            wanted = self._thresholds[preset]
            button.setChecked(wanted is not None and round((wanted - config.threshold) * SLIDER_STEPS) == 0)
        self.form.show_decision(config, as_measured)

    def _offer(self, curve: OperatingCurve | None) -> None:
        """Which presets can be chosen, and why not the others."""
        offered = {} if curve is None else offers(curve)
        for preset, button in self.presets.items():
            offer = offered.get(preset)
            self._thresholds[preset] = None if offer is None else offer.threshold
            button.setEnabled(offer is not None and offer.threshold is not None)
            button.setToolTip(_("Not measured with this model") if offer is None else offer.hint)

    def _choose(self, preset: Preset) -> None:
        threshold = self._thresholds[preset]
        if threshold is not None:
            self.preset_chosen.emit(threshold)
