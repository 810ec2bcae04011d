"""The light app: it works without PyTorch, and does not import PyTorch when it is not needed."""

import subprocess
import sys

import pytest

from kws_app.paths import MODELS_DIR
from tests.support.paths import REPOSITORY

WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from kws_app.engine.backends import default_engine, has_torch
assert not has_torch() and default_engine() == "plain"
"""
LISTEN = """
import numpy as np
import kws_app.ui.window, kws_app.wyoming.offered_models, kws_app.commands.detect
from kws_app.detection.detector import Detector
from kws_app.engine.catalogue import find_models
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR
for entry in find_models(MODELS_DIR):
    model = KeywordModel.load(entry.path, ENGINE)
    steps = Detector(model, model.card.decision_config()).process(np.zeros(32000, np.float32))
    print(entry.name, model.network.engine, len(steps.scores) > 0)
"""


@pytest.mark.parametrize(
    "code",
    [
        WITHOUT_TORCH + "ENGINE = None" + LISTEN,
        "ENGINE = 'plain'" + LISTEN + "import sys; assert 'torch' not in sys.modules",
    ],
    ids=["not installed", "not asked for"],
)
def test_every_shipped_model_listens_without_torch(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(list(MODELS_DIR.glob("*/*.safetensors")))
    assert all(line.endswith(" plain True") for line in lines)
