"""The picture over the window while a file is dragged over it. On the window's thread."""

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme

MARGIN = 14  # px, to the edge of the window
VEIL = 225  # of 255: the window shines through a little


class DropOverlay(QWidget):
    """A frame with a sentence that says what happens to the file."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._theme = LIGHT
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme

    def show_for(self, is_model: bool) -> None:
        """is_model: True for a model file, False for a file that is played"""
        self.text = _("Drop the model to add it") if is_model else _("Drop the file to play it")
        parent = self.parentWidget()
        assert parent is not None
        self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(self._theme.panel)
        ground.setAlpha(VEIL)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(self._theme.accent), 3, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), 12, 12)
        font = painter.font()
        font.setPointSizeF(1.8 * font.pointSizeF())
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.text)
        painter.end()
