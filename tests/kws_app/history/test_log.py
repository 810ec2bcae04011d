"""detections.jsonl: one whole line a detection, whatever happened to the line before."""

import json
import os
import stat
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from kws_app.engine.decision_config import DecisionConfig
from kws_app.history.facts import (
    ActionDone,
    Deleted,
    DetectionRecord,
    Ended,
    Fact,
    HoursHeard,
    Labelled,
    Restored,
    clip_name,
    new_id,
    now_iso,
)
from kws_app.history.log import DetectionLog


def record(time_s: float = 1.5) -> DetectionRecord:
    return DetectionRecord(now_iso(), None, "USB mic", "happy", "happy/teacher", time_s, 0.93)


def test_records_come_back_in_order(tmp_path: Path):
    log = DetectionLog(tmp_path / "new")
    records = [record(float(i)) for i in range(5)]
    for entry in records:
        log.append(entry)
    assert log.last() == records
    assert log.last(2) == records[-2:]


def test_a_line_holds_what_kws_detect_prints_and_the_wall_time(tmp_path: Path):
    log = DetectionLog(tmp_path)
    log.append(record())
    line = json.loads(log.path.read_text())
    assert {"file", "keyword", "model", "time_s", "score", "wall_time"} <= set(line)


def test_a_missing_log_is_empty(tmp_path: Path):
    assert DetectionLog(tmp_path).last() == []


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_line_cut_by_a_crash_is_passed_over_and_not_glued_to_the_next(tmp_path: Path, cut: int):
    log = DetectionLog(tmp_path)
    log.append(record(1.0))
    log.append(record(2.0))
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-cut])
    log.append(record(3.0))
    expected = [1.0, 2.0, 3.0] if cut == 1 else [1.0, 3.0]  # a lost line end alone loses no record
    assert [entry.time_s for entry in log.last()] == expected


def test_lines_that_are_no_records_are_passed_over(tmp_path: Path):
    log = DetectionLog(tmp_path)
    log.path.write_bytes(b'\xff\xfe\n[]\n"x"\n{"time_s": 1}\nnull\n\n')
    log.append(record(3.0))
    assert [entry.time_s for entry in log.last()] == [3.0]


def test_only_the_end_of_an_enormous_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("kws_app.history.log.READ_BYTES", 10_000)
    log = DetectionLog(tmp_path)
    log.append(record(1.0))
    line = log.path.read_bytes()
    log.path.write_bytes(line * (50_000 // len(line)))
    log.append(record(2.0))
    said, bad = log.read()
    assert 10 < len(said) <= 10_000 // len(line)
    assert bad == 0  # the line that begins before is none of them
    assert said[-1] == log.last()[-1] and said[-1].time_s == 2.0


def test_bad_lines_are_counted(tmp_path: Path):
    log = DetectionLog(tmp_path)
    log.append(record(1.0))
    with open(log.path, "ab") as file:
        file.write(b'\xff\xfe\n\n{"event": "end", "id": "x"}\n{"event": "from the future"}\n[1]\n{"time_s": 1e999}\n')
    log.append(record(2.0))
    said, bad = log.read()
    assert [entry.time_s for entry in said] == [1.0, 2.0]
    assert bad == 4


DECISION = DecisionConfig(0.4, 2, 3, 1.5)


@pytest.mark.parametrize(
    "fact",
    [
        Ended("a", 0.99, 0.32),
        Labelled("a", "right"),
        Deleted("a"),
        Restored("a"),
        ActionDone("a", "command", "“sh” ended with status 3."),
        HoursHeard(now_iso(), "happy/teacher", DECISION, 600.0),
        replace(record(), id=new_id(), clip="x.flac", decision=DECISION, missed=True),
    ],
)
def test_later_facts_come_back_and_change_no_line(tmp_path: Path, fact: Fact):
    log = DetectionLog(tmp_path)
    log.append(record())
    before = log.path.read_bytes()
    log.append(fact)
    assert log.path.read_bytes().startswith(before)
    (_, said), bad = log.read()
    if isinstance(fact, DetectionRecord):
        fact = replace(fact, clip=clip_name(fact.id))  # a clip is never outside its folder
    assert (said, bad) == (fact, 0)
    assert len(log.last()) == 1  # a fact is no detection


def test_many_threads_append_whole_lines(tmp_path: Path):
    log = DetectionLog(tmp_path)
    threads = [threading.Thread(target=lambda: [log.append(record(float(i))) for i in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said, bad = log.read()
    assert (len(said), bad) == (80, 0)


def test_a_log_that_cannot_be_read_is_an_os_error(tmp_path: Path):
    log = DetectionLog(tmp_path)
    log.path.mkdir()
    with pytest.raises(OSError):
        log.last()


def test_each_line_is_on_the_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    DetectionLog(tmp_path).append(record())
    assert len(synced) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_the_owner_may_read(tmp_path: Path):
    log = DetectionLog(tmp_path)
    log.append(record())
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
