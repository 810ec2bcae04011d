"""The details of a word: threshold as a number, network, smoothing and so on. On the window's thread.

The signals report only what the user changes, not what a method sets. So no change runs in a circle.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QObject, QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from kws_app.detection.tuning import PATIENCE_STEPS, REFRACTORY_S, SMOOTHING_STEPS
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.names import written
from kws_app.settings import LOWEST_THRESHOLD
from kws_app.translation import _
from kws_app.ui.widgets.wrapping_row import WrappingRow
from kws_app.ui.words.networks import Network

SLIDER_STEPS = 1000  # slider positions from threshold 0 to threshold 1
CONFIRM_TIP = _(
    "When this network hears the word, a second network checks the last 2 s and decides by its own threshold.\n"
    "For: far fewer false alarms, and hardly more work. Against: a word that this network misses stays missed, the "
    "answer comes about 0.1 s later, and the second network needs memory."
)


class ThresholdControl(QWidget):
    """The threshold as a slider and a number."""

    changed = pyqtSignal(float)  # by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.threshold = 0.5
        tip = _(
            "The word counts as heard from this probability on. A higher threshold gives fewer false alarms and more "
            "missed words (Ctrl+Up, Ctrl+Down, or drag the line in the plot)"
        )
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(LOWEST_THRESHOLD * SLIDER_STEPS), SLIDER_STEPS)
        self.slider.setSingleStep(5)
        self.slider.setPageStep(50)
        self.slider.setAccessibleName(_("Threshold"))
        self.slider.setToolTip(tip)
        self.number = QDoubleSpinBox()
        self.number.setRange(LOWEST_THRESHOLD, 1.0)
        self.number.setDecimals(3)
        self.number.setSingleStep(0.005)
        self.number.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.number.setKeyboardTracking(False)  # else each typed digit would count as a threshold
        self.number.setAccessibleName(_("Threshold as a number"))
        self.number.setToolTip(tip)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.slider.valueChanged.connect(lambda value: self._change(value / SLIDER_STEPS))
        self.number.valueChanged.connect(self._change)

    def set_threshold(self, threshold: float) -> None:
        self.threshold = threshold
        with QSignalBlocker(self.slider), QSignalBlocker(self.number):
            self.slider.setValue(round(threshold * SLIDER_STEPS))
            self.number.setValue(threshold)

    def step(self, steps: int) -> None:
        """Move the threshold by some slider steps, as the keys do."""
        self.slider.setValue(self.slider.value() + steps * self.slider.singleStep())

    def _change(self, threshold: float) -> None:
        self.set_threshold(threshold)
        self.changed.emit(threshold)


def form_label(text: str, field: QWidget) -> QLabel:
    """A label as high as its field, so that both stand on one line."""
    label = QLabel(text)
    label.setBuddy(field)
    label.setMinimumHeight(field.sizeHint().height())
    return label


class DecisionForm(QObject):
    """Fields for smoothing, steps above the threshold and the time to ignore repeats, within limits."""

    changed = pyqtSignal(str, object)  # by the user: the name of a field of Tuning, and its value
    reset_wanted = pyqtSignal()

    def __init__(self, form: QFormLayout, parent: QWidget) -> None:
        """form: the layout that gets the fields"""
        super().__init__(parent)
        self.smoothing, self.patience = QSpinBox(), QSpinBox()
        self.refractory = QDoubleSpinBox()
        self.smoothing.setRange(*SMOOTHING_STEPS)
        self.patience.setRange(*PATIENCE_STEPS)
        self.refractory.setRange(*REFRACTORY_S)
        self.refractory.setSingleStep(0.1)
        self.refractory.setDecimals(1)
        self.refractory.setSuffix(" s")
        for box, label, hint, field in (
            (
                self.smoothing,
                _("Smoothing"),
                _("How many probabilities are averaged; 1 means no smoothing"),
                "smoothing_steps",
            ),
            (
                self.patience,
                _("Steps above threshold"),
                _("How many steps in a row must be above the threshold before the word counts as heard"),
                "patience_steps",
            ),
            (
                self.refractory,
                _("Ignore repeats for"),
                _("How long the word is not counted again after it was heard"),
                "refractory_s",
            ),
        ):
            box.setAccessibleName(label)
            box.setToolTip(hint)
            box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)  # the style sheet draws buttons without arrows
            box.setKeyboardTracking(False)
            box.valueChanged.connect(lambda value, field=field: self.changed.emit(field, value))
            form.addRow(form_label(label, box), box)
        self.reset = QPushButton(_("As measured"))
        self.reset.setProperty("small", True)
        self.reset.setToolTip(_("Back to the smoothing, steps and repeats with which the network was measured"))
        self.reset.clicked.connect(self.reset_wanted)

    def show_decision(self, config: DecisionConfig, as_measured: bool) -> None:
        with QSignalBlocker(self.smoothing), QSignalBlocker(self.patience), QSignalBlocker(self.refractory):
            self.smoothing.setValue(config.smoothing_steps)
            self.patience.setValue(config.patience_steps)
            self.refractory.setValue(config.refractory_s)
        self.reset.setEnabled(not as_measured)


class Advanced(QFrame):
    """The details of the selected word."""

    network_chosen = pyqtSignal(str)  # name of a model
    confirm_chosen = pyqtSignal(str)  # name of a model; empty for no second model
    remove_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("part")
        self.title = QLabel()
        self.title.setObjectName("stepTitle")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self.threshold = ThresholdControl()
        self.network = QComboBox()
        self.network.setAccessibleName(_("Network"))
        self.network.setToolTip(
            _("Which network hears the word: an accurate network misses fewer words, a tiny network needs less work")
        )
        self.network.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.network.activated.connect(lambda index: self.network_chosen.emit(self.network.itemData(index)))
        self.network_text = QLabel()
        self.network_text.setProperty("muted", True)
        self.network_text.setWordWrap(True)
        self.network_text.setTextFormat(Qt.TextFormat.PlainText)
        self.confirm = QComboBox()
        self.confirm.setAccessibleName(_("Confirm with"))
        self.confirm.setToolTip(CONFIRM_TIP)
        self.confirm.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.confirm.activated.connect(lambda index: self.confirm_chosen.emit(self.confirm.itemData(index)))
        self.form = QFormLayout()
        self.form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.form.setVerticalSpacing(6)
        self.form.addRow(form_label(_("Threshold"), self.threshold), self.threshold)
        self.form.addRow(form_label(_("Network"), self.network), self.network)
        self.form.addRow("", self.network_text)
        self.form.addRow(form_label(_("Confirm with"), self.confirm), self.confirm)
        self.decision = DecisionForm(self.form, self)
        self.engine = QComboBox()
        self.engine.setAccessibleName(_("Engine"))
        self.engine.setToolTip(
            _("The part of the program that runs all networks. Both engines hear the same. A change interrupts nothing")
        )
        self.form.addRow(form_label(_("Engine"), self.engine), self.engine)
        self.remove = QPushButton(_("Remove from the list"))
        self.remove.setProperty("small", True)
        self.remove.clicked.connect(self.remove_wanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addLayout(self.form)
        column.addLayout(WrappingRow(self.decision.reset, self.remove))

    def show_word(self, keyword: str, can_remove: bool) -> None:
        self.title.setText(_("Advanced: “{word}”", word=written(keyword)))
        self.remove.setEnabled(can_remove)
        self.remove.setToolTip(
            _("Take the word out of the list; “Add a word” brings it back")
            if can_remove
            else _("This word is the only word that is on: switch another word on to remove it")
        )

    def show_networks(self, networks: Sequence[Network], chosen: str, text: str) -> None:
        """networks: all networks of the word; chosen: the name of the network in use; text: its size and figures"""
        with QSignalBlocker(self.network):
            self.network.clear()
            for network in networks:
                self.network.addItem(network.text, network.name)
            self.network.setCurrentIndex(self.network.findData(chosen))
        self.network_text.setText(text)

    def show_confirming(self, networks: Sequence[Network], chosen: str) -> None:
        """networks: all that can confirm the word's network; chosen: the name of the network in use, or empty"""
        with QSignalBlocker(self.confirm):
            self.confirm.clear()
            self.confirm.addItem(_("no other network"), "")
            for network in networks:
                self.confirm.addItem(network.text, network.name)
            self.confirm.setCurrentIndex(self.confirm.findData(chosen))
        self.form.setRowVisible(self.confirm, bool(networks))
