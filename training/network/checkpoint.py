"""Loads the network of a checkpoint."""

from pathlib import Path
from typing import Any

import torch

from training.config import CrnnConfig
from training.network.crnn import Crnn


def load_crnn(checkpoint: Path) -> tuple[Crnn, dict[str, Any]]:
    """The network of a checkpoint, and the settings of its run. No pickled class is loaded."""
    saved = torch.load(checkpoint, weights_only=True, map_location="cpu")
    crnn = Crnn(CrnnConfig(**saved["config"]["crnn"]))
    crnn.load_state_dict(saved["crnn"])
    return crnn.eval(), saved["config"]
