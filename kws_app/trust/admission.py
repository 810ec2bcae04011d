"""How a model of the user's own comes to be offered: looked through, tried, copied, and listed with its SHA-256."""

import hashlib
import json
from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.engine.card import NAME, read_card
from kws_app.errors import ModelError
from kws_app.translation import _
from kws_app.trust.archive import checked_archive
from kws_app.trust.child import try_in_child

INDEX = "index.json"


def admit(path: Path, folder: Path) -> str:
    """Check a model file and copy it below `folder`; returns its name, keyword/role. Takes seconds: not for a window.

    Listed in the folder's index.json by its SHA-256, it loads from then on as what ships does.
    raises ModelError, in one sentence, if it is not let in
    """
    card = read_card(path)
    content = checked_archive(path, card)
    try_in_child(path)
    for word in (card.keyword, card.role):
        if not NAME.fullmatch(word):
            raise ModelError(
                _("{path} is not let in: {word!r} is no name for a keyword or a role.", path=path, word=word)
            )
    name = f"{card.keyword}/{card.role}"
    try:
        target = folder / f"{name}.pt"
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(target, content)
        _list(folder, name, content)
    except OSError as error:
        raise ModelError(
            _("{path} could not be copied to {folder} ({error}).", path=path, folder=folder, error=error)
        ) from error
    return name


def _list(folder: Path, name: str, content: bytes) -> None:
    """Put the model in the folder's index; one that cannot be read is begun anew, and its models checked again."""
    index = folder / INDEX
    try:
        models = dict(json.loads(index.read_text())["models"])
    except (OSError, ValueError, KeyError, TypeError):
        models = {}
    models[name] = {"sha256": hashlib.sha256(content).hexdigest()}
    write_whole(index, json.dumps({"models": models}, indent=1).encode())
