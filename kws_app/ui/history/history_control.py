"""The history of detections: connects the table, the disk thread, the player and the counts.

On the window's thread. The disk thread answers with `News`, which arrive here as a queued signal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from kws_app.engine.names import written
from kws_app.history.clip_store import ClipLimits, ClipStore
from kws_app.history.entries import FALSE_ALARM, LABEL_WORDS, RIGHT, Entry, ModelSetup
from kws_app.history.facts import ActionDone, Deleted, DetectionRecord, Ended, Labelled, Restored
from kws_app.history.news import ClipGone, ClipKept, ClipRead, Done, Loaded, News, Noted, Trouble
from kws_app.history.rate import LEAST_HOURS, DetectionCounter, Listened
from kws_app.listening.worker import Worker
from kws_app.own_word.lessons import Lessons
from kws_app.translation import _, ngettext
from kws_app.ui.history.clip_player import Player
from kws_app.ui.history.detection_list import MOST_ROWS
from kws_app.ui.history.export_dialogs import Exports
from kws_app.ui.history.history_panel import HistoryPanel
from kws_app.ui.settings_store import SettingsStore

UNDO_MS = 300_000  # after this time a deletion cannot be undone
MOST_STEPS = 100  # steps that can be undone
KEPT_ENTRIES = 4 * MOST_ROWS  # in memory; beyond this number, entries that nothing needs are dropped


@dataclass(frozen=True)
class UndoStep:
    """Something that the user did in the list. Only one field is set."""

    deleted: list[str] = field(default_factory=list)  # ids
    labels: dict[str, str] = field(default_factory=dict)  # by id, the label before
    missed: str = ""  # id of the entry that the button "It missed me" made


class HistoryControl(QObject):
    """Made once for a window."""

    noticed = pyqtSignal(str)  # one sentence
    heard = pyqtSignal(str, str)  # a word of an earlier run, and its wall time
    changed = pyqtSignal(object)  # Entry: it has changed
    learn_wanted = pyqtSignal(str)  # keyword: the user wants the word to learn from its labels
    moment_wanted = pyqtSignal(str)  # id: the user wants to see this detection in the plots
    _told = pyqtSignal(object)  # News

    def __init__(self, worker: Worker, panel: HistoryPanel, store: SettingsStore, player: Player | None = None) -> None:
        """Make this before the worker is started."""
        super().__init__()
        self._worker, self._disk = worker, worker.disk
        self._panel, self._table, self._store = panel, panel.table, store
        self._player = player or Player(worker.playing)
        self._entries: dict[str, Entry] = {}  # by id, oldest first, with deleted entries
        self._clips: set[str] = set()  # ids of entries with a clip
        self._deleted: list[list[str]] = []  # ids of deletions that can be undone: their clips are still kept
        self._steps: list[UndoStep] = []  # steps that can be undone, the last step at the end
        self._live, self._file = DetectionCounter(), DetectionCounter()
        self._listened = Listened()
        self._earlier_s: dict[ModelSetup, float] = {}  # seconds heard from microphones in earlier runs
        self.exports = Exports(self._disk, panel)
        self.can_learn: Callable[[str], bool] = lambda keyword: False  # whether a word can learn from labels
        self._told.connect(self._hear)
        worker.listened.connect(self._note_hours)
        self._disk.tell = self._tell
        self._connect()
        self._apply_choices()

    def _connect(self) -> None:
        panel, table, player = self._panel, self._table, self._player
        table.itemSelectionChanged.connect(self._show_selection)
        table.play_wanted.connect(self.play)
        table.moment_wanted.connect(self.moment_wanted)
        table.label_wanted.connect(self.label)
        table.delete_wanted.connect(self.delete)
        table.outline_wanted.connect(self._disk.look_at_clip)
        panel.play.clicked.connect(lambda: self.play(next(iter(table.selected), "")))
        panel.right.clicked.connect(lambda: self.label(RIGHT))
        panel.wrong.clicked.connect(lambda: self.label(FALSE_ALARM))
        panel.delete.clicked.connect(self.delete)
        panel.undo.clicked.connect(self.undo)
        panel.learn.clicked.connect(lambda: self.learn_wanted.emit(self._learning_word()))
        panel.missed.clicked.connect(self._worker.save_missed)
        panel.export_clip.triggered.connect(lambda: self.exports.one(self._selected_with_clip()))
        panel.export_clips.triggered.connect(lambda: self.exports.all(self._kept()))
        panel.export_labels.triggered.connect(lambda: self.exports.labels(self._kept()))
        panel.keep_clips.toggled.connect(lambda on: self._choose(keep_clips=on))
        for count, action in panel.most_clips.items():
            action.triggered.connect(lambda _, count=count: self._choose(most_clips=count))
        player.changed.connect(self._show_playing)
        player.failed.connect(self.noticed)

    def close(self) -> None:
        """Remove the clips of deleted entries. Call this before the worker is shut down."""
        self._player.stop()
        self._player.blockSignals(True)  # its thread may end after the window
        for ids in self._deleted:
            self._disk.remove_clips(ids)
        self._deleted.clear()
        self._disk.tell = lambda news: None

    # What arrives

    def add(self, record: DetectionRecord) -> None:
        """Add a detection or a missed word."""
        entry = Entry(record)
        self._entries[entry.id] = entry
        (self._live if record.file is None else self._file).add([entry])
        self._table.add(entry)
        if len(self._entries) > KEPT_ENTRIES:
            self._entries = {id: self._entries[id] for id in self._entries if self._is_wanted(id)}

    def note_action(self, fact: ActionDone) -> None:
        """Add the outcome of an action to its detection."""
        if fact.id in self._entries:
            self._disk.note(fact)
            self._change(self._entries[fact.id].after(fact))

    def _is_wanted(self, id: str) -> bool:
        """Whether an entry is in the table, has a clip, or can be brought back."""
        return id in self._clips or self._table.has(id) or any(id in ids for ids in self._deleted)

    def begin_file(self) -> None:
        """A file begins: count its detections from zero."""
        self._file = DetectionCounter()

    def _tell(self, news: News) -> None:
        """Called on the disk thread. The disk thread holds this method and so keeps this object alive."""
        self._told.emit(news)

    def _hear(self, news: News) -> None:
        match news:
            case Loaded():
                self._load(news)
            case Noted(fact=DetectionRecord() as record):
                self.add(record)
                self._remember_step(UndoStep(missed=record.key))
                said = _("The last seconds are saved as a missed “{word}”.", word=written(record.keyword))
                self._panel.say(said, undoable=True)
            case Noted(fact=Ended() as fact) if fact.id in self._entries:
                self._change(self._entries[fact.id].after(fact))
                self.changed.emit(self._entries[fact.id])
            case ClipKept(id=id, outline=outline):
                self._clips.add(id)
                self._table.set_outline(id, outline)
                self._show_selection()
            case ClipGone(id=id):
                self._clips.discard(id)
                self._table.set_outline(id, None)
                self._show_selection()
            case ClipRead(id=id, samples=samples):
                self._player.play(id, samples)
            case Trouble(text=text):
                self.noticed.emit(text)
            case Done(text=text):
                self._panel.say(text)

    def _load(self, loaded: Loaded) -> None:
        """Add the entries of earlier runs. Detections of this run may be there already."""
        earlier = [entry for entry in loaded.recent if entry.id not in self._entries]
        loaded.counts.add(entry for entry in self._entries.values() if entry.record.file is None)
        self._live = loaded.counts
        self._earlier_s = loaded.history.heard_s
        self._clips |= loaded.clips
        shown = earlier[-MOST_ROWS:]
        self._table.put_back((entry, entry.id in self._clips) for entry in reversed(shown))
        kept = self._clips | {entry.id for entry in shown}
        wanted = {entry.id: entry for entry in earlier if entry.id in kept}
        self._entries = {**wanted, **self._entries}
        for entry in wanted.values():
            if not entry.record.missed:
                self.heard.emit(entry.record.keyword, entry.record.wall_time)
        if loaded.bad_lines:
            text = ngettext(
                "A line of {file} could not be read and was skipped.",
                "{count} lines of {file} could not be read and were skipped.",
                loaded.bad_lines,
                file=self._disk.log.path,
            )
            self.noticed.emit(text)

    # What the user does

    def play(self, id: str) -> None:
        """Play a clip. If this clip plays already, stop it."""
        if self._player.playing is not None and self._player.playing == id:
            self._player.stop()
        elif id in self._clips:
            self._disk.read_clip(id)

    def label(self, label: str) -> None:
        """Label the selected detections. If all have this label, remove it. A missed word keeps its label."""
        chosen = [self._entries[id] for id in self._table.selected if not self._entries[id].record.missed]
        if chosen and all(entry.label == label for entry in chosen):
            label = ""
        before = {entry.id: entry.label for entry in chosen if entry.label != label}
        if not before:
            return
        for id in before:
            self._label_one(id, label)
        self._remember_step(UndoStep(labels=before))
        self._show_selection()
        said = LABEL_WORDS[label]
        text = ngettext("Label: {label}.", "{count} labels: {label}.", len(before), label=said)
        self._panel.say(text if label else _("Label removed."), undoable=True)

    def _label_one(self, id: str, label: str) -> None:
        fact = Labelled(id, label)
        self._disk.note(fact)
        self._live.label(id, label)
        self._file.label(id, label)
        self._change(self._entries[id].after(fact))

    def _remember_step(self, step: UndoStep) -> None:
        self._steps.append(step)
        del self._steps[:-MOST_STEPS]

    def delete(self) -> None:
        """Delete the selected rows. Their clips are removed when the deletion can no longer be undone."""
        ids = self._table.selected
        if not ids:
            return
        row = self._table.currentRow()
        for id in ids:
            self._disk.note(Deleted(id))
            self._entries[id] = replace(self._entries[id], deleted=True)
        self._table.remove(ids)
        if self._table.rowCount():  # select the next row, for the keyboard
            self._table.selectRow(min(max(row - len(ids) + 1, 0), self._table.rowCount() - 1))
        self._deleted.append(ids)
        self._remember_step(UndoStep(deleted=ids))
        QTimer.singleShot(UNDO_MS, lambda: self._forget(ids))
        self._panel.say(ngettext("Deleted.", "{count} deleted.", len(ids)), undoable=True)

    def undo(self) -> None:
        """Undo the last step: a deletion, a label, or a missed word."""
        if not self._steps:
            return
        step = self._steps.pop()
        more = bool(self._steps)
        if step.labels:
            for id, label in step.labels.items():
                if id in self._entries:
                    self._label_one(id, label)
            self._show_selection()
            self._panel.say(_("Label undone."), undoable=more)
        elif step.missed:
            self._remove([step.missed])
            self._disk.remove_clips([step.missed])
            self._panel.say(_("Missed word undone."), undoable=more)
        elif step.deleted in self._deleted:
            self._deleted.remove(step.deleted)
            for id in step.deleted:
                self._disk.note(Restored(id))
                self._entries[id] = replace(self._entries[id], deleted=False)
            self._table.put_back((self._entries[id], id in self._clips) for id in step.deleted)
            self._panel.say(_("Deletion undone."), undoable=more)

    def _remove(self, ids: list[str]) -> None:
        for id in ids:
            if id in self._entries:
                self._disk.note(Deleted(id))
                self._entries[id] = replace(self._entries[id], deleted=True)
        self._table.remove(ids)

    def _forget(self, ids: list[str]) -> None:
        if ids in self._deleted:
            self._deleted.remove(ids)
            self._steps = [step for step in self._steps if step.deleted is not ids]
            self._disk.remove_clips(ids)

    def with_clips(self, task: Callable[[ClipStore, Sequence[Entry]], str], failure: str) -> None:
        """Run a task on the disk thread, with all entries, deleted ones too. task: returns a sentence on success"""
        entries = list(self._entries.values())
        self._disk.do(lambda store: task(store, entries), failure)

    def _learning_word(self) -> str:
        """The word that can learn from its labels: that of the selected row, else that of the newest label."""
        selected = [self._entries[id] for id in self._table.selected]
        labelled = [entry for entry in reversed(self._entries.values()) if entry.is_labelled and not entry.deleted]
        words = (entry.record.keyword for entry in [*selected, *labelled])
        return next((word for word in words if self.can_learn(word)), "")

    def _show_lessons(self) -> None:
        word = self._learning_word()
        self._panel.show_lessons(Lessons.among(self._entries.values(), word, self._clips) if word else None, word)

    def _selected_with_clip(self) -> Entry | None:
        return next((self._entries[id] for id in self._table.selected if id in self._clips), None)

    def _kept(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if not entry.deleted]

    def _choose(self, **changes: object) -> None:
        self._store.remember(**changes)
        self._apply_choices()

    def _apply_choices(self) -> None:
        settings = self._store.settings
        keep_clips = settings.keep_clips and settings.most_clips > 0
        self._worker.want(replace(self._worker.wanted, keep_clips=keep_clips))
        self._disk.limit_clips(ClipLimits(settings.most_clips, settings.most_clip_megabytes))
        self._panel.show_choices(settings.keep_clips, settings.most_clips)

    # What the window shows

    def _note_hours(self, listened: Listened) -> None:
        self._listened = listened

    def show_rate(self) -> None:
        """Show the rate of each word that was listened for long enough."""
        lines = []
        listened = self._listened
        for keyword, setup in listened.setups.items():
            heard_s = listened.seconds.get(setup, 0.0)
            if listened.is_live:
                rate = self._live.rate(*setup, self._earlier_s.get(setup, 0.0) + heard_s)
            else:
                rate = self._file.rate(*setup, heard_s)
            if rate.hours >= LEAST_HOURS:
                lines.append((written(keyword), rate.text))
        self._panel.show_rate("\n".join(f"{word}: {text}" for word, text in lines))

    def _change(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self._table.show_entry(entry)

    def _show_selection(self) -> None:
        ids = self._table.selected
        labels = [self._entries[id].label for id in ids if not self._entries[id].record.missed]
        self._panel.show_selection(labels, bool(ids), can_play=any(id in self._clips for id in ids[:1]))
        self._show_lessons()
        self._show_playing()

    def _show_playing(self) -> None:
        self._table.set_playing(self._player.playing)
        self._panel.show_playing(self._player.playing is not None and self._player.playing in self._table.selected)
