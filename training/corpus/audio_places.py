"""Reads files out of a place: a git repository, a Debian package, or a folder."""

import subprocess
import tarfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

LINK = b"120000"  # the mode of a symbolic link in git: its content is only a name


def file_names(place: Path) -> list[str]:
    """The names of all files in the place, with their folders, sorted.

    raises OSError if the place cannot be read
    """
    if is_package(place):
        with _PackageStream(place) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            return sorted(member.name.removeprefix("./") for member in tar if member.isfile())
    if is_repository(place):
        rows = [row.partition(b"\t") for row in _git(place, "ls-tree", "-r", "-z", "HEAD").split(b"\0") if row]
        return sorted(name.decode(errors="surrogateescape") for facts, _, name in rows if not facts.startswith(LINK))
    if not place.is_dir():
        raise OSError(f"There is no folder, git repository or Debian package at {place}.")
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def read_files(place: Path, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield each name with the content of its file. A file that the place lists but does not hold is left out.

    raises OSError if the place cannot be read
    """
    if is_package(place):
        wanted = set(names)
        with _PackageStream(place) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                content = tar.extractfile(member) if name in wanted and member.isfile() else None
                if content is not None:
                    yield name, content.read()
    elif is_repository(place):
        yield from _blobs(place, names)
    else:
        for name in names:
            yield name, (place / name).read_bytes()


def is_package(place: Path) -> bool:
    """Whether the place is a Debian package."""
    return place.suffix == ".deb" and place.is_file()


def is_repository(place: Path) -> bool:
    """Whether the place is a git repository, with or without a work tree."""
    return (place / ".git").exists() or ((place / "HEAD").is_file() and (place / "objects").is_dir())


def _blobs(place: Path, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """The files of the newest commit. A single git process reads all of them."""
    command = ["git", "-C", str(place), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        for name in names:
            process.stdin.write(b"HEAD:" + name.encode(errors="surrogateescape") + b"\n")
            process.stdin.flush()
            header = process.stdout.readline().split()
            if not header:
                raise OSError(f"git stopped while it read {name} in {place}.")
            if len(header) != 3 or header[1] != b"blob":
                continue  # the file is missing: a clone may leave out large files
            content = process.stdout.read(int(header[2]))
            process.stdout.read(1)  # git writes a line end after each file
            yield name, content
        process.stdin.close()


def _git(place: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(place), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise OSError(f"git cannot read {place}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


class _PackageStream:
    """The files of a Debian package as a tar stream."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __enter__(self) -> IO[bytes]:
        self.process = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(self.place)], stdout=subprocess.PIPE)
        assert self.process.stdout
        return self.process.stdout

    def __exit__(self, *_: object) -> None:
        assert self.process.stdout
        self.process.stdout.close()
        self.process.wait()
