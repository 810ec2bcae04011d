"""Keeps the model that a new one of the same word replaces, and brings it back.

Only the numbers are kept: the jitted program is made from them again.
"""

from pathlib import Path

from kws_app.atomic_file import write_whole
from kws_app.engine.model_file import MODEL_SUFFIX, read_card
from training.export.artifact import update_index
from training.own_word.export import export_program

MADE_OF = "made_of"  # in the card: a digest of the sounds, the talk and the settings
EARLIER = "earlier"  # folder of the model before, below the word's work folder


def keep_for_undo(path: Path, folder: Path, made_of: str) -> None:
    """Copy the model at `path` to where `undo` finds it, unless it is the one that is to be written.

    made_of: what the new model is made of, as its card says
    raises OSError if the disk is full, ModelError if there is a file that is no model
    """
    if path.is_file() and read_card(path).training.get(MADE_OF) != made_of:
        kept = folder / EARLIER / path.name
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_whole(kept, path.read_bytes())


def undo(keyword: str, work: Path, models: Path, role: str = "expert") -> Path:
    """Bring the earlier model of a word back; the present one becomes the earlier one, so undo can be undone.

    raises ValueError if no earlier model was kept, ModelError if it is damaged, OSError if it cannot be written
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
