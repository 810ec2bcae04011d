"""A full disk, a missing folder, a folder without write access: no file is half-written, and writing goes on later."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from kws_app.history.disk_thread import DiskThread
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.history.log import DetectionLog
from kws_app.history.news import ClipKept, News, Trouble
from kws_app.settings import Settings, SettingsFile
from tests.support.loudness import bursts
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S, until

SIZE_KB = 256
PIECE = bytes(1024)
OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


class SmallDisk:
    """A separate file system of SIZE_KB."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Fill the disk to the last byte."""
        with open(self._ballast, "ab", buffering=0) as file:
            try:
                while file.write(PIECE):
                    pass
            except OSError:
                return

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield SmallDisk(path)
    subprocess.run(["umount", "-l", str(path)], check=True)


def record(time_s: float) -> DetectionRecord:
    return DetectionRecord(now_iso(), None, "USB mic", "happy", "happy/teacher", time_s, 0.93)


def test_settings_stay_as_they_were(small_disk: SmallDisk):
    file = SettingsFile(small_disk.path / "data")
    file.save(Settings(model="a/b"))
    small_disk.fill()
    with pytest.raises(OSError, match="No space"):
        file.save(Settings(model="c/d", thresholds={f"model/{i}": 0.5 for i in range(500)}))
    assert file.load() == (Settings(model="a/b"), "")
    assert [path.name for path in file.path.parent.iterdir()] == ["settings.json"]
    small_disk.free()
    file.save(Settings(model="c/d"))
    assert file.load()[0].model == "c/d"


def test_a_line_that_does_not_fit_is_said_and_the_log_goes_on(small_disk: SmallDisk):
    log = DetectionLog(small_disk.path / "data")
    log.append(record(1.0))
    small_disk.fill()
    with pytest.raises(OSError, match="No space"):
        for i in range(100):  # the file's last page may have room for some lines
            log.append(record(100.0 + i))
    small_disk.free()
    log.append(record(2.0))
    times_s = [entry.time_s for entry in log.last()]
    assert times_s[0] == 1.0 and times_s[-1] == 2.0


def test_a_clip_that_does_not_fit_is_said_and_the_next_is_kept(small_disk: SmallDisk):
    log = DetectionLog(small_disk.path / "data")
    log.append(record(1.0))
    news: list[News] = []
    disk = DiskThread(log)
    disk.tell = news.append
    disk.start()
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)
    small_disk.fill()
    disk.keep_clip("20261124-000000-aaaa", noise)
    until(lambda: [each for each in news if isinstance(each, Trouble)])
    assert "No space" in str(news) and not any(isinstance(each, ClipKept) for each in news)
    small_disk.free()
    disk.keep_clip("20261124-000001-bbbb", noise)
    until(lambda: [each for each in news if isinstance(each, ClipKept)])
    assert disk.close()
    left = [path.name for path in (small_disk.path / "data").rglob("*") if path.is_file()]
    assert len([name for name in left if name.endswith(".flac")]) == 1


def test_the_window_goes_on_hearing_and_says_what_it_cannot_keep(bench, small_disk: SmallDisk, write_wav):
    bench.folder = small_disk.path / "data"
    SettingsFile(bench.folder).save(Settings(model="loud/teacher"))
    small_disk.fill()
    window = bench.open(input=write_wav(bursts(*np.arange(0.5, 19.0, 1.5), duration_s=20.0)), listen=True)
    bench.qtbot.waitUntil(lambda: "No space" in window.parts.banner.text)
    bench.qtbot.waitUntil(lambda: window.parts.controls.start.isChecked() is False)
    small_disk.free()
    before = len(DetectionLog(bench.folder).last())
    window.listening.start()
    bench.qtbot.waitUntil(lambda: len(DetectionLog(bench.folder).last()) > before)


START_ON_A_FULL_DISK = """
import sys
import kws_app.ui.window
from kws_app.__main__ import main

class Window(kws_app.ui.window.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        print("ready", flush=True)

kws_app.ui.window.MainWindow = Window
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("fresh", [True, False])
def test_it_starts_on_a_full_disk(python: Callable, small_disk: SmallDisk, fresh: bool):
    folder = small_disk.path / "data"
    folder.mkdir()
    if not fresh:
        (folder / "lock").write_text("4711")
        SettingsFile(folder).save(Settings(model="a/b"))
    small_disk.fill()
    process = python(["-c", START_ON_A_FULL_DISK, "--data-dir", str(folder)], {**os.environ, **OFFSCREEN})
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    _output, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "Traceback" not in error


READ_ONLY = """
import os, sys
from pathlib import Path
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.history.log import DetectionLog
from kws_app.settings import Settings, SettingsFile
if os.getuid() == 0:
    os.setuid(65534)
for write in (
    lambda: SettingsFile(Path(".")).save(Settings(model="c/d")),
    lambda: DetectionLog(Path(".")).append(DetectionRecord(now_iso(), None, "m", "happy", "a/b", 1.0, 0.9)),
):
    try:
        write()
        print("written")
    except OSError as error:
        print(type(error).__name__)
print(SettingsFile(Path(".")).load()[0].model, sorted(os.listdir(".")))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_folder_that_may_only_be_read(tmp_path: Path):
    SettingsFile(tmp_path).save(Settings(model="a/b"))
    (tmp_path / "settings.json").chmod(0o444)
    tmp_path.chmod(0o555)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", READ_ONLY]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    tmp_path.chmod(0o700)
    assert done.stdout.splitlines() == ["PermissionError", "PermissionError", "a/b ['settings.json']"], done.stderr


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x80binary\x00", b'{"version": 99, "model": "a/b"}', b"[1, 2"])
def test_a_broken_settings_file_gives_the_defaults_and_a_notice(bench, content: bytes):
    (bench.folder / "settings.json").write_bytes(content)
    window = bench.open(ready=False)
    bench.qtbot.waitUntil(lambda: "settings could not be read" in window.parts.banner.text)
    assert (bench.folder / "settings.broken.json").read_bytes() == content


SAVES = """
import sys, torch
from pathlib import Path
from training.fit.run import save_atomically
path = Path(sys.argv[1])
number = 0
while True:
    number += 1
    save_atomically({"number": number, "weights": torch.full((200_000,), float(number))}, path)
    print(number, flush=True)
"""


def test_a_checkpoint_survives_a_kill_at_any_moment(tmp_path: Path, python: Callable):
    import torch

    path = tmp_path / "last.pt"
    process = python(["-c", SAVES, str(path)])
    for _ in range(3):
        assert process.stdout.readline()
    time.sleep(0.01 * random.random())
    process.kill()
    process.wait()
    saved = torch.load(path, weights_only=True)
    assert saved["number"] >= 3 and bool((saved["weights"] == saved["number"]).all())


def test_a_checkpoint_that_does_not_fit_leaves_the_last_one(small_disk: SmallDisk):
    import torch

    from training.fit.run import save_atomically

    path = small_disk.path / "last.pt"
    save_atomically({"number": 1}, path)
    with pytest.raises((OSError, RuntimeError)):
        save_atomically({"number": 2, "weights": torch.zeros(200_000)}, path)
    assert torch.load(path, weights_only=True) == {"number": 1}
    assert [each.name for each in small_disk.path.iterdir()] == ["last.pt"]
