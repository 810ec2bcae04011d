"""Keeps the old model of a word when a new model replaces it, and brings the old model back.

Only the model file is kept: the jitted program is made from its numbers again.
"""

from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.engine.model_file import MODEL_SUFFIX, read_card
from training.export.artifact import update_index
from training.own_word.export import export_program

MADE_OF = "made_of"  # in the card: a digest of the sounds, the talk and the settings
EARLIER = "earlier"  # folder of the old model, below the word's work folder


def keep_for_undo(path: Path, folder: Path, made_of: str) -> None:
    """Copy the model at `path` into the folder of old models, unless it equals the new model.

    made_of: the digest in the new model's card
    raises OSError if the disk is full, ModelError if the file at `path` is not a model
    """
    if path.is_file() and read_card(path).training.get(MADE_OF) != made_of:
        kept = folder / EARLIER / path.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, path.read_bytes())


def undo(keyword: str, work: Path, models: Path, role: str = "expert") -> Path:
    """Bring the old model of a word back. The present model becomes the old model, so a second undo brings it back.

    raises ValueError if no old model was kept, ModelError if it is damaged, OSError if it cannot be written
    """
    name = f"{role}{MODEL_SUFFIX}"
    kept, path = work / "own_word" / keyword / EARLIER / name, models / keyword / name
    if not kept.is_file():
        raise ValueError(f"There is no earlier model of '{keyword.replace('_', ' ')}' to bring back.")
    earlier, present = kept.read_bytes(), path.read_bytes() if path.is_file() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    export_program(kept, path)
    write_whole(path, earlier)
    path.chmod(0o644)
    if present is None:
        kept.unlink()
    else:
        write_whole(kept, present)
    update_index(models)
    return path
