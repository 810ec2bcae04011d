"""Engines: two ways to run a model, behind one protocol. Arrays in, arrays out; both keep a stream in the same arrays.

`jitted` runs the TorchScript program that was made on this machine or ships with the app, `plain` runs the numbers of a
model file in NumPy. torch is imported by `jitted` alone, when it is first used.
"""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kws_app.engine.frontend import Frames, LogMel, Samples
from kws_app.errors import ModelError
from kws_app.translation import _

JITTED, PLAIN = "jitted", "plain"
ENGINES = (JITTED, PLAIN)
ENGINE_HELP = "what runs the models: jitted (TorchScript, the default where PyTorch is installed) or plain (NumPy)"

# Of a stream, for a `crnn`: context frames [Tc, F], GRU hidden [L, H], past outputs [W - 1, H], their energies
# [W - 1, heads]. A state that went in is used up: only the one that came out goes on.
State = Sequence[NDArray[np.float32]]
Posteriors = NDArray[np.float32]  # [S]


class Network(Protocol):
    """A model, ready to run on one thread. It keeps nothing of a stream."""

    engine: str  # one of ENGINES
    block_frames: int  # frames of a long recording that it is best given at once

    def initial_state(self) -> State:
        """The state of a stream that has heard nothing."""
        ...

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        """The posterior of each step that the new frames [T, F] complete, and the state after them."""
        ...


class Frontend(Protocol):
    """Samples to frames; see `frontend.LogMel`, which is the plain engine's."""

    hop_samples: int
    mel_bins: int

    def initial_tail(self) -> Samples: ...

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]: ...


def has_torch() -> bool:
    """Whether the jitted engine can run here; found out without importing it. torch.jit ends with Python 3.13."""
    return sys.version_info < (3, 14) and find_spec("torch") is not None


def default_engine() -> str:
    """`jitted` where torch is installed."""
    return JITTED if has_torch() else PLAIN


def checked_engine(name: str | None) -> str:
    """An engine by name, the default for None. raises ModelError if it cannot run here"""
    if name is None:
        return default_engine()
    if name not in ENGINES:
        raise ModelError(_("There is no engine {name!r}; there are: {names}.", name=name, names=", ".join(ENGINES)))
    if name == JITTED and not has_torch():
        raise ModelError(
            _(
                "The jitted engine needs PyTorch, on Python 3.13 or older: install kws-app[jitted], "
                "or use the plain engine."
            )
        )
    return name


def frontend_of(engine: str) -> Frontend:
    """The frontend that goes with an engine."""
    if engine == JITTED:
        from kws_app.engine.backends.jitted import JittedFrontend

        return JittedFrontend()
    return LogMel()


def check_posteriors(posteriors: object, steps: int) -> Posteriors:
    """What a network answered, if it is one number in 0..1 for each step. raises ModelError if it is not"""
    if not isinstance(posteriors, np.ndarray) or posteriors.dtype != np.float32 or posteriors.shape != (steps,):
        raise ModelError(_("it answered with something other than {steps} scores", steps=steps))
    if steps == 1:
        within = 0.0 <= posteriors.item() <= 1.0  # false where it is no number
    else:
        within = steps == 0 or bool(posteriors.min() >= 0.0 and posteriors.max() <= 1.0)
    if not within:
        raise ModelError(_("it answered with a score outside 0..1"))
    return posteriors
