"""The jitted engine: TorchScript programs and the torch frontend. The app's only door to torch.

A program is opened only if the index that ships with the app, or the list of what was made on this machine, has its
SHA-256: see `index.py`. Nothing else is ever handed to `torch.jit.load`.
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
    """Set this process's torch up for steps that are far too small to share among threads, or to prepare at length.

    oneDNN prepares each convolution anew, which takes longer than convolving: 270 us a step with it, 170 without.
    """
    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # type: ignore[assignment]  # a property of the module, which mypy cannot see


class _TorchState(Sequence[NDArray[np.float32]]):
    """A state that is arrays when somebody looks, and tensors until then: making the views takes a tenth of a step."""

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
    """A TorchScript program as a network. It belongs to one thread."""

    engine = JITTED
    block_frames = 6_000

    def __init__(self, module: Any) -> None:
        """module: scripted, or eager; frames [1, T, F] and a state in, posteriors, attention and the state out"""
        self.module = module
        self._forward = module.forward  # what torch wraps round a call takes a fifth of a step
        self._inference = torch.inference_mode()
        self._has_heads = module.initial_state()[3].dim() == 3  # the first models had a single head, and no axis for it

    @classmethod
    def open(cls, program: Program) -> "JittedNetwork":
        """raises ModelError if torch cannot open it"""
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
        """The state as this program takes it; it may come from another engine."""
        if isinstance(state, _TorchState):
            return state.tensors
        context, hidden, outputs, energies = (torch.from_numpy(np.ascontiguousarray(part)) for part in state)
        energies = energies if self._has_heads else energies[:, 0]
        return context[None], hidden[:, None], outputs[None], energies[None]


class JittedFrontend:
    """The frontend in torch, on arrays."""

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
