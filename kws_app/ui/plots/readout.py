"""The values under the mouse, in a small box beside the pointer. On the window's thread."""

from collections.abc import Sequence

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QLabel, QWidget

from kws_app.translation import _
from kws_app.ui.theme import Theme

DISTANCE = 14  # px between the pointer and the box


class Readout(QLabel):
    """A line of text for each value. The box stays inside the plots and never covers the pointer."""

    def __init__(self, plots: QWidget) -> None:
        super().__init__(plots)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(_("Values under the mouse"))
        self.setObjectName("readout")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"QLabel#readout {{ background: {theme.control}; color: {theme.text}; border: 1px solid {theme.border};"
            " border-radius: 4px; padding: 3px 6px; }"
        )

    def show_values(self, lines: Sequence[str], at: QPoint) -> None:
        """at: the place of the pointer in the plots. Without lines the box is hidden."""
        if not lines:
            self.clear()
            self.hide()
            return
        self.setText("\n".join(lines))
        self.adjustSize()
        parent = self.parentWidget()
        assert parent is not None
        x = at.x() + DISTANCE
        if x + self.width() > parent.width():
            x = at.x() - DISTANCE - self.width()
        y = min(max(at.y() - self.height() // 2, 0), max(0, parent.height() - self.height()))
        self.move(max(0, x), y)
        self.show()
