"""Makes a bundle on Linux smaller. scripts/bundle runs it with the bundle's folder.

It removes Qt's plug-ins for screens without a desktop and for rare image formats, and then every library that no other
file needs. It strips Python's symbols. ICU has 32 MB of data; it removes the data that Qt never reads: names of
languages, currencies, units and places, dictionaries for line breaks, and converters to old character sets. ICU takes
missing data from its root.

It needs objdump, objcopy, ld and strip (binutils). Without them the bundle stays as it is.
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
        for name in ("area-cost-happy", "arena", "fa-fr-computer", "fa-fr-happy", "training")
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
LOADED_BY_NAME = ("libportaudio", "libsndfile", "libpython")  # loaded by name, so no file is linked with them
ICU_FOLDERS_OUT = ("brkitr/", "curr/", "lang/", "rbnf/", "region/", "unit/", "zone/")
ICU_OUT = ("translit/", "unames.icu")
ICU_LANGUAGES_KEPT = ("root", "en", "res_index", "pool")  # of the folders and files that exist for each language


def main() -> int:
    bundle = Path(sys.argv[1])
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        print(f"trim: the bundle stays as it is. Install binutils: {', '.join(missing)} not found.")
        return 0
    before = size_of(bundle)
    languages = {path.name for path in (bundle / "_internal/kws_app/locale").glob("*") if path.is_dir()}
    for name in UNUSED:
        remove(bundle / name)
    if not (bundle / "_internal/torch").is_dir():
        for path in (bundle / "_internal/kws_app/models").rglob("*.pt"):  # only the jitted engine reads these
            path.unlink()
        for name in ("talk_embeddings", "talk_frames"):  # only training reads these
            remove(bundle / f"_internal/kws_app/assets/{name}.safetensors")
    for path in (bundle / QT / "translations").glob("*.qm"):  # only for languages that the app itself speaks
        if not any(path.stem.endswith(f"_{language}") for language in languages):
            path.unlink()
    remove_unreached(bundle)
    for library in (bundle / QT / "lib").glob("libicudata.so.*"):
        trim_icu(library)
    for path in elf_files(bundle / "_internal"):
        if path.name.startswith("libpython") or path.parent.name in (
            "lib-dynload",
            "PyQt6",
        ):  # strip breaks other files
            subprocess.run(["strip", "--strip-unneeded", str(path)], check=True, stderr=subprocess.DEVNULL)
    print(f"trim: from {before / 1e6:.0f} to {size_of(bundle) / 1e6:.0f} MB")
    return 0


def size_of(folder: Path) -> int:
    """The bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def elf_files(folder: Path) -> list[Path]:
    """All libraries and programs in a folder, without links."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    found.append(path)
    return found


def needed(path: Path) -> list[str]:
    """The names of the libraries that a file is linked with."""
    told = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in told.splitlines() if line.split()[:1] == ["NEEDED"]]


def remove_unreached(bundle: Path) -> None:
    """Delete the libraries that nothing needs, and links to them. Modules, plug-ins and LOADED_BY_NAME are needed."""
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
    """Whether a file is a module of Python, a plug-in of Qt, or a library that is loaded by its name."""
    is_library = path.name.startswith("lib") and ".so" in path.name
    return not is_library or "plugins" in path.parts or path.name.startswith(LOADED_BY_NAME)


def trim_icu(library: Path) -> None:
    """Link ICU's data library again, with only the items that Qt reads."""
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
    """A package of ICU with only the kept items.

    The format ("CmnD") has a header, a table of names and places, and the items: icu4c/source/common/ucmndata.h
    raises ValueError if the content is no such package
    """
    header_bytes, magic = struct.unpack_from("<HH", content)
    if magic != 0x27DA or content[12:16] != b"CmnD":
        raise ValueError("The file is not a package of ICU's data.")
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
    """Whether Qt may read an item of the package. Qt reads no names in other languages and no dictionaries."""
    if item.startswith(ICU_OUT) or item.endswith(".cnv"):
        return False
    if item.startswith(ICU_FOLDERS_OUT):
        return any(item.endswith(f"/{name}.res") for name in ICU_LANGUAGES_KEPT)
    folder, _slash, name = item.rpartition("/")
    by_language = folder == "coll" or (not folder and is_language(name))
    return not by_language or name.removesuffix(".res") in ICU_LANGUAGES_KEPT


def is_language(name: str) -> bool:
    """Whether a file at the top belongs to a language, such as de_AT.res."""
    stem, dot, kind = name.partition(".")
    return bool(dot) and kind == "res" and len(stem.partition("_")[0]) in (2, 3) and stem.partition("_")[0].islower()


if __name__ == "__main__":
    sys.exit(main())
