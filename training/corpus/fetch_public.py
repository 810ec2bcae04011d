"""Brings a public source of audio: clones or downloads it once, then writes its recordings at 16 kHz, one channel.

A run that was cut goes on where it was: existing recordings stay as they are.
"""

import io
import logging
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.atomic_file import written_whole
from training.corpus.audio_places import file_names, read_files
from training.corpus.held_back import is_held_back
from training.corpus.public_audio import PublicSource
from training.progress import SILENT, Progress

DOWNLOADS = "_downloads"  # below the data folder: clones and packages

log = logging.getLogger(__name__)


@dataclass
class Brought:
    """How many files a run brought and left out."""

    written: int = 0
    there: int = 0  # an earlier run wrote them
    unreadable: int = 0  # damaged, or not in the clone
    held_back: int = 0
    seconds: float = 0.0  # of sound in all files of the folder

    def describe(self) -> str:
        """A line for a person to read."""
        counts = {
            "new": self.written,
            "there before": self.there,
            "not readable": self.unreadable,
            "held back": self.held_back,
        }
        files = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        return f"{self.seconds / 3600:.2f} h; files: {files}"


def fetch_source(source: PublicSource, root: Path, place: Path | None = None, progress: Progress = SILENT) -> Brought:
    """Write the source's recordings below root/source.folder, as FLAC.

    place: a clone, a folder or a package of the source; without it the source is downloaded
    raises OSError with a reason if the download fails, ValueError if the source holds none of its recordings,
    StageStoppedError if the user stops it
    """
    brought = Brought()
    folder = root / source.folder
    places = [place] if place else _download(source, root / DOWNLOADS)
    wanted: dict[Path, tuple[Path, str]] = {}
    for here in places:
        names = file_names(here)
        licensed = _licensed(here, source, names)
        for name in names:
            target = source.place(name)
            if target is None or (licensed is not None and Path(name).name not in licensed):
                continue
            if is_held_back(f"{source.repository}/{name}") or is_held_back(f"{source.folder}/{target}.wav"):
                brought.held_back += 1
                continue
            if source.beside and any((root / source.beside).glob(f"{target}.*")):
                continue
            wanted[folder / f"{target}.flac"] = here, name
    if not wanted and not brought.held_back:
        raise ValueError(f"{places[0]} holds no recording of '{source.name}' ({source.origin}).")
    for here in places:
        missing = {name: path for path, (where, name) in wanted.items() if where == here and not path.is_file()}
        for number, (name, content) in enumerate(read_files(here, missing)):
            progress.step(source.name, number, len(missing))
            try:
                _write(missing[name], content, is_room=source.kind == "rooms")
                brought.written += 1
            except (soundfile.SoundFileError, ValueError) as error:
                log.warning("%s is passed over: %s", name, error)
    found = [path for path in wanted if path.is_file()]
    _write_texts(source, places, found)
    brought.there = len(found) - brought.written
    brought.unreadable = len(wanted) - len(found)
    brought.seconds = sum(soundfile.info(str(path)).duration for path in found)
    return brought


def _write_texts(source: PublicSource, places: list[Path], found: list[Path]) -> None:
    """Write the recordings' sentences into `transcripts.tsv` beside the source's folder: folder/name, tab, text."""
    if source.texts is None or not found:
        return
    said: dict[str, str] = {}
    for place in places:
        names = [name for name in file_names(place) if re.fullmatch(source.text_files, name)]
        for name, content in read_files(place, names):
            said |= source.texts(name, content.decode(errors="replace"))
    folder = found[0].parent
    table = folder.parent / "transcripts.tsv"
    lines = table.read_text(encoding="utf-8").splitlines() if table.is_file() else []
    lines = [line for line in lines if not line.startswith(f"{folder.name}/")]
    lines += [f"{folder.name}/{path.stem}\t{said[path.stem]}" for path in sorted(found) if path.stem in said]
    with written_whole(table) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _licensed(place: Path, source: PublicSource, names: list[str]) -> set[str] | None:
    """The file names that the source's licences cover. None if one licence covers all files."""
    if not source.licence_lists:
        return None
    lists = [name for name in names if name.startswith(source.licence_lists)]
    listed = set()
    for _, content in read_files(place, lists):
        for line in content.decode(errors="replace").split():
            listed.add(line.rsplit("/", 1)[-1])
            if line.endswith(".tar.gz"):  # the licence covers a whole folder
                whole = line.rsplit("/", 1)[-1].removesuffix(".tar.gz")
                folders = {whole, re.sub(r"-\d{8}-", "-", whole)}  # the folder's name may lack the day
                listed.update(Path(name).name for name in names if Path(name).parent.name in folders)
    return listed


def _write(path: Path, content: bytes, is_room: bool) -> None:
    """Write a recording at 16 kHz as one channel: the mean of all channels, or the first channel of a room."""
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    if len(samples) < rate // 100:
        raise ValueError(f"it lasts only {len(samples)} samples")
    mono: NDArray[np.float32] = samples[:, 0] if is_room else samples.mean(axis=1)
    sound = np.asarray(soxr.resample(mono, rate, SAMPLE_RATE), np.float32)
    if is_room:
        sound = sound / max(float(np.abs(sound).max()), 1e-9)
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        soundfile.write(str(part), np.clip(sound, -1, 1), SAMPLE_RATE, subtype="PCM_16", format="FLAC")


def _download(source: PublicSource, downloads: Path) -> list[Path]:
    """The source on this machine. What an earlier run downloaded is used again."""
    downloads.mkdir(parents=True, exist_ok=True)
    if source.repository:
        return [_clone(source, downloads / source.repository.replace("/", "+"))]
    return [_package(package, downloads) for package in source.packages]


def _clone(source: PublicSource, target: Path) -> Path:
    if (target / "HEAD").is_file():
        return target
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    log.info("Downloading %s, about %d MB", source.origin, source.size_mb)
    command = ["git", "clone", "--quiet", "--bare", "--depth", "1", source.origin, str(part)]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        raise OSError(
            f"{source.origin} could not be downloaded ({reason}). Clone it by other means, and name the clone with "
            "--place."
        ) from error
    part.rename(target)
    return target


def _package(package: str, downloads: Path) -> Path:
    there = sorted(downloads.glob(f"{package}_*.deb"))
    if there:
        return there[-1]
    if shutil.which("apt-get") is None:
        raise OSError(f"The Debian package {package} needs apt-get, which was not found. Name the file with --place.")
    part = downloads / f"{package}.part"
    part.mkdir(exist_ok=True)
    done = subprocess.run(["apt-get", "download", "-qq", package], cwd=part, capture_output=True, check=False)
    brought = sorted(part.glob("*.deb"))
    if done.returncode or not brought:
        raise OSError(f"apt-get could not download {package}: {done.stderr.decode(errors='replace').strip()}")
    target = downloads / brought[0].name
    brought[0].rename(target)
    part.rmdir()
    return target
