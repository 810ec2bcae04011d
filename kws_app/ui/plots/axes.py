"""The titles of the vertical axes, as far as there is room for them. On the window's thread."""

import pyqtgraph as pg
from PyQt6.QtGui import QFont, QFontMetrics

SMALLEST_POINTS = 6.0  # font size of a title, at the least
PADDING = 12  # px, for the tick marks and the space around the texts


def axis_width(font: QFont) -> int:
    """The width of a vertical axis in px: room for the widest number and for the title beside it."""
    metrics = QFontMetrics(font)
    return metrics.horizontalAdvance("−0.05") + metrics.height() + PADDING


def fit_title(axis: pg.AxisItem, title: str, font: QFont, room: float) -> None:
    """Set the title of a vertical axis. A low plot gets a title in smaller letters, and a very low plot gets no title.

    room: height of the plot in px
    """
    points = font.pointSizeF()
    axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})
    while axis.label.boundingRect().width() > room and points > SMALLEST_POINTS:
        points -= 0.5
        axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})
    axis.showLabel(axis.label.boundingRect().width() <= room)
