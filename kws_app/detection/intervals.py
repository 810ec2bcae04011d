"""Confidence intervals of a rate and of a share. Pure arithmetic, used by the app and by the evaluation."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

LARGEST_EXACT_COUNT = 10_000  # for larger counts the sum takes long, and an approximation is good enough


def poisson_interval(count: int, exposure: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact interval of a rate (Garwood 1936), in events per hour, for `count` events in `exposure` hours.

    raises ValueError for a negative count or without hours
    """
    if count < 0 or not exposure > 0:
        raise ValueError(f"a rate needs a count and hours above 0, got {count} in {exposure}")
    low, high = _expected_count(count, confidence)
    return low / exposure, high / exposure


def poisson_limit(count: int, exposure: float, sure: float) -> float:
    """The rate, in events per hour, below which the true rate lies with the chance `sure`, for `count` events.

    raises ValueError as `poisson_interval` does
    """
    return poisson_interval(count, exposure, 2 * sure - 1)[1]


def wilson_interval(count: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share (Wilson 1927), 0..1, for `count` of `trials`. raises ValueError without trials"""
    if trials < 1:
        raise ValueError("a share needs at least one trial")
    z = NormalDist().inv_cdf(1 - (1 - confidence) / 2)
    share = count / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if count == 0 else (centre - spread) / scale  # exact; rounding would give 1e-17
    return low, 1.0 if count == trials else (centre + spread) / scale


@lru_cache(maxsize=256)  # the window asks several times a second, and the count seldom changes
def _expected_count(count: int, confidence: float) -> tuple[float, float]:
    """The smallest and the largest mean of a Poisson distribution for which `count` events are not too rare."""
    tail = (1 - confidence) / 2
    if count > LARGEST_EXACT_COUNT:
        return _about(count, tail), _about(count + 1, 1 - tail)
    low = 0.0 if count == 0 else _falling_root(lambda mean: _at_most(count - 1, mean) - (1 - tail), count)
    return low, _falling_root(lambda mean: _at_most(count, mean) - tail, count)


def _about(shape: float, share: float) -> float:
    """A quantile of the gamma distribution (Wilson and Hilferty 1931), with an error below 1e-6 from 10,000 on."""
    return shape * (1 - 1 / (9 * shape) + NormalDist().inv_cdf(share) / (3 * math.sqrt(shape))) ** 3


def _at_most(count: int, mean: float) -> float:
    """Probability of at most `count` events for a Poisson distribution with this mean."""
    if mean <= 0:
        return 1.0
    log_mean, likely = math.log(mean), min(float(count), mean)
    first = max(0, int(likely - 12 * math.sqrt(likely + 1) - 12))  # the sum of all earlier terms is below 1e-15
    return math.fsum(math.exp(k * log_mean - mean - math.lgamma(k + 1)) for k in range(first, count + 1))


def _falling_root(function: Callable[[float], float], near: int) -> float:
    """The zero of a falling function, by bisection. The zero lies within ten standard deviations of `near`."""
    low, high = 0.0, near + 10 * math.sqrt(near + 1) + 10
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2
