"""The disk thread saves detections and clips, so that neither the worker nor the window waits for the disk.

It adds facts to the log. It writes, removes and exports clips. At the start it reads the log and the folder of clips.
At most WAITING clips wait: a further clip is not kept, and the user is told. The thread reports each outcome to one
listener, on the disk thread.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence

from kws_app.atomic_file import tidy_unfinished
from kws_app.audio.ring import Samples
from kws_app.errors import AudioError
from kws_app.history.clip_store import FOLDER_NAME, ClipLimits, ClipStore, outline
from kws_app.history.entries import add_up
from kws_app.history.facts import ActionDone, Deleted, DetectionRecord, Ended, Fact, HoursHeard, Labelled, Restored
from kws_app.history.log import DetectionLog
from kws_app.history.news import MOST_RECENT, ClipGone, ClipKept, ClipRead, Done, Loaded, News, Noted, Trouble
from kws_app.history.rate import DetectionCounter
from kws_app.paths import own_models_dir
from kws_app.translation import _, ngettext

REMOVED_AT_ONCE = 2000  # clips that one task removes, in less than a second
WAITING = 32  # the most clips that may wait, of 160 kB each; other tasks are small and few
CLOSE_S = 2.0  # longest wait for the end of the thread

_WHAT: dict[type[DetectionRecord | Fact], str] = {
    DetectionRecord: _("The missed word"),
    Ended: _("The length of a detection"),
    Labelled: _("The label"),
    Deleted: _("The deletion"),
    Restored: _("The restored entry"),
    HoursHeard: _("The hours of listening"),
    ActionDone: _("The outcome of an action"),
}

log = logging.getLogger(__name__)


class DiskThread:
    """Any thread calls the public methods; each returns at once."""

    def __init__(self, detections: DetectionLog, limits: ClipLimits | None = None) -> None:
        self.log = detections
        self.tell: Callable[[News], None] = lambda news: None  # set before `start`
        self._store = ClipStore(detections.path.parent / FOLDER_NAME)
        self._limits = limits or ClipLimits()  # used by this thread alone
        self._labelled: set[str] = set()  # ids; used by this thread alone
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._places = threading.BoundedSemaphore(WAITING)  # for clips
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
        self._said_full = False
        self._unannounced: set[str] = set()  # ids of clips that are removed at the start; the listener never saw them

    def start(self) -> None:
        self._thread.start()
        self._tasks.put(self._load)

    def close(self) -> bool:
        """Finish the waiting tasks, and end the thread. Returns whether it has ended."""
        if self._thread.ident is not None and self._thread.is_alive():
            self._tasks.put(None)
            self._thread.join(CLOSE_S)
        return not self._thread.is_alive()

    def limit_clips(self, limits: ClipLimits) -> None:
        """Use these limits from the next clip on."""
        self._tasks.put(lambda: setattr(self, "_limits", limits))

    def note(self, fact: DetectionRecord | Fact) -> None:
        """Add a line to the log."""
        self._tasks.put(lambda: self._note(fact))

    def keep_clip(self, id: str, samples: Samples, labelled: bool = False) -> None:
        """Write a clip, and remove old clips beyond the limits. samples: [N] at 16 kHz"""
        if self._places.acquire(blocking=False):
            self._said_full = False
            self._tasks.put(lambda: self._keep_clip(id, samples, labelled))
            return
        if not self._said_full:
            self.tell(
                Trouble(
                    _(
                        "The disk is too slow: {count} clips are waiting, and the next clips are not saved.",
                        count=WAITING,
                    )
                )
            )
        self._said_full = True
        self.tell(ClipGone(id))

    def remove_clips(self, ids: Iterable[str]) -> None:
        """Remove clips for good, once a deletion can no longer be undone."""
        chosen = list(ids)
        self._tasks.put(lambda: self._remove(chosen))

    def read_clip(self, id: str) -> None:
        """Read a clip to play it. Answers with ClipRead, or with ClipGone and Trouble."""
        self._tasks.put(lambda: self._read_clip(id))

    def look_at_clip(self, id: str) -> None:
        """Read the outline of a clip. Answers with ClipKept or ClipGone."""
        self._tasks.put(lambda: self._look_at_clip(id))

    def do(self, task: Callable[[ClipStore], str], failure: str) -> None:
        """Run an export. `task` returns a sentence on success; `failure` begins the sentence on failure."""
        self._tasks.put(lambda: self._do(task, failure))

    # On the disk thread

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception as error:  # any error: the user must know, and this thread must go on
                log.exception("The disk thread failed.")
                self.tell(
                    Trouble(_("Something could not be saved because of an unexpected error ({error}).", error=error))
                )

    def _load(self) -> None:
        try:
            said, bad_lines = self.log.read()
        except OSError as error:
            self.tell(
                Trouble(_("The earlier detections could not be read ({error}). The list starts empty.", error=error))
            )
            said, bad_lines = [], 0
        history = add_up(said)
        self._tidy()
        try:
            self._store.look()
        except OSError as error:
            self.tell(
                Trouble(_("The clips in {folder} cannot be read ({error}).", folder=self._store.folder, error=error))
            )
        self._labelled |= {entry.id for entry in history.entries.values() if entry.is_labelled}
        # deletions of earlier runs are final. A clip that is not in the log stays, because the log may be lost
        self._remove(
            [entry.id for entry in history.entries.values() if entry.deleted and entry.id in self._store.sizes]
        )
        self._unannounced = set(self._store.surplus(self._limits, self._labelled))
        counts = DetectionCounter()
        counts.add(entry for entry in history.entries.values() if entry.record.file is None)
        clips = frozenset(self._store.sizes.keys() - self._unannounced)
        kept = [entry for entry in history.entries.values() if not entry.deleted]
        older, newest = kept[:-MOST_RECENT], kept[-MOST_RECENT:]
        recent = [entry for entry in older if entry.id in clips] + newest
        self.tell(Loaded(history, clips, bad_lines, recent, counts))
        self._make_room()

    def _tidy(self) -> None:
        """Remove unfinished files that a killed program left in the user's folders."""
        data = self.log.path.parent
        models = own_models_dir(data)
        for folder in (data, self._store.folder, models, *models.glob("*/")):
            tidy_unfinished(folder)

    def _note(self, fact: DetectionRecord | Fact) -> None:
        if isinstance(fact, Labelled):
            (self._labelled.add if fact.label else self._labelled.discard)(fact.id)
        self.tell(Noted(fact))
        try:
            self.log.append(fact)
        except OSError as error:
            self.tell(
                Trouble(
                    _(
                        "{what} could not be written to {file} ({error}).",
                        what=_WHAT[type(fact)],
                        file=self.log.path,
                        error=error,
                    )
                )
            )

    def _keep_clip(self, id: str, samples: Samples, labelled: bool) -> None:
        self._places.release()
        if labelled:
            self._labelled.add(id)
        try:
            self._store.write(id, samples)
        except OSError as error:
            self.tell(
                Trouble(
                    _("The clip could not be written to {folder} ({error}).", folder=self._store.folder, error=error)
                )
            )
            self.tell(ClipGone(id))
            return
        self.tell(ClipKept(id, outline(samples)))
        self._make_room()

    def _make_room(self) -> None:
        """Remove clips beyond the limits, a part at a time, so that other tasks can run in between."""
        surplus = self._store.surplus(self._limits, self._labelled)
        self._remove(surplus[:REMOVED_AT_ONCE])
        if len(surplus) > REMOVED_AT_ONCE:
            self._tasks.put(self._make_room)

    def _remove(self, ids: Sequence[str]) -> None:
        """Remove clips. A clip that cannot be removed stays."""
        stuck: list[str] = []
        for id in ids:
            try:
                self._store.remove(id)
            except OSError as error:
                stuck.append(f"{self._store.path(id)}: {error.strerror or error}")
                continue
            if id in self._unannounced:
                self._unannounced.discard(id)
            else:
                self.tell(ClipGone(id))
        if stuck:
            self.tell(
                Trouble(
                    ngettext(
                        "A clip could not be removed ({reason}).",
                        "{count} clips could not be removed, the first ({reason}).",
                        len(stuck),
                        reason=stuck[0],
                    )
                )
            )

    def _read_clip(self, id: str) -> None:
        try:
            samples = self._store.read(id)
        except AudioError as error:
            self.tell(Trouble(_("The clip cannot be played: {error}", error=error)))
            self.tell(ClipGone(id))
            return
        self.tell(ClipRead(id, samples))

    def _look_at_clip(self, id: str) -> None:
        try:
            self.tell(ClipKept(id, outline(self._store.read(id))))
        except AudioError:
            self.tell(ClipGone(id))

    def _do(self, task: Callable[[ClipStore], str], failure: str) -> None:
        try:
            self.tell(Done(task(self._store)))
        except (OSError, AudioError) as error:
            self.tell(Trouble(f"{failure} ({error})."))
