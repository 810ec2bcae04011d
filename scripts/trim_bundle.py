"""Makes a bundle on Linux smaller: leaves out what the app cannot reach. Run by scripts/bundle, with its folder.

Qt's plug-ins for screens without a desktop and for rare image formats go, then every library that nothing left asks
for. Python's symbols are stripped. Of ICU's 32 MB of data, what Qt never looks at goes:
the names of languages, currencies, units and places in all languages, dictionaries that break lines, and converters to
character sets from before Unicode. What is missing there, ICU takes from its root.

Needs objdump, objcopy, ld and strip (binutils); without them the bundle is left as it is.
"""

import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAMS = ("objdump", "objcopy", "ld", "strip")
QT = Path("_internal/PyQt6/Qt6")
UNUSED = (
    "_internal/PyQt6/uic",
    "_internal/kws_app/assets/screenshots",
    "_internal/pyqtgraph/icons/peegee",
    *(
        f"_internal/kws_app/assets/{name}.png"
        for name in ("area-cost-happy", "fa-fr-computer", "fa-fr-happy", "training")
    ),
    f"{QT}/plugins/egldeviceintegrations",
    f"{QT}/plugins/generic",
    *(
        f"{QT}/plugins/platforms/libq{name}.so"
        for name in ("eglfs", "linuxfb", "minimal", "minimalegl", "vkkhrdisplay", "vnc")
    ),
    f"{QT}/plugins/platformthemes/libqgtk3.so",
    *(f"{QT}/plugins/imageformats/libq{name}.so" for name in ("gif", "icns", "pdf", "tga", "tiff", "wbmp", "webp")),
)
LOADED_BY_NAME = ("libportaudio", "libsndfile", "libpython")  # nothing asks for them when it is linked
ICU_FOLDERS_OUT = ("brkitr/", "curr/", "lang/", "rbnf/", "region/", "unit/", "zone/")
ICU_OUT = ("translit/", "unames.icu")
ICU_LANGUAGES_KEPT = ("root", "en", "res_index", "pool")  # of the folders and files that are by language


def main() -> int:
    bundle = Path(sys.argv[1])
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"trim: left as it is, as these programs are missing (binutils): {', '.join(missing)}")
        return 0
    before = size_of(bundle)
    languages = {path.name for path in (bundle / "_internal/kws_app/locale").glob("*") if path.is_dir()}
    for name in UNUSED:
        remove(bundle / name)
    if not (bundle / "_internal/torch").is_dir():
        for path in (bundle / "_internal/kws_app/models").rglob("*.pt"):  # for the jitted engine alone
            path.unlink()
        remove(bundle / "_internal/kws_app/assets/talk_embeddings.safetensors")  # for training alone
    for path in (bundle / QT / "translations").glob("*.qm"):  # of Qt's own dialogs, which would stand alone
        if not any(path.stem.endswith(f"_{language}") for language in languages):
            path.unlink()
    remove_unreached(bundle)
    for library in (bundle / QT / "lib").glob("libicudata.so.*"):
        trim_icu(library)
    for path in elf_files(bundle / "_internal"):
        if path.name.startswith("libpython") or path.parent.name in ("lib-dynload", "PyQt6"):  # others break by it
            subprocess.run(["strip", "--strip-unneeded", str(path)], check=True, stderr=subprocess.DEVNULL)
    print(f"trim: from {before / 1e6:.0f} to {size_of(bundle) / 1e6:.0f} MB")
    return 0


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def elf_files(folder: Path) -> list[Path]:
    """Libraries and programs, links to them left out."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.append(path)
    return found


def needed(path: Path) -> list[str]:
    """The names of the libraries that one asks for."""
    told = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in told.splitlines() if line.split()[:1] == ["NEEDED"]]


def remove_unreached(bundle: Path) -> None:
    """Delete the libraries that no module, plug-in or library loaded by name leads to, and links to them."""
    files = elf_files(bundle / "_internal")
    by_name: dict[str, list[Path]] = {}
    for path in files:
        by_name.setdefault(path.name, []).append(path)
    pending = [path for path in files if is_loaded_by_itself(path)]
    reached: set[Path] = set()
    while pending:
        path = pending.pop()
        if path not in reached:
            reached.add(path)
            pending += [other for name in needed(path) for other in by_name.get(name, [])]
    for path in set(files) - reached:
        path.unlink()
    for path in (bundle / "_internal").rglob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def is_loaded_by_itself(path: Path) -> bool:
    """A module of Python's, a plug-in of Qt's, or a library that is loaded by its name."""
    is_library = path.name.startswith("lib") and ".so" in path.name
    return not is_library or "plugins" in path.parts or path.name.startswith(LOADED_BY_NAME)


def trim_icu(library: Path) -> None:
    """Link ICU's data library anew, with the items alone that Qt looks at."""
    symbol = next(
        line.split()[-1]
        for line in subprocess.run(
            ["objdump", "-T", str(library)], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        if line.split() and line.split()[-1].endswith("_dat")
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        section, data, linked = folder / "section", folder / "icudata", folder / "linked.so"
        subprocess.run(["objcopy", "-O", "binary", "--only-section=.rodata", str(library), str(section)], check=True)
        content = section.read_bytes()
        data.write_bytes(kept_items(content[content.index(b"\xda\x27") - 2 :]))  # the magic follows the header's length
        subprocess.run(
            ["objcopy", "-I", "binary", "-O", "elf64-x86-64", "-B", "i386:x86-64",
             "--rename-section", ".data=.rodata,alloc,load,readonly,data,contents",
             "--set-section-alignment", ".data=16",
             "--redefine-sym", f"_binary_icudata_start={symbol}", "--strip-symbol", "_binary_icudata_end",
             "--strip-symbol", "_binary_icudata_size", "icudata", "data.o"],
            check=True, cwd=folder,
        )  # fmt: skip
        subprocess.run(
            ["ld", "-shared", "-z", "noexecstack", "-soname", library.name, "-o", str(linked), "data.o"],
            check=True,
            cwd=folder,
        )
        shutil.copyfile(linked, library)


def kept_items(content: bytes) -> bytes:
    """A package of ICU's ("CmnD": a header, a table of names and places, the items) with some of its items.

    The format: icu4c/source/common/ucmndata.h
    """
    header_bytes, magic = struct.unpack_from("<HH", content)
    if magic != 0x27DA or content[12:16] != b"CmnD":
        raise ValueError("this is no package of ICU's data")
    (count,) = struct.unpack_from("<I", content, header_bytes)
    entries = [struct.unpack_from("<II", content, header_bytes + 4 + 8 * i) for i in range(count)]
    ends = [place for _, place in entries[1:]] + [len(content) - header_bytes]
    items = []
    for (name_at, place), end in zip(entries, ends, strict=True):
        begin = header_bytes + name_at
        name = content[begin : content.index(b"\0", begin)]
        if is_kept(name.decode().partition("/")[2]):
            items.append((name + b"\0", content[header_bytes + place : header_bytes + end]))
    names_at = 4 + 8 * len(items)
    places_at = names_at + sum(len(name) for name, _ in items)
    places_at += -places_at % 16
    table, names, body = struct.pack("<I", len(items)), b"", b""
    for name, item in items:
        table += struct.pack("<II", names_at + len(names), places_at + len(body))
        names += name
        body += item + b"\xaa" * (-len(item) % 16)
    padding = b"\0" * (places_at - names_at - len(names))
    return content[:header_bytes] + table + names + padding + body


def is_kept(item: str) -> bool:
    """Whether Qt may look at an item of the package: not at names in all languages, nor at dictionaries."""
    if item.startswith(ICU_OUT) or item.endswith(".cnv"):
        return False
    if item.startswith(ICU_FOLDERS_OUT):
        return any(item.endswith(f"/{name}.res") for name in ICU_LANGUAGES_KEPT)
    folder, _slash, name = item.rpartition("/")
    by_language = folder == "coll" or (not folder and is_language(name))
    return not by_language or name.removesuffix(".res") in ICU_LANGUAGES_KEPT


def is_language(name: str) -> bool:
    """Whether a file at the top is a language's, such as de_AT.res."""
    stem, dot, kind = name.partition(".")
    return bool(dot) and kind == "res" and len(stem.partition("_")[0]) in (2, 3) and stem.partition("_")[0].islower()


if __name__ == "__main__":
    sys.exit(main())
