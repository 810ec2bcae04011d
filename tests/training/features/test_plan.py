"""The plans of a seed never change: checkpoints and published figures depend on every drawn number."""

import hashlib
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.support.formula_store import formula_store
from training.config import RunConfig
from training.features.plan import Mined, Plan, Planner

# The SHA-256 of plans drawn before the shares of batch planning became settings: clips, streams, mined streams.
DIGESTS = {
    "clips": "5219fad884e7fe25",
    "streams": "561e86cbb7cadf30",
    "mined streams": "9b7682401fb6ff57",
}


def digest(plan: Plan) -> str:
    """A digest of every bit of a plan. All processors round the functions in a plan alike."""
    name = hashlib.sha256()
    for field in fields(Plan):
        name.update(np.ascontiguousarray(getattr(plan, field.name)).tobytes())
    return name.hexdigest()[:16]


@pytest.mark.parametrize("kind", DIGESTS)
def test_a_seed_draws_the_plan_that_it_always_drew(kind: str) -> None:
    config = RunConfig()
    store = formula_store()
    planner = Planner(store, replace(config.augment, mask_share=0.5), config.train)
    if kind == "mined streams":
        words = len(planner.words)
        planner.mined = Mined(planner.speech[:3], np.array([40, 90, 130]), np.full(words, 1 / words))
    plan = planner.draw(np.random.default_rng([3, 1]), 256, stream=kind != "clips")
    assert digest(plan) == DIGESTS[kind]
