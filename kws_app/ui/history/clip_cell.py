"""A clip in its row: a button to play it, a small waveform, and the user's label. On the window's thread."""

from PyQt6.QtCore import QModelIndex, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPolygonF
from PyQt6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from kws_app.history.entries import FALSE_ALARM, RIGHT
from kws_app.translation import _
from kws_app.ui.theme import LIGHT, Theme

ID_ROLE = Qt.ItemDataRole.UserRole
OUTLINE_ROLE = Qt.ItemDataRole.UserRole + 1  # waveform [bins], 0..1; empty until it is read; None without a clip
COMING_ROLE = Qt.ItemDataRole.UserRole + 2  # whether the clip is still being recorded
LABEL_ROLE = Qt.ItemDataRole.UserRole + 3  # RIGHT, FALSE_ALARM or empty
SIGNS = {RIGHT: "✓", FALSE_ALARM: "✗"}  # for users who do not see the colour
BUTTON_WIDTH = 18  # px
SIGN_WIDTH = 16  # px


class ClipCell(QStyledItemDelegate):
    """Paints the last column. The text of the item is the label in words, for screen readers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.playing: str | None = None  # id of the clip that plays
        self.theme: Theme = LIGHT

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(120, 28)

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        assert painter is not None
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ground = option.palette.highlight() if selected else option.palette.base()
        label, outline = str(index.data(LABEL_ROLE) or ""), index.data(OUTLINE_ROLE)
        theme = self.theme
        color = {RIGHT: theme.heard, FALSE_ALARM: theme.clip}.get(label, theme.waveform)
        ink = QColor(theme.on_accent if selected else color)
        inside = QRectF(option.rect).adjusted(4, 3, -4, -3)
        painter.save()
        painter.fillRect(option.rect, ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if outline is None:
            painter.setPen(QColor(theme.on_accent if selected else theme.muted))
            painter.drawText(
                inside.adjusted(0, 0, -SIGN_WIDTH, 0),
                Qt.AlignmentFlag.AlignCenter,
                "…" if index.data(COMING_ROLE) else _("no clip"),
            )
        else:
            self._paint_button(painter, inside, ink, playing=index.data(ID_ROLE) == self.playing)
            self._paint_outline(painter, inside.adjusted(BUTTON_WIDTH, 0, -SIGN_WIDTH, 0), ink, outline)
        painter.setPen(ink)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inside, align, SIGNS.get(label, ""))
        painter.restore()

    def _paint_button(self, painter: QPainter, inside: QRectF, ink: QColor, playing: bool) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        left, middle = inside.left() + 1, inside.center().y()
        if playing:
            painter.drawRect(QRectF(left, middle - 4.5, 9, 9))
        else:
            corners = (QPointF(left, middle - 5.5), QPointF(left, middle + 5.5), QPointF(left + 10, middle))
            painter.drawPolygon(QPolygonF(corners))

    def _paint_outline(self, painter: QPainter, inside: QRectF, ink: QColor, outline: object) -> None:
        peaks = [float(peak) for peak in outline]  # type: ignore[attr-defined]
        if not peaks:
            return
        loudest = max(*peaks, 0.02)  # the loudest sound fills the height, but silence stays flat
        width = inside.width() / len(peaks)
        for i, peak in enumerate(peaks):
            height = max(1.0, inside.height() * (peak / loudest) ** 0.6)  # the exponent makes quiet sounds visible
            left = inside.left() + i * width
            painter.fillRect(QRectF(left, inside.center().y() - height / 2, max(1.0, width * 0.6), height), ink)
