"""Brings audio into the data folder: the full Speech Commands archive, or a folder of packed parts."""

import io
import logging
import shutil
import tarfile
from pathlib import Path

import soundfile
import torchaudio
from tqdm import tqdm

from training.corpus.held_back import is_held_back

ARCHIVE = "speech_commands_v0.02"

log = logging.getLogger(__name__)


def fetch_archive(root: Path) -> Path:
    """Download the archive (2.3 GB) with torchaudio's own data set class and put it at root/speech_commands.

    raises OSError with a reason if the download fails
    """
    root.mkdir(parents=True, exist_ok=True)
    target = root / "speech_commands"
    if target.is_dir():
        return target
    unpacked = root / "SpeechCommands" / ARCHIVE
    if unpacked.is_dir():  # a run that was cut left it, and torchaudio would take it for complete
        shutil.rmtree(unpacked)
    try:
        torchaudio.datasets.SPEECHCOMMANDS(str(root), url=ARCHIVE, download=True)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"The Speech Commands archive could not be downloaded ({error}). Get {ARCHIVE}.tar.gz by other means, "
            f"unpack it and put its folder at {target}. Or name a folder of packed parts with --from."
        ) from error
    unpacked.rename(target)
    (root / f"{ARCHIVE}.tar.gz").unlink(missing_ok=True)
    return target


def unpack_parts(source: Path, root: Path) -> list[Path]:
    """Write the audio of every tar in a folder as 16-bit WAV, below root/<name of the tar>. Returns those folders.

    A run that was cut goes on where it was.
    raises ValueError if the folder holds no tar, or a tar is damaged
    """
    archives = sorted(source.glob("*.tar"))
    if not archives:
        raise ValueError(f"{source} holds no .tar file. Name the folder of packed parts with --from.")
    folders = []
    for archive in archives:
        try:
            folders.append(unpack_archive(archive, root / archive.stem))
        except (tarfile.TarError, soundfile.SoundFileError) as error:
            raise ValueError(f"{archive} is damaged ({error}); get it again.") from error
    return folders


def unpack_archive(archive: Path, target: Path) -> Path:
    """Write the files of one tar: Ogg files become 16-bit WAV. Existing files stay. Held-back audio is left out."""
    held_back = 0
    with tarfile.open(archive) as tar:
        for member in tqdm(tar, desc=archive.stem, unit="file", disable=None):
            path = (target / member.name).resolve()
            if not member.isfile() or not path.is_relative_to(target.resolve()):
                continue
            if is_held_back(f"{archive.stem}/{member.name}"):
                held_back += 1
                continue
            wav = path.with_suffix(".wav")
            is_packed = path.suffix == ".ogg"
            if (wav if is_packed else path).is_file():
                continue
            stream = tar.extractfile(member)
            if stream is None:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            content = stream.read()
            part = path.with_suffix(".part")
            if is_packed:
                samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
                decoded = io.BytesIO()  # libsndfile would wait for the disk after every file
                soundfile.write(decoded, samples, rate, format="WAV", subtype="PCM_16")
                part.write_bytes(decoded.getvalue())
                part.rename(wav)
            else:
                part.write_bytes(content)
                part.rename(path)
    if held_back:
        log.warning("%s: %d held-back audio file(s) left out", archive.name, held_back)
    return target
