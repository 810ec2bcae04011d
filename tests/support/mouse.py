"""The mouse over a widget.

Qt's own robot moves the screen's pointer. The screen then decides which window hears of it, and when.
"""

from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication, QWidget


def move_mouse(widget: QWidget, at: QPoint, held: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """Tell a widget that the mouse is there.

    at: in the widget; held: the button that is down
    """
    everywhere = QPointF(widget.mapToGlobal(at))
    none, plain = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), everywhere, none, held, plain)
    QApplication.sendEvent(widget, move)
