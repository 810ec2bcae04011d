"""What is in the window and where it lies. On the window's thread; the window gives it life."""

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kws_app.ui.controls import ControlBar, ThresholdControl
from kws_app.ui.detection_list import DetectionList
from kws_app.ui.legend import Legend
from kws_app.ui.meter import LevelMeter
from kws_app.ui.plots import Plots
from kws_app.ui.sign import Sign
from kws_app.ui.theme import Theme
from kws_app.ui.time_bar import TimeBar, framed

SIDE_WIDTH = 286  # px, of the column with threshold and list


class Content(QWidget):
    """Controls on top, the sign below them, then the plots beside the threshold and the list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("content")
        self.controls = ControlBar()
        self.meter = LevelMeter()
        self.controls.row.addSpacing(4)
        self.controls.row.addWidget(self.meter)
        self.controls.row.addWidget(self.controls.more)
        self.sign = Sign()
        self.plots = Plots()
        self.time_bar = TimeBar(self.plots)
        self.legend = Legend()
        self.threshold = ThresholdControl()
        self.detections = DetectionList()

        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(self._framed_plots(), 1)
        body.addWidget(self._side())
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 4)
        column.setSpacing(10)
        column.addWidget(self.controls)
        column.addWidget(self.sign)
        column.addLayout(body, 1)

    def _framed_plots(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("plots")
        frame.setLayout(framed(self.plots, self.time_bar, self.legend))
        return frame

    def _side(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(SIDE_WIDTH)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.threshold)
        self.below_threshold = QVBoxLayout()
        column.addLayout(self.below_threshold)
        title = QLabel("Heard")
        title.setContentsMargins(2, 8, 0, 0)
        title.setBuddy(self.detections)
        column.addWidget(title)
        column.addWidget(self.detections, 1)
        return side

    def set_theme(self, theme: Theme) -> None:
        for part in (self.meter, self.sign, self.plots, self.legend):
            part.set_theme(theme)
