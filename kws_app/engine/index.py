"""The list of the shipped models: which file has which SHA-256."""

import hashlib
import json
from pathlib import Path

from kws_app.errors import ModelError
from kws_app.translation import _


def listed_content(path: Path) -> bytes | None:
    """An artifact's bytes, compared with the SHA-256 that its folder's index.json gives; None if no index lists it.

    raises ModelError on a mismatch
    """
    index = path.parent.parent / "index.json"
    if not index.is_file():
        return None
    try:
        models = json.loads(index.read_text())["models"]
        expected = {name: entry["sha256"] for name, entry in models.items()}.get(f"{path.parent.name}/{path.stem}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            _("{index} cannot be read, so no model can be verified: install the program again.", index=index)
        ) from error
    if expected is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(_("{path} cannot be read: {error}.", path=path, error=error.strerror or error)) from error
    if expected != hashlib.sha256(content).hexdigest():
        raise ModelError(
            _("{path} differs from the model that was shipped (SHA-256): install the program again.", path=path)
        )
    return content
