"""The table of detections, newest first. On the window's thread.

The table only shows entries and reports what the user does.
"""

from collections.abc import Iterable
from datetime import datetime

from PyQt6.QtCore import QDateTime, QLocale, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from kws_app.actions.runner import WHAT
from kws_app.audio.ring import Samples
from kws_app.engine.names import written
from kws_app.history.entries import FALSE_ALARM, LABEL_WORDS, RIGHT, Entry
from kws_app.translation import _
from kws_app.ui.history.clip_cell import COMING_ROLE, ID_ROLE, LABEL_ROLE, OUTLINE_ROLE, ClipCell
from kws_app.ui.theme import LIGHT, Theme
from kws_app.ui.widgets.plain_tip import plain_tip

COLUMNS = (  # title and tip
    (_("Time"), _("When the word was heard; for a file, the time in the file. Click to see the moment in the plots")),
    (_("Word"), _("The word that was heard")),
    # Translators: of the probability
    (_("Peak"), _("The highest probability")),
    (_("Duration"), _("How long the probability was at or above the threshold, or “missed” for a missed word")),
    (_("Actions"), _("✓ all actions of the word worked, ✗ an action failed")),
    (_("Clip"), _("Click to hear the clip (Return). ✓ is labelled as right, ✗ as a false alarm")),
)
WIDEST = ("28 Nov 00:00", "smart mirror", "0.00", "00.00 s", "✓", "")  # the widest texts; the clip takes the rest
PADDING = 10  # px, beside a text
HEADER_PADDING = 6  # px, above and below a title together
CLIP_LEAST = 64  # px
CLIP = len(COLUMNS) - 1
PEAK, DURATION, ACTIONS = 2, 3, 4
LEAST_ROWS = 3  # rows that even the lowest window shows without scrolling
MOST_ROWS = 500  # older ones stay in the log
WHAT_BY_VALUE = {kind.value: what for kind, what in WHAT.items()}
EMPTY = _("What is heard appears here: the time, the word and a clip to play.")


def position(time_s: float) -> str:
    """A time in a file: 1:02.35, or with hours 2:03:04.50."""
    minutes, hundredths = divmod(round(100 * time_s), 6000)  # rounded first, or 59.998 s would be 0:60.00
    hours, minutes = divmod(minutes, 60)
    seconds = f"{hundredths // 100:02d}.{hundredths % 100:02d}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"


def when(entry: Entry) -> str:
    """The time of day, with the date if it was not today. For a file: the time in the file."""
    record = entry.record
    if record.file:
        return position(record.time_s)
    at = datetime.fromisoformat(record.wall_time).astimezone()
    if at.date() == datetime.now().astimezone().date():
        return at.strftime("%H:%M:%S")
    return QLocale().toString(QDateTime(at), "d MMM HH:mm")


def cells(entry: Entry) -> tuple[str, ...]:
    """The texts of the columns. Screen readers read the last text in place of the clip."""
    record = entry.record
    peak = record.score if entry.peak is None else entry.peak
    duration = _("missed") if record.missed else "" if entry.above_s is None else f"{entry.above_s:.2f} s"
    failed = any(action.failure for action in entry.actions)
    sign = "" if not entry.actions else "✗" if failed else "✓"
    return when(entry), written(record.keyword), f"{peak:.2f}", duration, sign, LABEL_WORDS[entry.label]


def tip(entry: Entry) -> str:
    """The tool tip of a row."""
    record = entry.record
    where = (
        _("{time} in {file}", time=position(record.time_s), file=record.file)
        if record.file
        else record.microphone or ""
    )
    at = QLocale().toString(
        QDateTime(datetime.fromisoformat(record.wall_time).astimezone()), QLocale.FormatType.ShortFormat
    )
    heard_by = _("heard by {model}", model=record.model)
    actions = [
        action.failure or _("{what} worked.", what=WHAT_BY_VALUE.get(action.action, action.action))
        for action in entry.actions
    ]
    lines = (at, heard_by, where, LABEL_WORDS[entry.label], *actions)
    return plain_tip("\n".join(line for line in lines if line))


class DetectionList(QTableWidget):
    """A row for each detection or missed word. When MOST_ROWS are shown, a new row replaces the oldest."""

    play_wanted = pyqtSignal(str)  # id
    moment_wanted = pyqtSignal(str)  # id: show it in the plots
    label_wanted = pyqtSignal(str)  # RIGHT or FALSE_ALARM, for the selected rows
    delete_wanted = pyqtSignal()
    outline_wanted = pyqtSignal(str)  # id of a clip whose row becomes visible

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._ids: list[str] = []  # by row
        self._stamps: list[float] = []  # seconds since the epoch, by row
        self._unseen: set[str] = set()  # ids whose waveform was not asked for yet
        self.setHorizontalHeaderLabels([title for title, _tip in COLUMNS])
        self.setAccessibleName(_("Detections, newest first"))
        self.setToolTip(_("R: the word was said. F: false alarm. Return: play. Delete: delete"))
        self._muted = QColor(LIGHT.muted)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # Tab leaves the list; the arrow keys move in it
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clip_cell = ClipCell(self)
        self.setItemDelegateForColumn(CLIP, self.clip_cell)
        self._set_up_headers()
        self.cellClicked.connect(self._clicked)

    def _set_up_headers(self) -> None:
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None and header is not None
        rows.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(CLIP, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(12)
        for column, (_title, text) in enumerate(COLUMNS):
            item = self.horizontalHeaderItem(column)
            assert item is not None
            item.setToolTip(text)

    @property
    def selected(self) -> list[str]:
        """The ids of the selected rows, from top to bottom."""
        model = self.selectionModel()
        rows = sorted(index.row() for index in model.selectedRows()) if model is not None else []
        return [self._ids[row] for row in rows]

    def has(self, id: str) -> bool:
        return id in self._ids

    def sizeHint(self) -> QSize:
        """The least height: the layout gives the list all free room, and a low window scrolls."""
        return QSize(super().sizeHint().width(), self._least_height)

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self._least_height)

    @property
    def _least_height(self) -> int:
        return (LEAST_ROWS + 1) * self._row_height + 12

    @property
    def _row_height(self) -> int:
        return max(24, round(1.8 * self.fontMetrics().height()))

    def set_theme(self, theme: Theme) -> None:
        """Set the colours, and the sizes for the font of the theme."""
        self._muted = QColor(theme.muted)
        self.clip_cell.theme = theme
        self._fit()
        self._repaint()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Set the widths of the columns. In a narrow list first the word is cut, then the date, then the duration."""
        rows, header, viewport = self.verticalHeader(), self.horizontalHeader(), self.viewport()
        assert rows is not None and header is not None and viewport is not None
        rows.setDefaultSectionSize(self._row_height)
        header.setFixedHeight(self._row_height + HEADER_PADDING)
        header.ensurePolished()
        titles, texts = header.fontMetrics(), self.fontMetrics()
        widths = [
            max(titles.horizontalAdvance(title), texts.horizontalAdvance(widest)) + PADDING
            for (title, _tip), widest in zip(COLUMNS[:CLIP], WIDEST, strict=False)
        ]
        clip = max(CLIP_LEAST, titles.horizontalAdvance(COLUMNS[CLIP][0]) + PADDING)
        room = viewport.width() - clip
        for column, shortest in ((1, ""), (0, "00:00:00"), (DURATION, "0.00 s")):
            title = titles.horizontalAdvance(COLUMNS[column][0])
            least = max(title, texts.horizontalAdvance(shortest)) + PADDING
            widths[column] = max(least, widths[column] - max(0, sum(widths) - room))
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        if sum(widths) > room:  # no column can be cut further: the window scrolls
            self.setMinimumWidth(sum(widths) + clip + self.width() - viewport.width())

    def set_peak(self, id: str, peak: float) -> None:
        """Show the highest probability so far of a word that is still being said."""
        if id in self._ids:
            item = self.item(self._ids.index(id), PEAK)
            if item is not None:
                item.setText(f"{peak:.2f}")

    def set_playing(self, id: str | None) -> None:
        self.clip_cell.playing = id
        self._repaint()

    def add(self, entry: Entry, has_clip: bool = False) -> None:
        """Add a new entry at the top. has_clip: False if the clip comes later, with `set_outline`"""
        self._insert(0, entry, has_clip)
        item = self.item(0, CLIP)
        assert item is not None
        item.setData(COMING_ROLE, entry.record.clip is not None)

    def put_back(self, entries: Iterable[tuple[Entry, bool]]) -> None:
        """Add earlier entries at the places of their times. entries: each with whether it has a clip"""
        self.setUpdatesEnabled(False)
        for entry, has_clip in entries:
            stamp = datetime.fromisoformat(entry.record.wall_time).timestamp()
            row = next((row for row, other in enumerate(self._stamps) if other <= stamp), len(self._stamps))
            self._insert(row, entry, has_clip)
        self.setUpdatesEnabled(True)

    def show_entry(self, entry: Entry) -> None:
        """Show an entry that has changed."""
        if entry.id in self._ids:
            for column, text in enumerate(cells(entry)):
                item = self.item(self._ids.index(entry.id), column)
                assert item is not None
                item.setText(text)
                item.setToolTip(tip(entry))
                item.setData(LABEL_ROLE, entry.label)

    def set_outline(self, id: str, outline: Samples | None) -> None:
        """Show the waveform of a clip. outline: None without a clip"""
        self._unseen.discard(id)
        if id in self._ids:
            item = self.item(self._ids.index(id), CLIP)
            assert item is not None
            item.setData(COMING_ROLE, False)
            item.setData(OUTLINE_ROLE, None if outline is None else outline.tolist())

    def remove(self, ids: Iterable[str]) -> None:
        for id in ids:
            if id in self._ids:
                self._remove_row(self._ids.index(id))

    def _insert(self, row: int, entry: Entry, has_clip: bool) -> None:
        self.insertRow(row)
        self._ids.insert(row, entry.id)
        self._stamps.insert(row, datetime.fromisoformat(entry.record.wall_time).timestamp())
        hint = tip(entry)
        for column, text in enumerate(cells(entry)):
            item = QTableWidgetItem(text)
            item.setToolTip(hint)
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            item.setData(LABEL_ROLE, entry.label)
            self.setItem(row, column, item)
        item.setData(ID_ROLE, entry.id)
        if has_clip:
            item.setData(OUTLINE_ROLE, [])
            self._unseen.add(entry.id)
        while self.rowCount() > MOST_ROWS:
            self._remove_row(self.rowCount() - 1)

    def _remove_row(self, row: int) -> None:
        self.removeRow(row)  # first: it sends the signal of a new selection, and `selected` then needs all ids
        self._unseen.discard(self._ids.pop(row))
        self._stamps.pop(row)

    def _repaint(self) -> None:
        viewport = self.viewport()
        if viewport is not None:
            viewport.update()

    def _clicked(self, row: int, column: int) -> None:
        if column == CLIP:
            self._play(row)
        else:
            self.moment_wanted.emit(self._ids[row])

    def _play(self, row: int) -> None:
        item = self.item(row, CLIP)
        if item is not None and item.data(OUTLINE_ROLE) is not None:
            self.play_wanted.emit(self._ids[row])

    def play_selected(self) -> None:
        """Play the first selected clip."""
        for id in self.selected[:1]:
            self._play(self._ids.index(id))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._unseen:  # clips are read when their row becomes visible
            first, last = self.rowAt(0), self.rowAt(self.height())
            shown = self._ids[max(0, first) : len(self._ids) if last < 0 else last + 1]
            for id in [id for id in shown if id in self._unseen]:
                self._unseen.discard(id)
                self.outline_wanted.emit(id)
        super().paintEvent(event)
        if not self._ids:
            self._paint_empty()

    def _paint_empty(self) -> None:
        """Say what the empty list will show."""
        viewport = self.viewport()
        if viewport is not None:
            painter = QPainter(viewport)
            painter.setPen(self._muted)
            area = viewport.rect().adjusted(12, 8, -12, -8)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
            painter.end()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        key = Qt.Key(event.key()) if plain else None
        if key == Qt.Key.Key_R:
            self.label_wanted.emit(RIGHT)
        elif key == Qt.Key.Key_F:
            self.label_wanted.emit(FALSE_ALARM)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_wanted.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.play_selected()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str | None) -> None:  # noqa: N802 - Qt's
        """Do nothing: letters are labels here, and must not jump to a row."""
