"""The trimming of a bundle: ICU's package keeps what Qt looks at, byte for byte, and stays a package."""

import importlib.util
import struct
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import REPOSITORY

HEADER = struct.pack("<HH", 32, 0x27DA) + b"\x14\0\0\0\0\0\x02\0CmnD\x01\0\0\0" + b"\0" * 12


@pytest.fixture
def trim() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trim_bundle", REPOSITORY / "scripts" / "trim_bundle.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(items: dict[str, bytes]) -> bytes:
    """As ICU's own tools write it."""
    names = [f"icudt73l/{name}".encode() + b"\0" for name in items]
    names_at = 4 + 8 * len(items)
    place = names_at + sum(map(len, names))
    place += -place % 16
    table, body, at = struct.pack("<I", len(items)), b"", names_at
    for name, item in zip(names, items.values(), strict=True):
        table += struct.pack("<II", at, place + len(body))
        at += len(name)
        body += item + b"\xaa" * (-len(item) % 16)
    head = table + b"".join(names)
    return HEADER + head + b"\0" * (place - len(head)) + body


def unpacked(content: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from("<I", content, 32)
    entries = [struct.unpack_from("<II", content, 36 + 8 * i) for i in range(count)]
    ends = [place for _, place in entries[1:]] + [len(content) - 32]
    found = {}
    for (name_at, place), end in zip(entries, ends, strict=True):
        begin = 32 + name_at
        name = content[begin : content.index(b"\0", begin)].decode()
        found[name.removeprefix("icudt73l/")] = content[32 + place : 32 + end].rstrip(b"\xaa")
    return found


ITEMS = {
    "cnvalias.icu": b"a" * 5,
    "coll/de.res": b"b" * 33,
    "coll/root.res": b"c" * 16,
    "curr/de.res": b"d" * 20,
    "curr/root.res": b"e" * 7,
    "de.res": b"f" * 9,
    "de_AT.res": b"g" * 9,
    "ibm-33722.cnv": b"h" * 99,
    "metaZones.res": b"i" * 31,
    "root.res": b"j" * 1,
    "translit/root.res": b"k" * 50,
    "unames.icu": b"l" * 40,
    "zoneinfo64.res": b"m" * 64,
}
KEPT = ["cnvalias.icu", "coll/root.res", "curr/root.res", "metaZones.res", "root.res", "zoneinfo64.res"]


def test_what_is_kept_is_kept_whole_and_in_order(trim: ModuleType) -> None:
    content = trim.kept_items(package(ITEMS))
    found = unpacked(content)
    assert list(found) == KEPT and all(found[name] == ITEMS[name] for name in KEPT)
    assert content == package({name: ITEMS[name] for name in KEPT})


def test_another_file_is_refused(trim: ModuleType) -> None:
    with pytest.raises(ValueError, match="not a package of ICU"):
        trim.kept_items(b"\0" * 100)


def test_without_its_programs_the_bundle_stays_as_it_is(
    trim: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "_internal").mkdir()
    (tmp_path / "_internal" / "libunused.so").write_bytes(b"\x7fELF")
    monkeypatch.setattr(trim.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["trim_bundle.py", str(tmp_path)])
    assert trim.main() == 0
    assert "stays as it is" in capsys.readouterr().out and (tmp_path / "_internal" / "libunused.so").exists()


def test_libraries_that_nothing_leads_to_go(trim: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "_internal"
    inside.mkdir()
    asks = {
        "module.so": ["liba.so.1"],
        "liba.so.1": ["libb.so.2"],
        "libb.so.2": ["libc.so.6"],
        "libunused.so": ["liba.so.1"],
    }
    for name in (*asks, "libportaudio.so.2"):
        (inside / name).write_bytes(b"\x7fELF")
    (inside / "link.so").symlink_to("libunused.so")
    monkeypatch.setattr(trim, "needed", lambda path: asks.get(path.name, []))
    trim.remove_unreached(tmp_path)
    assert sorted(path.name for path in inside.iterdir()) == [
        "liba.so.1",
        "libb.so.2",
        "libportaudio.so.2",
        "module.so",
    ]
