"""The order of tests that run in several processes: the long tests come first, so that none is left for the end."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Test = TypeVar("Test")


def dealt(tests: Sequence[Test], is_long: Callable[[Test], bool], workers: int) -> list[Test]:
    """All tests, in an order in which each worker begins with its share of the long tests.

    xdist's `worksteal` gives all workers equally many neighbouring tests. When a worker has none left, it gets the last
    tests of another worker. So the first tests of a worker decide when its long tests run.
    """
    long = [test for test in tests if is_long(test)]
    short = [test for test in tests if not is_long(test)]
    order: list[Test] = []
    for worker in range(workers):
        hand = long[worker::workers]
        size = (len(tests) - len(order)) // (workers - worker)
        others = max(0, size - len(hand))
        order += hand + short[:others]
        short = short[others:]
    return order + short
