"""Does many small pieces of work side by side, one on each core."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def on_each_core(
    work: Callable[[Item], Result], items: Sequence[Item], before: Callable[[int], None] = lambda _: None
) -> list[Result]:
    """What `work` makes of each item, in their order. As many items are in work as PyTorch has threads.

    PyTorch itself uses one thread meanwhile: the threads of a small product wait for each other longer than they
    multiply. So the results do not depend on the number of cores.
    before: is called with the place of an item before its result is awaited; an error of it ends the work
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            futures = [pool.submit(work, item) for item in items]
            try:
                found = []
                for place, future in enumerate(futures):
                    before(place)
                    found.append(future.result())
                return found
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    finally:
        torch.set_num_threads(threads)
