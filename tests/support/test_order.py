"""Each worker begins with its share of the long tests, and no test is lost."""

from tests.support.order import dealt


def begins(order: list[str], workers: int) -> list[list[str]]:
    """The tests that xdist's `worksteal` gives each worker first."""
    runs: list[list[str]] = []
    for worker in range(workers):
        size = len(order) // (workers - worker)
        runs.append(order[:size])
        order = order[size:]
    return runs


def test_each_worker_begins_with_its_share_of_long_tests():
    tests = [f"{'L' if number in (3, 4, 5, 9, 10) else 's'}{number}" for number in range(11)]
    order = dealt(tests, lambda name: name.startswith("L"), 3)
    assert begins(order, 3) == [["L3", "L9", "s0"], ["L4", "L10", "s1", "s2"], ["L5", "s6", "s7", "s8"]]


def test_no_test_is_lost_or_run_twice():
    for count in range(8):
        for workers in range(1, 5):
            for step in range(1, 4):
                tests = list(range(count))
                order = dealt(tests, lambda number, step=step: number % step == 0, workers)
                assert sorted(order) == tests
