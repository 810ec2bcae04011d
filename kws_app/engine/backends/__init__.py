"""The engines: two ways to run a model, with the same interface and the same arrays.

`jitted` runs a TorchScript program that ships with the app or was made on this machine. `plain` runs the numbers of a
model file in NumPy. Only `jitted` imports torch, when it is first used.
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

# The state of a stream. For a `crnn`: context frames [Tc, F], GRU hidden [L, H], past outputs [W - 1, H], their
# energies [W - 1, heads]. A network may overwrite the state that it gets: use only the state that it returns.
State = Sequence[NDArray[np.float32]]
Posteriors = NDArray[np.float32]  # [S]


class Network(Protocol):
    """A model that is ready to run on one thread. It has no state of a stream."""

    engine: str  # one of ENGINES
    block_frames: int  # frames of a long recording that it is best given at once

    def initial_state(self) -> State:
        """The state at the start of a stream."""
        ...

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        """The posteriors [S] of the steps that the new frames [T, F] complete, and the state after them."""
        ...


class Frontend(Protocol):
    """Turns samples into frames. `frontend.LogMel` is the frontend of the plain engine."""

    hop_samples: int
    mel_bins: int

    def initial_tail(self) -> Samples: ...

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]: ...


def has_torch() -> bool:
    """Whether the jitted engine can run here, without importing torch. torch.jit needs Python 3.13 or older."""
    return sys.version_info < (3, 14) and find_spec("torch") is not None


def default_engine() -> str:
    """`jitted` if torch is installed, else `plain`."""
    return JITTED if has_torch() else PLAIN


def checked_engine(name: str | None) -> str:
    """The engine of this name; None gives the default engine. raises ModelError if it cannot run here"""
    if name is None:
        return default_engine()
    if name not in ENGINES:
        raise ModelError(
            _("There is no engine {name!r}. The engines are: {names}.", name=name, names=", ".join(ENGINES))
        )
    if name == JITTED and not has_torch():
        raise ModelError(
            _(
                "The jitted engine needs PyTorch and Python 3.13 or older: install kws-app[jitted], "
                "or use the plain engine."
            )
        )
    return name


def frontend_of(engine: str) -> Frontend:
    """The frontend of an engine."""
    if engine == JITTED:
        from kws_app.engine.backends.jitted import JittedFrontend

        return JittedFrontend()
    return LogMel()


def check_posteriors(posteriors: object, steps: int) -> Posteriors:
    """Check that a network returned a number in 0..1 for each step. raises ModelError if not"""
    if not isinstance(posteriors, np.ndarray) or posteriors.dtype != np.float32 or posteriors.shape != (steps,):
        raise ModelError(_("it did not return {steps} scores", steps=steps))
    if steps == 1:
        within = 0.0 <= posteriors.item() <= 1.0  # false for NaN
    else:
        within = steps == 0 or bool(posteriors.min() >= 0.0 and posteriors.max() <= 1.0)
    if not within:
        raise ModelError(_("it returned a score outside 0..1"))
    return posteriors
