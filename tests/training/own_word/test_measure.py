"""How long a margin lasts, by hand and as the app decides."""

import numpy as np
import pytest

from kws_app.detection.decision import Decision
from kws_app.engine.decision_config import DecisionConfig
from training.own_word.measure import lasting, peaks_of


def test_a_run_keeps_its_lowest_margin() -> None:
    found = np.array([1.0, 5.0, 2.0, 3.0, 4.0, 9.0])
    assert lasting(found, 3).tolist() == [1.0, 2.0, 2.0, 3.0]
    assert lasting(found, 1).tolist() == found.tolist()
    assert lasting(np.stack([found, -found]), 6).tolist() == [[1.0], [-9.0]]


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_the_app_detects_wherever_a_peak_that_lasts_is_above_the_threshold(patience: int) -> None:
    rng = np.random.default_rng(patience)
    for _ in range(30):
        scores = rng.uniform(size=80).astype(np.float32)
        decision = Decision(DecisionConfig(0.6, patience_steps=patience, refractory_s=60.0))  # one detection at most
        found = decision.update_all(scores, np.arange(80) * 1280)
        assert bool(found.detections) == bool(peaks_of(lasting(scores, patience).astype(np.float64))[0] >= 0.6)
