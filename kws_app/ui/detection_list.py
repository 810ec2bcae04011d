"""The list of detections, newest first. On the window's thread."""

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from kws_app.history import DetectionRecord

COLUMNS = ("Time", "Word", "Score", "At")
MOST_ROWS = 500  # older ones stay in the log


def position(time_s: float) -> str:
    """Minutes and seconds, with hours where there are any: 1:02.35, 2:03:04.50."""
    minutes, hundredths = divmod(round(100 * time_s), 6000)  # rounded first, or 59.998 s would be 0:60.00
    hours, minutes = divmod(minutes, 60)
    seconds = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


class DetectionList(QTableWidget):
    """One row a detection; bounded, the oldest leave."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setAccessibleName("Detections, newest first")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab leaves the list; the arrow keys move in it
        rows = self.verticalHeader()
        assert rows is not None
        rows.hide()
        rows.setDefaultSectionSize(26)
        header = self.horizontalHeader()
        assert header is not None
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        for column, tip in enumerate(
            (
                "When it was heard",
                "The keyword",
                "Probability when the threshold was met",
                "Time since the microphone was started, or in the file",
            )
        ):
            item = self.horizontalHeaderItem(column)
            assert item is not None
            item.setToolTip(tip)

    def add(self, record: DetectionRecord) -> None:
        self.insertRow(0)
        cells = (record.clock, record.keyword, f"{record.score:.2f}", position(record.time_s))
        source = record.file or record.microphone or ""
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(f"{record.wall_time}\n{record.model}\n{source}")
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self.setItem(0, column, item)
        while self.rowCount() > MOST_ROWS:
            self.removeRow(self.rowCount() - 1)
