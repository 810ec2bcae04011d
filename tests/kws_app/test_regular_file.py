"""The user's files: anything but a plain file is refused, and only the owner can open the folders."""

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from kws_app.atomic_file import write_whole
from kws_app.history.facts import DetectionRecord, now_iso
from kws_app.history.log import DetectionLog
from kws_app.own_word.takes import Take, save_takes
from kws_app.regular_file import NotRegularError, make_private, open_regular, read_regular
from kws_app.settings import Settings, SettingsFile

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and permissions of POSIX")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_file(path: Path) -> None:
    (path.parent / "precious").write_bytes(b"precious")
    path.symlink_to(path.parent / "precious")


def folder(path: Path) -> None:
    path.mkdir()


WRONG = [pipe, link_to_a_device, link_to_a_file, folder]


@pytest.mark.parametrize("make", WRONG)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_APPEND])
def test_only_a_plain_file_is_opened(tmp_path: Path, make, flags: int):
    make(tmp_path / "file")
    with pytest.raises(NotRegularError, match=r"is a link|is not a regular file"):
        open_regular(tmp_path / "file", flags)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", 5) == b"12345"
    with pytest.raises(NotRegularError, match="larger than 4 bytes"):
        read_regular(tmp_path / "file", 4)


@pytest.mark.parametrize("make", WRONG)
def test_settings_that_are_no_file_are_said_and_the_defaults_hold(tmp_path: Path, make):
    make(tmp_path / "settings.json")
    settings, notice = SettingsFile(tmp_path).load()
    assert settings == Settings() and notice.count("\n") == 0 and "starts with the defaults" in notice
    SettingsFile(tmp_path).save(Settings(model="a/b"))
    assert SettingsFile(tmp_path).load() == (Settings(model="a/b"), "")
    if make is link_to_a_file:
        assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("make", WRONG)
def test_a_log_that_is_no_file_is_neither_read_nor_written(tmp_path: Path, make):
    make(tmp_path / "detections.jsonl")
    log = DetectionLog(tmp_path)
    with pytest.raises(NotRegularError):
        log.read()
    with pytest.raises(NotRegularError):
        log.append(DetectionRecord(now_iso(), None, "mic", "loud", "loud/teacher", 1.0, 0.9))
    if make is link_to_a_file:
        assert (tmp_path / "precious").read_bytes() == b"precious"


@pytest.mark.parametrize("umask", [0, 0o777])
def test_folders_and_files_are_for_their_owner_alone_whatever_the_umask(tmp_path: Path, umask: int):
    inner = tmp_path / "a" / "b" / "c"
    before = os.umask(umask)
    try:
        make_private(inner)
        write_whole(inner / "whole", b"content")
        os.close(open_regular(inner / "opened", os.O_RDWR | os.O_CREAT))
        save_takes([Take(np.zeros(16_000, np.float32), None)], tmp_path / "words" / "takes")
    finally:
        os.umask(before)
    folders = [tmp_path / "a", tmp_path / "a" / "b", inner, tmp_path / "words", tmp_path / "words" / "takes"]
    files = [inner / "whole", inner / "opened", tmp_path / "words" / "takes" / "take-01.flac"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in folders] == [0o700] * len(folders)
    assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o600] * len(files)


def test_a_folder_whose_name_is_a_dangling_link_is_refused(tmp_path: Path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(NotRegularError, match="a broken link"):
        make_private(tmp_path / "link" / "models")
