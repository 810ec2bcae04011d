"""The titles of the upright axes, as far as there is room for them. On the window's thread."""

import pyqtgraph as pg
from PyQt6.QtGui import QFont, QFontMetrics

SMALLEST_POINTS = 6.0  # of a title
PADDING = 12  # px, for the tick marks and the space around the texts


def axis_width(font: QFont) -> int:
    """Room for the widest number and an upright title beside it, in px."""
    metrics = QFontMetrics(font)
    return metrics.horizontalAdvance("−0.05") + metrics.height() + PADDING


def fit_title(axis: pg.AxisItem, title: str, font: QFont, room: float) -> None:
    """Set the title of an upright axis, in smaller letters where the plot is lower than the title is long.

    Where even the smallest letters do not fit there is no title.
    """
    points = font.pointSizeF()
    axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})
    while axis.label.boundingRect().width() > room and points > SMALLEST_POINTS:
        points -= 0.5
        axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})
    axis.showLabel(axis.label.boundingRect().width() <= room)
