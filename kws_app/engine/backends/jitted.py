"""The jitted engine: TorchScript programs and the torch frontend. Only this part of the app imports torch.

`torch.jit.load` gets only programs that are ours: `index.py` checks their SHA-256.
"""

import io
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kws_app.engine.backends import JITTED, Posteriors, State
from kws_app.engine.backends.torch_frontend import LogMel
from kws_app.engine.frontend import Frames, Samples
from kws_app.engine.index import Program
from kws_app.errors import ModelError
from kws_app.translation import _

Tensors = tuple[Tensor, Tensor, Tensor, Tensor]


def prepare_torch() -> None:
    """Set up torch for small steps: one thread, and no oneDNN.

    oneDNN prepares each convolution again, which takes longer than the convolution: a step takes 270 us with oneDNN
    and 170 us without.
    """
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]  # a property of the module, which mypy cannot see


class _TorchState(Sequence[NDArray[np.float32]]):
    """A state that is kept as tensors. It makes arrays only when they are read, which takes a tenth of a step."""

    def __init__(self, tensors: Tensors, has_heads: bool) -> None:
        self.tensors = tensors
        self._has_heads = has_heads

    def __len__(self) -> int:
        return len(self.tensors)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.float32]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NDArray[np.float32]]: ...
    def __getitem__(self, index: int | slice) -> NDArray[np.float32] | Sequence[NDArray[np.float32]]:
        context, hidden, outputs, energies = self.tensors
        parts = (context[0], hidden[:, 0], outputs[0], energies[0] if self._has_heads else energies[0].unsqueeze(1))
        return tuple(part.numpy() for part in parts)[index]


class JittedNetwork:
    """A network that runs a TorchScript program. It belongs to one thread."""

    engine = JITTED
    block_frames = 6_000

    def __init__(self, module: Any) -> None:
        """module: scripted or eager; takes frames [1, T, F] and a state; returns posteriors, attention and the state"""
        self.module = module
        self._forward = module.forward  # a call of the module itself takes a fifth of a step more
        self._inference = torch.inference_mode()
        self._has_heads = module.initial_state()[3].dim() == 3  # the first models have a single head without an axis

    @classmethod
    def open(cls, program: Program) -> "JittedNetwork":
        """Open a program. raises ModelError if torch cannot open it"""
        prepare_torch()
        try:
            module: Any = torch.jit.load(io.BytesIO(program.content), map_location="cpu")
            return cls(module.eval())
        except (RuntimeError, ValueError, AttributeError) as error:
            raise ModelError(_("its program cannot be opened")) from error

    def initial_state(self) -> State:
        with self._inference:
            return _TorchState(self.module.initial_state(), self._has_heads)

    def step(self, log_mel: Frames, state: State) -> tuple[Posteriors, State]:
        with self._inference:
            posterior, _attention, after = self._forward(torch.from_numpy(log_mel).unsqueeze(0), self._tensors(state))
            return posterior.numpy()[0], _TorchState(after, self._has_heads)

    def _tensors(self, state: State) -> Tensors:
        """The state as tensors for this program. The state may come from another engine."""
        if isinstance(state, _TorchState):
            return state.tensors
        context, hidden, outputs, energies = (torch.from_numpy(np.ascontiguousarray(part)) for part in state)
        energies = energies if self._has_heads else energies[:, 0]
        return context[None], hidden[:, None], outputs[None], energies[None]


class JittedFrontend:
    """The torch frontend, with arrays as input and output."""

    def __init__(self) -> None:
        prepare_torch()
        self._log_mel = LogMel()
        self.hop_samples, self.mel_bins = self._log_mel.hop_samples, self._log_mel.mel_bins
        self._inference = torch.inference_mode()

    def initial_tail(self) -> Samples:
        return np.zeros(0, np.float32)

    def __call__(self, samples: Samples, tail: Samples) -> tuple[Frames, Samples]:
        with self._inference:
            log_mel, rest = self._log_mel.forward(
                torch.from_numpy(samples).unsqueeze(0), torch.from_numpy(tail).unsqueeze(0)
            )
        return log_mel.numpy()[0], rest.numpy()[0]
