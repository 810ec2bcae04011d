"""detections.jsonl: one whole line a detection, whatever happened to the line before."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from kws_app.history import READ_BACK_BYTES, DetectionLog, DetectionRecord, now_iso


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


def test_no_log_is_an_empty_one(tmp_path: Path):
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


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = DetectionLog(tmp_path)
    log.append(record(1.0))
    line = log.path.read_bytes()
    log.path.write_bytes(line * (20 * READ_BACK_BYTES // len(line)))
    log.append(record(2.0))
    parsed: list[str] = []
    parse = DetectionRecord.from_json
    monkeypatch.setattr(DetectionRecord, "from_json", lambda text: parsed.append(text) or parse(text))
    records = log.last()
    assert sum(len(text) for text in parsed) <= READ_BACK_BYTES
    assert [entry.time_s for entry in records] == [1.0] * (len(records) - 1) + [2.0]
    assert len(records) == 200


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
