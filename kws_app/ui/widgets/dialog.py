"""The frame of the dialogs: beside the window and never in its way. On the window's thread."""

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from kws_app.translation import _


class Dialog(QDialog):
    """Not modal, of a given width, as high as what is in it; Escape and a button close it."""

    def __init__(self, title: str, width: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(False)
        self.setMinimumWidth(width)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(16, 14, 16, 14)
        self._outer.setSpacing(10)
        self.column = QVBoxLayout()  # for what is in it
        self.column.setSpacing(10)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        assert close is not None
        close.setToolTip(_("What is set here holds already (Escape)"))
        buttons.rejected.connect(self.close)
        self._outer.addLayout(self.column)
        self._outer.addStretch(1)
        self._outer.addWidget(buttons)

    def fit(self) -> None:
        """Take the height that is needed, after the text in it has changed; wrapped text does not ask for it itself."""
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        self._outer.activate()
        height = self._outer.totalHeightForWidth(self.width())
        self.setMinimumHeight(height)
        self.resize(self.width(), height)

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self.fit()

    def bring_up(self) -> None:
        """Show it, or bring it to the front."""
        self.show()
        self.raise_()
        self.activateWindow()
