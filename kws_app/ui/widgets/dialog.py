"""The frame of the dialogs. A dialog does not block the window. On the window's thread."""

from PyQt6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from kws_app.translation import _

USUAL_FONT_HEIGHT = 15  # px, height of a line of text in a usual font
SCREEN_SHARE = 0.9  # of the screen's height that a dialog may take; the title bar needs the rest


class Dialog(QDialog):
    """A dialog as high as its content, or as the screen allows: then it scrolls. Escape and a button close it.

    An open dialog may grow but does not shrink: no button jumps away under the mouse.
    """

    def __init__(self, title: str, width: int, parent: QWidget | None = None) -> None:
        """width: in px, for a font of usual size; a larger font makes the dialog wider"""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self._width = width
        self._inside = QWidget()
        self.column = QVBoxLayout(self._inside)  # for the content
        self.column.setContentsMargins(16, 14, 16, 4)
        self.column.setSpacing(10)
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._inside)
        self._inside.installEventFilter(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = self.buttons.button(QDialogButtonBox.StandardButton.Close)
        assert close is not None
        close.setToolTip(_("Close. Changes are saved already (Escape)"))
        close.setAutoDefault(False)
        self.buttons.rejected.connect(self.close)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._scroll, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 8, 16, 14)
        foot.addWidget(self.buttons)
        outer.addLayout(foot)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        if watched is self._inside and event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return super().eventFilter(watched, event)

    def fit(self) -> None:
        """Take the height of the content when the event loop runs next. Wrapped text does not do so by itself."""
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        screen = self.screen()
        room = None if screen is None else screen.availableGeometry().size()
        width = round(self._width * max(1.0, self.fontMetrics().height() / USUAL_FONT_HEIGHT))
        if room is not None:
            width = min(width, round(SCREEN_SHARE * room.width()))
        self.setMinimumWidth(width)
        width = max(width, self.width())
        self.column.activate()
        bar = self._scroll.verticalScrollBar()
        inside = width - (bar.sizeHint().width() if bar is not None and bar.isVisible() else 0)
        wanted = self.column.totalHeightForWidth(inside) if self.column.hasHeightForWidth() else -1
        height = max(wanted, self.column.minimumSize().height()) + self._foot_height
        if room is not None:
            height = min(height, round(SCREEN_SHARE * room.height()))
        self.resize(width, max(height, self.height() if self._was_fitted else 0))
        self._was_fitted = True
        if screen is not None and self.isVisible():
            self._stay_within(screen.availableGeometry())

    def _stay_within(self, area: QRect) -> None:
        """Move up where the buttons would be below the screen: not every desktop does so by itself."""
        frame = self.frameGeometry()
        beyond = frame.bottom() - area.bottom()
        if beyond > 0:
            self.move(frame.x(), max(area.top(), frame.y() - beyond))

    _was_fitted = False

    @property
    def _foot_height(self) -> int:
        return self.buttons.sizeHint().height() + 22

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._was_fitted = False
        self._fit()

    def bring_up(self) -> None:
        """Open the dialog, or bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()
