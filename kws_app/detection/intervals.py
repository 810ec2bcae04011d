"""Exact intervals of a rate and of a share. Pure arithmetic, shared by the app and the figures of the models."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

LARGEST_EXACT_COUNT = 10_000  # beyond it, adding up the terms takes long, and an approximation is as good


def poisson_interval(count: int, exposure: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a rate from a count (Garwood 1936): count events in `exposure` hours -> events per hour.

    raises ValueError if nothing can have been counted
    """
    if count < 0 or not exposure > 0:
        raise ValueError(f"a rate needs a count and hours above 0, got {count} in {exposure}")
    low, high = _expected_count(count, confidence)
    return low / exposure, high / exposure


def wilson_interval(count: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927): count of trials -> 0..1. raises ValueError without trials"""
    if trials < 1:
        raise ValueError("a share needs at least one trial")
    z = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    share = count / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if count == 0 else (centre - spread) / scale  # exactly, where rounding would leave 1e-17
    return low, 1.0 if count == trials else (centre + spread) / scale


@lru_cache(maxsize=256)  # a window asks several times a second for a count that seldom changes
def _expected_count(count: int, confidence: float) -> tuple[float, float]:
    """The smallest and the largest mean under which so few or so many events are not too rare."""
    tail = (1 - confidence) / 2
    if count > LARGEST_EXACT_COUNT:
        return _about(count, tail), _about(count + 1, 1 - tail)
    low = 0.0 if count == 0 else _falling_root(lambda mean: _at_most(count - 1, mean) - (1 - tail), count)
    return low, _falling_root(lambda mean: _at_most(count, mean) - tail, count)


def _about(shape: float, share: float) -> float:
    """A quantile of the gamma distribution (Wilson and Hilferty 1931): within 1e-6 of it from 10,000 on."""
    return shape * (1 - 1 / (9 * shape) + NormalDist().inv_cdf(share) / (3 * math.sqrt(shape))) ** 3


def _at_most(count: int, mean: float) -> float:
    """Probability of `count` events or fewer where `mean` are expected (Poisson)."""
    if mean <= 0:
        return 1.0
    log_mean, likely = math.log(mean), min(float(count), mean)
    first = max(0, int(likely - 12 * math.sqrt(likely + 1) - 12))  # terms before it are below 1e-15 together
    return math.fsum(math.exp(k * log_mean - mean - math.lgamma(k + 1)) for k in range(first, count + 1))


def _falling_root(function: Callable[[float], float], near: int) -> float:
    """Where a falling function of a mean crosses zero, by bisection; no bound lies ten deviations from its count."""
    low, high = 0.0, near + 10 * math.sqrt(near + 1) + 10
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2
