"""Brings audio to where training looks for it: the full Speech Commands archive, or a folder of packed parts."""

import io
import shutil
import tarfile
from pathlib import Path

import soundfile
import torchaudio
from tqdm import tqdm

ARCHIVE = "speech_commands_v0.02"


def fetch_archive(root: Path) -> Path:
    """Download the archive (2.3 GB) with torchaudio's own data set class and put it at root/speech_commands.

    raises OSError with a reason if it cannot be had
    """
    root.mkdir(parents=True, exist_ok=True)
    target = root / "speech_commands"
    if target.is_dir():
        return target
    unpacked = root / "SpeechCommands" / ARCHIVE
    if unpacked.is_dir():  # of a run that was cut: torchaudio would take it for complete
        shutil.rmtree(unpacked)
    try:
        torchaudio.datasets.SPEECHCOMMANDS(str(root), url=ARCHIVE, download=True)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"The Speech Commands archive could not be downloaded ({error}). Get {ARCHIVE}.tar.gz by other means, "
            f"unpack it and put its folder at {target}; or name a folder of packed parts with --from."
        ) from error
    unpacked.rename(target)
    (root / f"{ARCHIVE}.tar.gz").unlink(missing_ok=True)
    return target


def unpack_parts(source: Path, root: Path) -> list[Path]:
    """Write the audio of every tar in a folder as 16-bit WAV below root/<name of the tar>; returns those folders.

    A cut run goes on where it was. raises ValueError if the folder holds no tar
    """
    archives = sorted(source.glob("*.tar"))
    if not archives:
        raise ValueError(f"{source} holds no .tar file of audio; name the folder that does with --from.")
    folders = []
    for archive in archives:
        try:
            folders.append(unpack_archive(archive, root / archive.stem))
        except (tarfile.TarError, soundfile.SoundFileError) as error:
            raise ValueError(f"{archive} is damaged ({error}); get it again.") from error
    return folders


def unpack_archive(archive: Path, target: Path) -> Path:
    """One tar, its Ogg files as 16-bit WAV; members that are there already are left alone."""
    with tarfile.open(archive) as tar:
        for member in tqdm(tar, desc=archive.stem, unit="file", disable=None):
            path = (target / member.name).resolve()
            if not member.isfile() or not path.is_relative_to(target.resolve()):
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
                decoded = io.BytesIO()  # libsndfile itself would wait for the disk after every file
                soundfile.write(decoded, samples, rate, format="WAV", subtype="PCM_16")
                part.write_bytes(decoded.getvalue())
                part.rename(wav)
            else:
                part.write_bytes(content)
                part.rename(path)
    return target
