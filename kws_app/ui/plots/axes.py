"""What stands at the axes of the plots, as far as there is room for it. On the window's thread."""

import pyqtgraph as pg
from PyQt6.QtGui import QFont, QFontMetrics

from kws_app.translation import _

TICKS_S = {5: 1, 10: 2, 20: 5, 30: 5, 60: 10}  # between labels of time, by span
NOW_WIDTH = 28  # px, of which half may go beyond the axis
SMALLEST_POINTS = 6.0  # of a title


def fit_title(axis: pg.AxisItem, title: str, font: QFont, room: float) -> None:
    """Title of an upright axis, in smaller letters where there is less room in height than it is long."""
    points = font.pointSizeF()
    axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})
    while axis.label.boundingRect().width() > room and points > SMALLEST_POINTS:
        points -= 0.5
        axis.setLabel(title, **{**axis.labelStyle, "font-size": f"{points}pt"})


def time_labels(span_s: int, back_s: float, font: QFont) -> list[tuple[float, str]]:
    """Where on the axis, and what: seconds before now, or before the moment at which the picture was stopped."""
    step_s = TICKS_S[span_s]
    first = -int((span_s + back_s) // step_s) * step_s
    # Translators: the right end of the time axis; where it is much longer than here, "0 s" stands there
    now = _("now")
    if QFontMetrics(font).horizontalAdvance(now) > NOW_WIDTH:
        now = "0 s"
    return [(s + back_s, f"−{-s} s" if s else now) for s in range(first, 1, step_s) if s + back_s <= 0]
