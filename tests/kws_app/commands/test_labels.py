"""kws-labels: the labels of the log become clips that training reads."""

from pathlib import Path

import numpy as np
import pytest

from kws_app.commands.labels import main
from kws_app.history.clip_store import ClipStore
from kws_app.history.entries import RIGHT, Entry
from kws_app.history.facts import Deleted, DetectionRecord, Labelled, clip_name, new_id
from kws_app.history.log import DetectionLog
from training.corpus.recordings import read_clips

SOUND = np.sin(np.linspace(0, 900, 40_000)).astype(np.float32)
WALL_TIME = "2026-11-24T11:05:57.123+01:00"


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "data" / "clips")


def kept(store: ClipStore) -> Entry:
    """A detection whose clip is in the store."""
    id = new_id()
    store.write(id, SOUND)
    return Entry(DetectionRecord(WALL_TIME, None, "mic", "happy", "happy/teacher", 9.0, 0.93, id, clip_name(id)))


def test_kws_labels_reads_the_log(store: ClipStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log = DetectionLog(tmp_path / "data")
    right, deleted = kept(store), kept(store)
    for entry in (right, deleted):
        log.append(entry.record)
        log.append(Labelled(entry.id, RIGHT))
    log.append(Deleted(deleted.id))
    with open(log.path, "ab") as file:
        file.write(b"half a li\n")
    assert main([str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]) == 0
    said = capsys.readouterr()
    assert said.out == f"1 in happy/ of {tmp_path / 'out'}.\n"
    assert "were skipped: 1." in said.err
    assert len(read_clips(tmp_path / "out")) == 1


def test_kws_labels_that_cannot_write_says_so(store: ClipStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log = DetectionLog(tmp_path / "data")
    log.append((entry := kept(store)).record)
    log.append(Labelled(entry.id, RIGHT))
    (tmp_path / "out").write_text("a file")
    assert main([str(tmp_path / "out"), "--data-dir", str(tmp_path / "data")]) == 2
    assert capsys.readouterr().err.startswith("kws-labels: ")


def test_a_data_folder_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "out"), "--data-dir", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--version"])
    assert done.value.code == 0 and capsys.readouterr().out.startswith("kws-labels ")
