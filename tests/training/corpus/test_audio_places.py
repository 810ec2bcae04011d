"""The same files are read from a folder, a git repository and a Debian package."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from training.corpus.audio_places import file_names, is_package, is_repository, read_files

FILES = {"a.txt": b"one\n", "sound/cs/b c.ogg": b"\0\1\n2", "sound/empty.wav": b""}


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "files"


@pytest.fixture
def repository(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "work")
    (tmp_path / "work" / "link.ogg").symlink_to("a.txt")  # git keeps a link as the name of its target
    git(tmp_path / "work", "init", "-q")
    git(tmp_path / "work", "add", "-A")
    git(tmp_path / "work", "commit", "-qm", "all")
    return tmp_path / "work"


def test_a_folder_is_read(folder: Path) -> None:
    assert file_names(folder) == sorted(FILES)
    assert dict(read_files(folder, FILES)) == FILES


def test_a_repository_is_read_with_and_without_a_work_tree(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare"))
    for place in (repository, tmp_path / "bare"):
        assert is_repository(place)
        assert file_names(place) == sorted(FILES)
        assert dict(read_files(place, FILES)) == FILES
        assert dict(read_files(place, ["a.txt", "not there"])) == {"a.txt": FILES["a.txt"]}


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not here")
def test_a_debian_package_is_read(folder: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    shutil.copytree(folder, build / "usr")
    (build / "DEBIAN").mkdir()
    control = "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n"
    (build / "DEBIAN" / "control").write_text(control)
    package = tmp_path / "p.deb"
    subprocess.run(["dpkg-deb", "-b", str(build), str(package)], check=True, capture_output=True)
    assert is_package(package)
    assert file_names(package) == sorted(f"usr/{name}" for name in FILES)
    assert dict(read_files(package, ["usr/a.txt"])) == {"usr/a.txt": FILES["a.txt"]}


def test_a_missing_place_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no folder, git repository or Debian package at"):
        file_names(tmp_path / "nothing")


def test_a_file_that_is_no_package_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p.deb").write_bytes(b"no package")
    with pytest.raises((OSError, tarfile.TarError)):
        file_names(tmp_path / "p.deb")
