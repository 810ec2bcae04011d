"""An artifact that nobody vouches for, as an archive that holds only what was checked.

Two readers of a zip file may see two things in it. So what was read and checked here is packed anew, and that is
what torch gets: the code, the data and the tensors; no card, no debugging data, nothing else.
"""

import io
import re
import zipfile
from pathlib import Path

from kws_app.engine.card import CARD_FILE, UNREADABLE, ModelCard
from kws_app.errors import ModelError
from kws_app.translation import _
from kws_app.trust.code import checked_code
from kws_app.trust.tensors import check_pickle

LARGEST_BYTES = 64_000_000  # of all that is unpacked; ours have 150,000
MOST_ENTRIES = 500
KEPT = re.compile(
    r"data\.pkl|constants\.pkl|constants/\d+|version|byteorder|code/__torch__/[A-Za-z0-9_/]+\.py|\.data/serialization_id"
)
PASSED_OVER = re.compile(
    r"extra/[A-Za-z0-9_.]+|code/__torch__/[A-Za-z0-9_/]+\.py\.debug_pkl|\.format_version|\.storage_alignment"
)


def checked_archive(path: Path, card: ModelCard | None = None) -> bytes:
    """The artifact, repacked, with nothing in it that is not arithmetic on tensors; nothing in it is run.

    card: goes into it. raises ModelError, in one sentence
    """
    try:
        entries = _check(_read(path))
        if card is not None:
            entries[f"extra/{CARD_FILE}"] = card.to_json().encode()
        return _repacked(entries)
    except ModelError as error:
        raise ModelError(_("{path} is not let in: {error}.", path=path, error=error)) from error
    except UNREADABLE as error:
        raise ModelError(_("{path} is no usable model: {error}", path=path, error=error)) from error


def _read(path: Path) -> dict[str, bytes]:
    """The entries by name within the archive's folder, sizes bounded before anything is unpacked."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > MOST_ENTRIES or sum(info.file_size for info in infos) > LARGEST_BYTES:
            raise ModelError(
                _(
                    "it unpacks to more than {megabytes} MB or {parts} parts",
                    megabytes=LARGEST_BYTES // 1_000_000,
                    parts=MOST_ENTRIES,
                )
            )
        entries: dict[str, bytes] = {}
        for info in infos:
            name = info.filename.partition("/")[2]
            if PASSED_OVER.fullmatch(name):
                continue
            if not KEPT.fullmatch(name) or name in entries:
                raise ModelError(_("it holds {name!r}, which no model needs", name=info.filename))
            entries[name] = archive.read(info)
        return entries


def _check(entries: dict[str, bytes]) -> dict[str, bytes]:
    """The same, with its code written anew."""
    for name in ("data.pkl", "constants.pkl", "version"):
        if name not in entries:
            raise ModelError(_("it has no {name}; was it exported by `python -m training export`?", name=name))
    if entries.get("byteorder", b"little") != b"little" or not entries["version"].strip().isdigit():
        raise ModelError(_("it is of an unknown version"))
    sizes = {name.partition("/")[2]: len(data) for name, data in entries.items() if name.startswith("constants/")}
    check_pickle(entries["constants.pkl"], sizes)
    classes = check_pickle(entries["data.pkl"], {})
    code = {name: data for name, data in entries.items() if name.endswith(".py")}
    if len(classes) != 1 or len(code) != 1:
        raise ModelError(_("it is made of several modules: it was not exported as a frozen model"))
    return entries | {name: checked_code(data.decode()).encode() for name, data in code.items()}


def _repacked(entries: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in entries.items():
            archive.writestr(f"model/{name}", data)
    return content.getvalue()
