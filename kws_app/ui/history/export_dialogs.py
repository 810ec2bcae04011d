"""Asks where to export clips and labels. The disk thread writes them. On the window's thread."""

from collections.abc import Callable, Iterable
from pathlib import Path

from PyQt6.QtWidgets import QFileDialog, QWidget

from kws_app.history.clip_store import ClipStore
from kws_app.history.disk_thread import DiskThread
from kws_app.history.entries import Entry
from kws_app.history.export import export_clip, export_clips, export_labels, suggested_name
from kws_app.translation import _

Export = Callable[[ClipStore, Iterable[Entry], Path], str]


class Exports:
    """The dialogs of the export: one at a time, and none blocks the listening."""

    def __init__(self, disk: DiskThread, panel: QWidget) -> None:
        self._disk, self._panel = disk, panel
        self._dialog: QFileDialog | None = None  # while it is open

    def one(self, entry: Entry | None) -> None:
        """Export a clip into a file that the user names."""
        if entry is None:
            return
        dialog = self._ask(_("Export this clip"), QFileDialog.FileMode.AnyFile)
        dialog.setNameFilter("FLAC (*.flac);;WAV (*.wav)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(suggested_name(entry))
        dialog.filterSelected.connect(lambda kind: dialog.selectFile(_renamed(dialog.selectedFiles(), kind)))

        def begin(name: str) -> None:
            self._disk.do(lambda store: export_clip(store, entry, Path(name)), _("The clip could not be exported"))

        dialog.fileSelected.connect(begin)
        dialog.show()

    def all(self, entries: list[Entry]) -> None:
        """Export all clips into a folder."""
        self._into_folder(_("Export all clips"), export_clips, entries)

    def labels(self, entries: list[Entry]) -> None:
        """Export the labelled clips into a folder that training reads."""
        self._into_folder(_("Export labels for training"), export_labels, entries)

    def _into_folder(self, title: str, export: Export, entries: list[Entry]) -> None:
        dialog = self._ask(title, QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)

        def begin(folder: str) -> None:
            self._disk.do(lambda store: export(store, entries, Path(folder)), _("The export failed"))

        dialog.fileSelected.connect(begin)
        dialog.show()

    def _ask(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        if self._dialog is not None:
            self._dialog.close()
        dialog = self._dialog = QFileDialog(self._panel.window(), title)
        dialog.setFileMode(mode)
        dialog.setModal(False)
        dialog.finished.connect(lambda: self._closed(dialog))
        return dialog

    def _closed(self, dialog: QFileDialog) -> None:
        if self._dialog is dialog:
            self._dialog = None
        dialog.deleteLater()


def _renamed(files: list[str], kind: str) -> str:
    """The chosen file name with the ending of the chosen kind of file."""
    suffix = ".wav" if "wav" in kind else ".flac"
    path = Path(files[0]) if files else Path("clip")
    return path.with_suffix(suffix).name if path.suffix.lower() in (".wav", ".flac") else path.name + suffix
