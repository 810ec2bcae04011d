"""The attention on the plain engine: turns the weighted past of a stream into a posterior."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kws_app.engine.backends import Posteriors
from kws_app.engine.crnn_file import CrnnSettings, Parameters

Array = NDArray[np.float32]

HIGHEST_ENERGY = 60.0  # its exponential is far below the largest float


class Attention:
    """Weights the last W outputs, and computes the calibrated margin of their mean.

    Each head has its own part of an output, and the margin is linear. So each part becomes one number before the
    weighting.
    """

    def __init__(self, settings: CrnnSettings, parameters: Parameters) -> None:
        shape = settings.shape
        self._window, H, heads = shape.window_steps, shape.hidden, shape.heads
        self._first = np.ascontiguousarray(parameters["energy.0.weight"].T)  # [H, E]
        self._first_bias = parameters["energy.0.bias"]
        self._second = np.ascontiguousarray(parameters["energy.2.weight"].T)  # [E, heads]
        self._second_bias = parameters["energy.2.bias"]
        no_age = np.zeros((heads, shape.window_steps), np.float32)
        self._age = parameters["age"] if shape.weighs_age else no_age  # [heads, W], oldest first
        other, keyword = parameters["classifier.weight"].astype(np.float64)
        other_bias, keyword_bias = parameters["classifier.bias"].astype(np.float64)
        margin = (settings.scale * (keyword - other)).reshape(heads, H // heads)
        self._margin = np.zeros((H, heads), np.float32)
        for head, weights in enumerate(margin):
            self._margin[head * len(weights) : (head + 1) * len(weights), head] = weights
        self._margin_bias = float(settings.scale * (keyword_bias - other_bias - settings.offset))
        # exp must not overflow: if energies can be large, the largest energy is subtracted first
        highest = np.abs(self._second).sum(0).max() + np.abs(self._second_bias).max() + np.abs(self._age).max()
        self._takes_highest_off = bool(highest > HIGHEST_ENERGY)
        # for a step: the weights, and below them the weighted margins, so that one product sums both
        self._inner, self._energy = np.empty_like(self._first_bias), np.empty(heads, np.float32)
        self._terms, self._column = np.empty((2 * heads, self._window), np.float32), np.ones(self._window, np.float32)
        self._weights, self._gathered = self._terms[:heads], self._terms[heads:]  # [heads, W]
        self._sums, self._heads = np.empty(2 * heads, np.float32), heads
        self._margin_rows = np.ascontiguousarray(self._margin.T)  # [heads, H]

    def one(self, output: Array, outputs: Array, energies: Array) -> tuple[Posteriors, Array, Array]:
        """The posterior [1] of a step with output [H]. Takes and returns the past outputs and energies [W - 1, ...]."""
        recent = np.concatenate((outputs, output[None]))
        inner, energy, weights, gathered = self._inner, self._energy, self._weights, self._gathered
        np.dot(output, self._first, out=inner)
        np.add(inner, self._first_bias, out=inner)
        np.tanh(inner, out=inner)
        np.dot(inner, self._second, out=energy)
        np.add(energy, self._second_bias, out=energy)
        all_energies = np.concatenate((energies, energy[None]))
        np.add(all_energies.T, self._age, out=weights)
        if self._takes_highest_off:
            np.subtract(weights, weights.max(1, keepdims=True), out=weights)
        np.exp(weights, out=weights)
        np.dot(self._margin_rows, recent.T, out=gathered)
        np.multiply(gathered, weights, out=gathered)
        sums = np.dot(self._terms, self._column, out=self._sums).tolist()
        margin = self._margin_bias
        for head in range(self._heads):
            margin += sums[self._heads + head] / sums[head]
        return np.array([_sigmoid(margin)], np.float32), recent[1:], all_energies[1:]

    def many(self, block: Array, outputs: Array, energies: Array) -> tuple[Posteriors, Array, Array]:
        """The same for outputs [S, H]: posteriors [S]."""
        outputs = np.concatenate((outputs, block))
        new = np.tanh(block @ self._first + self._first_bias) @ self._second + self._second_bias
        energies = np.concatenate((energies, new))  # [W - 1 + S, heads]
        sums = self._stable_sums if self._takes_highest_off else self._sums_of
        margins = np.full(len(block), self._margin_bias)
        for gathered, weights in sums(energies, outputs @ self._margin):
            margins += gathered / weights
        with np.errstate(over="ignore"):  # the exponential of a large number is inf, and the posterior is 0
            posteriors = (1.0 / (1.0 + np.exp(-margins))).astype(np.float32)
        return posteriors, outputs[len(block) :], energies[len(block) :]

    def _sums_of(self, energies: Array, margins: Array) -> Iterator[tuple[Array, Array]]:
        """For each head: the weighted sum of the margins in each window [S], and the sum of the weights [S].

        energies, margins: [W - 1 + S, heads]. A weight is exp(energy + age) = exp(energy) exp(age), so both sums are
        filters over the steps with the taps exp(age).
        """
        weights = np.exp(energies)
        for taps, weight, margin in zip(np.exp(self._age), weights.T, margins.T, strict=True):
            weight = np.ascontiguousarray(weight)
            yield np.correlate(weight * margin, taps), np.correlate(weight, taps)

    def _stable_sums(self, energies: Array, margins: Array) -> Iterator[tuple[Array, Array]]:
        """The same for energies of any size: the largest energy of each window is subtracted first."""
        exponents = sliding_window_view(energies, self._window, 0) + self._age  # [S, heads, W]
        weights = np.exp(exponents - exponents.max(-1, keepdims=True))
        gathered = np.einsum("shw,shw->hs", weights, sliding_window_view(margins, self._window, 0))
        return zip(gathered, weights.sum(-1).T, strict=True)


def _sigmoid(margin: float) -> float:
    """1 / (1 + exp(-margin)), for any margin."""
    if margin >= 0:
        return 1.0 / (1.0 + math.exp(-margin))
    small = math.exp(max(margin, -700.0))
    return small / (1.0 + small)
