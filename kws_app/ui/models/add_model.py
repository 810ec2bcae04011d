"""Adds a model file of the user: shows its card, then checks and copies the file in a thread of its own."""

import threading
from pathlib import Path

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QFormLayout, QLabel, QVBoxLayout, QWidget

from kws_app.engine.card import ModelCard
from kws_app.engine.card_bounds import shown
from kws_app.engine.catalogue import ModelFolders, check_suffix
from kws_app.engine.model_file import read_card
from kws_app.errors import ModelError, brief
from kws_app.translation import _
from kws_app.ui.words.networks import measured

WARNING = _(
    "A model is numbers, not a program: nothing in the file is run. Its maker decided to which word it answers."
)
MODEL_FILES = ";;".join([_("Models") + " (*.safetensors)", _("All files") + " (*)"])


def card_rows(card: ModelCard) -> dict[str, str]:
    """The lines of the dialog, by title: what a user wants to know before adding a model."""
    return {
        _("Word"): card.keyword,
        _("Network"): card.role,
        _("Size"): _("{parameters:,} parameters, {bytes:,} bytes", parameters=card.parameters, bytes=card.weight_bytes),
        _("Measured"): measured(card),
        _("Trained on"): shown(card.data.get("description"), _("not stated")),
        _("Licence"): shown(card.data.get("licence"), _("not stated")),
    }


class CardDialog(QDialog):
    """Shows the card of a model and asks whether to add it."""

    def __init__(self, path: Path, card: ModelCard, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Add {file}?", file=path.name))
        self.setMinimumWidth(440)
        form = QFormLayout()
        for title, text in card_rows(card).items():
            value = QLabel(text)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)  # the file comes from somebody else
            form.addRow(f"{title}:", value)
        warning = QLabel(WARNING)
        warning.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add = buttons.addButton(_("Add the model"), QDialogButtonBox.ButtonRole.AcceptRole)
        assert self.add is not None
        self.add.setToolTip(_("Check the model and copy it into your own folder of models"))
        cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        assert cancel is not None
        cancel.setToolTip(_("Add nothing (Escape)"))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._column = QVBoxLayout(self)
        self._column.addLayout(form)
        self._column.addWidget(warning)
        self._column.addWidget(buttons)

    def showEvent(self, event: QShowEvent | None) -> None:
        super().showEvent(event)
        self._column.activate()
        self.setMinimumHeight(self._column.totalHeightForWidth(self.width()))  # wrapped text does not ask for height


class ModelAdding(QObject):
    """Takes a model from a file into the list of models."""

    added = pyqtSignal(str)  # the name of the model
    refused = pyqtSignal(str)  # one sentence

    def __init__(self, folders: ModelFolders, window: QWidget) -> None:
        super().__init__()  # not a child of the window: the thread may end after the window is gone
        self._folders = folders
        self._window = window
        self._thread: threading.Thread | None = None

    def ask_for_file(self) -> None:
        """Ask for a model file, in a dialog that blocks nothing."""
        dialog = QFileDialog(self._window, _("Add a model"), "", MODEL_FILES)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(False)
        dialog.fileSelected.connect(lambda name: self.propose(Path(name)))
        dialog.show()

    def propose(self, path: Path) -> None:
        """Show the card of a file, and add the model if the user agrees."""
        try:
            check_suffix(path)
            card = read_card(path)
            self._folders.check_name(path, card)  # before the user reads the card
        except ModelError as error:
            self.refused.emit(str(error))
            return
        dialog = CardDialog(path, card, self._window)
        dialog.accepted.connect(lambda: self._add(path))
        dialog.show()

    def _add(self, path: Path) -> None:
        self._thread = threading.Thread(target=self._run, args=(path,), name="model adding", daemon=True)
        self._thread.start()

    def _run(self, path: Path) -> None:
        try:
            self.added.emit(self._folders.add(path))
        except ModelError as error:
            self.refused.emit(str(error))
        except Exception as error:  # a foreign file may fail in any way
            self.refused.emit(_("{path} cannot be added ({error}).", path=path, error=brief(error)))
