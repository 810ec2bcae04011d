"""Model files: a .safetensors file holds the weights as tensors, and the card as JSON in its header.

Reading a file runs nothing of it. First its size is checked, then the safetensors library and a JSON parser read it.
This module also reads the card of a jitted model (.pt) of ours.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from kws_app.atomic_file import write_whole
from kws_app.engine.card import ModelCard, parse_card
from kws_app.engine.card_bounds import LARGEST_CARD_BYTES
from kws_app.engine.index import PROGRAM_SUFFIX, Program, own_program
from kws_app.errors import ModelError
from kws_app.translation import _

MODEL_SUFFIX = ".safetensors"
CARD_FIELD = "card"  # field of the metadata in the header
CARD_FILE = "card.json"  # an extra file of a jitted model
LARGEST_FILE_BYTES = 16_000_000  # the program's own have up to 170,000
LARGEST_HEADER_BYTES = 2 * LARGEST_CARD_BYTES
MOST_TENSORS = 100


@dataclass(frozen=True)
class ModelFile:
    """The content of a model file. The file is checked, but not the network."""

    card: ModelCard
    tensors: Mapping[str, NDArray[Any]]


def read_card(path: Path) -> ModelCard:
    """The card of a model file. raises ModelError, in one sentence, without a valid card"""
    return card_of_program(own_program(path)) if path.suffix == PROGRAM_SUFFIX else read_model_file(path).card


def read_model_file(path: Path) -> ModelFile:
    """Read a model file. raises ModelError, in one sentence, on any failure"""
    if path.suffix == PROGRAM_SUFFIX:
        raise ModelError(_("{path} is a program without readable numbers: choose a .safetensors file.", path=path))
    return parse_model_file(path, read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a model file. raises ModelError, in one sentence, if it is missing or too large"""
    if not path.is_file():
        raise ModelError(_("There is no model file at {path}: choose another model.", path=path))
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ModelError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from error
    if len(content) > LARGEST_FILE_BYTES:
        most = LARGEST_FILE_BYTES // 1_000_000
        raise ModelError(_("{path} is no usable model: it has more than {megabytes} MB", path=path, megabytes=most))
    return content


def parse_model_file(path: Path, content: bytes) -> ModelFile:
    """A model file from its bytes. raises ModelError, in one sentence. path: for messages"""
    try:
        return _parsed(content)
    except ModelError as error:
        raise ModelError(_("{path} is no usable model: {error}", path=path, error=error)) from error


def _parsed(content: bytes) -> ModelFile:
    header_bytes = int.from_bytes(content[:8], "little")
    if not 2 <= header_bytes <= min(LARGEST_HEADER_BYTES, len(content) - 8):
        raise ModelError(_("it is no model file (.safetensors), or it is incomplete"))
    try:
        tensors = load(content)  # also checks that every tensor lies within the file, and that tensors do not overlap
        metadata = json.loads(content[8 : 8 + header_bytes]).get("__metadata__") or {}
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(_("it is no model file (.safetensors), or it is damaged")) from error
    if set(metadata) != {CARD_FIELD} or len(tensors) > MOST_TENSORS:
        raise ModelError(_("it has no card; was it exported by `python -m training export`?"))
    return ModelFile(parse_card(metadata[CARD_FIELD]), tensors)


def write_model_file(path: Path, card: ModelCard, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Write a model file that everybody may read, whole or not at all. raises OSError if it cannot be written"""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(dict(tensors), metadata={CARD_FIELD: card.to_json()}))
    path.chmod(0o644)


def card_of_program(program: Program) -> ModelCard:
    """The card in a jitted model of ours. raises ModelError without a valid card"""
    import zipfile  # late, as they take long
    import zlib

    # The last is zipfile's own, of a compression it does not know.
    unreadable = (zipfile.BadZipFile, zlib.error, OSError, UnicodeDecodeError, EOFError, KeyError, NotImplementedError)
    try:
        with zipfile.ZipFile(io.BytesIO(program.content)) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"/extra/{CARD_FILE}")]
            if not names or archive.getinfo(names[0]).file_size > LARGEST_CARD_BYTES:
                raise ModelError(_("it has no card; was it exported by `python -m training export`?"))
            return parse_card(archive.read(names[0]).decode())
    except (ModelError, *unreadable) as error:
        raise ModelError(_("{path} is no usable model: {error}", path=program.path, error=error)) from error
