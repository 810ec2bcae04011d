"""The disk thread: a real thread, a real folder, and its reports."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from kws_app.atomic_file import UNFINISHED
from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.clip_store import ClipLimits, ClipStore
from kws_app.history.disk_thread import WAITING, DiskThread
from kws_app.history.entries import RIGHT
from kws_app.history.facts import Deleted, DetectionRecord, Labelled, clip_name, new_id, now_iso
from kws_app.history.log import DetectionLog
from kws_app.history.news import ClipGone, ClipKept, ClipRead, Done, Loaded, News, Trouble
from tests.support.waiting import PATIENCE_S, Stopwatch, until

DECISION = DecisionConfig(0.5)
SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)
Kind = TypeVar("Kind", bound=News)


class Bench:
    """A disk thread over a folder, and all that it told."""

    def __init__(self, folder: Path, limits: ClipLimits | None = None) -> None:
        self.log = DetectionLog(folder)
        self.disk = DiskThread(self.log, limits)
        self.news: list[News] = []
        self._told = threading.Condition()
        self.disk.tell = self._tell

    def _tell(self, news: News) -> None:
        with self._told:
            self.news.append(news)
            self._told.notify_all()

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [news for news in self.news if isinstance(news, kind)]

    def wait(self, kind: type[Kind], count: int = 1) -> list[Kind]:
        with self._told:
            assert self._told.wait_for(lambda: len(self.all(kind)) >= count, PATIENCE_S), self.news
        return self.all(kind)

    def record(self) -> DetectionRecord:
        id = new_id()
        record = DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", 1.0, 0.9, id, clip_name(id), DECISION)
        self.log.append(record)
        return record


@pytest.fixture
def open_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(limits: ClipLimits | None = None) -> Bench:
        benches.append(Bench(tmp_path / "data", limits))
        benches[-1].disk.start()
        return benches[-1]

    yield make
    for bench in benches:
        assert bench.disk.close()


def test_a_clip_is_kept_read_looked_at_and_removed(open_bench: Callable[..., Bench]):
    bench = open_bench()
    id = bench.record().id
    bench.disk.keep_clip(id, SOUND)
    (kept,) = bench.wait(ClipKept)
    assert kept.id == id and kept.outline.max() > 0.99
    bench.disk.read_clip(id)
    np.testing.assert_allclose(bench.wait(ClipRead)[0].samples, SOUND, atol=1e-4)
    bench.disk.look_at_clip(id)
    assert np.abs(bench.wait(ClipKept, 2)[1].outline - kept.outline).max() < 1e-4
    bench.disk.remove_clips([id])
    assert bench.wait(ClipGone) == [ClipGone(id)]
    bench.disk.look_at_clip(id)
    bench.wait(ClipGone, 2)
    bench.disk.read_clip(id)
    assert "cannot be played: There is no clip" in bench.wait(Trouble)[0].text


def test_the_next_start_finds_entries_and_clips(open_bench: Callable[..., Bench]):
    bench = open_bench()
    kept, deleted = bench.record(), bench.record()
    for record in (kept, deleted):
        bench.disk.keep_clip(record.id, SOUND)
    bench.disk.note(Labelled(kept.id, RIGHT))
    bench.disk.note(Deleted(deleted.id))
    assert bench.disk.close()
    with open(bench.log.path, "ab") as file:
        file.write(b"no line\n")
    (loaded,) = open_bench().wait(Loaded)
    assert loaded.clips == {kept.id}  # the deletion cannot be undone any more
    assert loaded.history.entries[kept.id].label == RIGHT
    assert loaded.history.entries[deleted.id].deleted
    assert loaded.bad_lines == 1


def test_closing_waits_for_what_is_under_way(open_bench: Callable[..., Bench], tmp_path: Path):
    bench = open_bench()
    ids = [bench.record().id for _ in range(5)]
    for id in ids:
        bench.disk.keep_clip(id, SOUND)
    assert bench.disk.close()
    assert len(list((tmp_path / "data" / "clips").iterdir())) == 5


WRITES_FOR_EVER = """
import itertools, sys
from pathlib import Path
import numpy as np
from kws_app.history.disk_thread import DiskThread
from kws_app.history.clip_store import ClipStore
from kws_app.history.facts import *
from kws_app.history.log import DetectionLog

folder = Path(sys.argv[1])
log, store = DetectionLog(folder), ClipStore(folder / "clips")
sound = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)
for i in itertools.count():
    id = new_id()
    log.append(DetectionRecord(now_iso(), None, "mic " * 500, "loud", "loud/teacher", float(i), 0.9, id, clip_name(id)))
    store.write(id, sound)
    log.append(Ended(id, 0.9, 0.3))
    print(i, flush=True)
"""


@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_crash_at_any_moment_leaves_whole_clips_and_a_log_that_goes_on(
    python: Callable[..., "subprocess.Popen[str]"], open_bench: Callable[..., Bench], tmp_path: Path, after: int
):
    writer = python(["-c", WRITES_FOR_EVER, str(tmp_path / "data")])
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < after:
        pass
    time.sleep(0.003 * after)  # anywhere in the next round
    writer.kill()
    writer.wait()
    bench = open_bench()
    (loaded,) = bench.wait(Loaded)
    assert loaded.bad_lines <= 1  # the one that was being written
    assert len(loaded.history.entries) >= after + 1
    for id in loaded.clips:
        bench.disk.read_clip(id)
    assert all(len(read.samples) == 40_000 for read in bench.wait(ClipRead, len(loaded.clips)))
    assert not list((tmp_path / "data" / "clips").glob(".*"))
    record = bench.record()
    assert bench.log.last()[-1] == record


def test_limits_hold_also_over_what_was_there(open_bench: Callable[..., Bench]):
    bench = open_bench(ClipLimits(count=2))
    ids = [bench.record().id for _ in range(4)]
    bench.disk.keep_clip(ids[0], SOUND, labelled=True)
    for id in ids[1:]:
        bench.disk.keep_clip(id, SOUND)
    assert bench.wait(ClipGone, 2) == [ClipGone(ids[1]), ClipGone(ids[2])]
    bench.disk.note(Labelled(ids[0], RIGHT))
    bench.disk.close()
    again = open_bench(ClipLimits(count=1))
    (loaded,) = again.wait(Loaded)
    assert loaded.clips == {ids[0]}


def test_a_clip_that_cannot_be_removed_is_said_once_and_the_limit_holds_with_the_others(
    open_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    remove = ClipStore.remove
    bench = open_bench(ClipLimits(count=3))
    ids = [bench.record().id for _ in range(6)]

    def stuck(store: ClipStore, id: str) -> None:
        if id == ids[0]:
            store._stuck.add(id)
            raise PermissionError(1, "Operation not permitted")
        remove(store, id)

    monkeypatch.setattr(ClipStore, "remove", stuck)
    for id in ids:
        bench.disk.keep_clip(id, SOUND)
    bench.disk.close()
    assert sorted(path.stem for path in (tmp_path / "data" / "clips").iterdir()) == [ids[0], *ids[4:]]
    (trouble,) = bench.all(Trouble)
    assert "A clip could not be removed" in trouble.text and ids[0] in trouble.text


def test_what_a_kill_left_unfinished_is_tidied_in_every_folder(open_bench: Callable[..., Bench], tmp_path: Path):
    data = tmp_path / "data"
    folders = [data, data / "clips", data / "models", data / "models" / "loud"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
        (folder / f"{UNFINISHED}ab12").write_bytes(b"half")
    open_bench().wait(Loaded)
    assert not list(data.rglob(f"{UNFINISHED}*")) and all(folder.is_dir() for folder in folders)


def test_a_folder_far_beyond_the_limit_is_looked_up_at_once_and_emptied_in_pieces(
    open_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("kws_app.history.disk_thread.REMOVED_AT_ONCE", 7)
    clips = tmp_path / "data" / "clips"
    clips.mkdir(parents=True)
    ids = sorted(new_id() for _ in range(50))
    for id in ids:
        (clips / clip_name(id)).write_bytes(b"x")
    bench = open_bench(ClipLimits(count=5))
    (loaded,) = bench.wait(Loaded)
    assert loaded.clips == set(ids[-5:])
    until(lambda: len(list(clips.iterdir())) == 5)
    assert not bench.all(ClipGone)  # nobody was told that these were there


def test_of_a_long_log_the_newest_entries_and_those_with_a_clip_are_handed_on(
    open_bench: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("kws_app.history.disk_thread.MOST_RECENT", 2)
    bench = Bench(tmp_path / "data")
    records = [bench.record() for _ in range(6)]
    bench.log.append(Deleted(records[5].id))
    ClipStore(tmp_path / "data" / "clips").write(records[1].id, SOUND)
    (loaded,) = open_bench().wait(Loaded)
    assert [entry.id for entry in loaded.recent] == [records[i].id for i in (1, 3, 4)]
    assert loaded.counts.rate("loud/teacher", DECISION, 3600).detections == 6  # a deleted detection still happened


def test_a_clip_that_the_log_does_not_name_stays(open_bench: Callable[..., Bench], tmp_path: Path):
    ClipStore(tmp_path / "data" / "clips").write(id := new_id(), SOUND)
    (loaded,) = open_bench().wait(Loaded)
    assert loaded.clips == {id} and not loaded.history.entries


def test_trouble_with_the_disk_is_said_and_the_thread_goes_on(open_bench: Callable[..., Bench], tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clips").write_text("a file where the folder should be")
    bench = open_bench()
    id = bench.record().id
    bench.disk.keep_clip(id, SOUND)
    assert "The clip could not be written" in bench.wait(Trouble)[0].text
    assert bench.wait(ClipGone) == [ClipGone(id)]
    bench.log.path.unlink()
    bench.log.path.mkdir()
    bench.disk.note(Labelled(id, RIGHT))
    assert "The label could not be written" in bench.wait(Trouble, 2)[1].text


def test_a_log_that_cannot_be_read_is_said_and_removes_no_clip(open_bench: Callable[..., Bench], tmp_path: Path):
    ClipStore(tmp_path / "data" / "clips").write(id := new_id(), SOUND)
    (tmp_path / "data" / "detections.jsonl").mkdir()
    bench = open_bench()
    assert bench.wait(Loaded)[0].clips == {id}
    assert "could not be read" in bench.wait(Trouble)[0].text


def test_a_slow_disk_holds_nobody_up_and_loses_the_latest_clips_only(open_bench: Callable[..., Bench]):
    bench = open_bench()
    bench.wait(Loaded)
    gate = threading.Event()
    bench.disk.do(lambda store: "opened" if gate.wait(PATIENCE_S) else "", "")
    stopwatch = Stopwatch()
    ids = [new_id() for _ in range(WAITING + 3)]
    for id in ids:
        bench.disk.keep_clip(id, SOUND[:1000])
    assert stopwatch.seconds < 5.0
    assert bench.all(ClipGone) == [ClipGone(id) for id in ids[WAITING:]]
    assert len(bench.all(Trouble)) == 1 and "too slow" in bench.all(Trouble)[0].text
    gate.set()
    assert [kept.id for kept in bench.wait(ClipKept, WAITING)] == ids[:WAITING]


def test_an_export_tells_success_and_failure(open_bench: Callable[..., Bench]):
    bench = open_bench()

    def refuse(store: ClipStore) -> str:
        raise PermissionError("not here")

    def break_down(store: ClipStore) -> str:
        raise KeyError("unforeseen")

    bench.disk.do(lambda store: "It is done.", "It is not done")
    bench.disk.do(refuse, "It is not done")
    bench.disk.do(break_down, "It is not done")
    troubles = [trouble.text for trouble in bench.wait(Trouble, 2)]
    assert bench.all(Done) == [Done("It is done.")]
    assert troubles[0] == "It is not done (not here)."
    assert "unforeseen" in troubles[1]


def test_a_label_that_is_taken_back_makes_room_again(open_bench: Callable[..., Bench]):
    bench = open_bench(ClipLimits(count=1))
    first, second = bench.record(), replace(bench.record())
    bench.disk.keep_clip(first.id, SOUND)
    bench.disk.note(Labelled(first.id, RIGHT))
    bench.disk.note(Labelled(first.id, ""))
    bench.disk.keep_clip(second.id, SOUND)
    assert bench.wait(ClipGone) == [ClipGone(first.id)]
