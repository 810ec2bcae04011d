"""Intervals against published tables and SciPy."""

import math

import pytest
from scipy.stats import chi2, norm

from kws_app.detection.intervals import poisson_interval, poisson_limit, wilson_interval


# Garwood's table of 95 % limits for a Poisson mean
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904)],
)
def test_the_poisson_interval_is_the_published_one(count: int, low: float, high: float):
    assert poisson_interval(count, 1.0) == pytest.approx((low, high), abs=1e-4)
    assert poisson_interval(count, 2.4) == pytest.approx((low / 2.4, high / 2.4), abs=1e-4)


@pytest.mark.parametrize("count", [0, 1, 3, 47, 1000, 20_000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_poisson_interval_is_that_of_chi_squared(count: int, confidence: float):
    tail = (1 - confidence) / 2
    low = chi2.ppf(tail, 2 * count) / 2 if count else 0.0
    high = chi2.ppf(1 - tail, 2 * count + 2) / 2
    assert poisson_interval(count, 1.0, confidence) == pytest.approx((low, high), rel=1e-7)


def test_the_limit_of_a_rate_is_one_sided():
    assert poisson_limit(0, 2.0, 0.8) == pytest.approx(-math.log(0.2) / 2.0)  # P(no event) = exp(-mean)
    assert poisson_limit(3, 2.0, 0.8) == pytest.approx(chi2.ppf(0.8, 8) / 2 / 2.0)


def test_no_time_and_no_trials_have_no_interval():
    for count, hours in ((0, 0.0), (3, -1.0), (-1, 1.0)):
        with pytest.raises(ValueError, match="got"):
            poisson_interval(count, hours)
    with pytest.raises(ValueError, match="trial"):
        wilson_interval(0, 0)


def test_the_wilson_interval():
    assert wilson_interval(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)
    assert wilson_interval(0, 20)[0] == 0.0 and wilson_interval(20, 20)[1] == 1.0
    low, high = wilson_interval(3, 7, confidence=0.9)
    z = norm.ppf(0.95)
    for share in (low, high):  # the ends are where the test against them is just rejected
        assert abs(3 / 7 - share) == pytest.approx(z * (share * (1 - share) / 7) ** 0.5)
