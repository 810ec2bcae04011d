"""The network that a run starts from, in place of random weights."""

import shutil
from dataclasses import asdict
from pathlib import Path

from kws_app.engine.model_file import MODEL_SUFFIX
from training.atomic_file import written_whole
from training.config import RunConfig
from training.export.artifact import load_numbers
from training.network.crnn import Crnn


def starting_network(path: Path | None, folder: Path, config: RunConfig) -> Crnn | None:
    """The network of a model file; None if there is no such file. The run's folder keeps a copy, as models change.

    raises ValueError if it has another shape than the run
    """
    kept = folder / f"start{MODEL_SUFFIX}"
    if not kept.is_file():
        if path is None or not path.is_file():
            return None
        folder.mkdir(parents=True, exist_ok=True)
        with written_whole(kept) as part:
            shutil.copyfile(path, part)
    crnn, settings = load_numbers(kept)
    if asdict(settings.shape) != {name: asdict(config.crnn)[name] for name in asdict(settings.shape)}:
        raise ValueError(f"{kept} has another shape than this run: remove it, or name another model to start from.")
    return crnn
