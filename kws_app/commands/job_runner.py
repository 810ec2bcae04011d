"""Runs a function over many items, on several cores (joblib) or machines (Dask). Each item gives one result."""

import logging
import warnings
from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import TypeVar

from kws_app.commands.interruption import children_ignore_ctrl_c

CONNECT_S = 10.0  # longest wait for a connection to the scheduler
AHEAD = 4  # items for each worker that are sent ahead: no worker waits, and the scheduler's list stays short
RETRIES = 3  # further attempts with an item whose worker ended

Item = TypeVar("Item")
Result = TypeVar("Result")


class JobError(Exception):
    """The work could not be done. The message is one sentence."""


def over_cores(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Generator[Result, None, None]:
    """The results of `work` for each item, from `jobs` processes, in the order in which they are ready.

    work: a function of a module, or a partial of one, as it goes to other processes
    raises JobError if a process ends before its time
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with children_ignore_ctrl_c():
        results = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(
            delayed(work)(item) for item in items
        )
    try:
        for result in results:  # noqa: UP028 - `yield from` would end joblib before this function
            yield result
    except TerminatedWorkerError as error:
        raise JobError("A process was ended, perhaps because memory ran out: use fewer --jobs.") from error
    finally:
        with warnings.catch_warnings():  # after an interruption joblib warns that items are left
            warnings.simplefilter("ignore")
            results.close()
        get_reusable_executor().shutdown(wait=False, kill_workers=True)


def over_cluster(
    work: Callable[[Item], Result], items: Sequence[Item], scheduler: str, what: str
) -> Generator[Result, None, None]:
    """The results of `work` for each item, from the workers of a Dask scheduler, in the order in which they are ready.

    If a worker ends, the scheduler gives its items to other workers. Each result is taken once.
    what: names an item in errors, such as "file"
    raises JobError if the scheduler cannot be reached, or an item was lost with several workers
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise JobError("--scheduler needs another package: `pip install 'kws-app[cluster]'`.") from error
    _silence_dask()
    try:
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise JobError(f"There is no Dask scheduler at {scheduler} ({error}): check --scheduler.") from error
    with client:
        waiting = iter(items)
        ahead = AHEAD * max(1, sum(client.nthreads().values()))

        def handed_out(count: int) -> list[object]:
            some = islice(waiting, count)
            return [client.submit(work, item, pure=False, retries=RETRIES) for item in some]

        ready = as_completed(handed_out(ahead), loop=client.loop)
        for future in ready:
            try:
                result: Result = future.result()
            except Exception as error:
                raise JobError(f"The cluster could not process a {what} ({type(error).__name__}: {error}).") from error
            future.release()
            ready.update(handed_out(1))
            yield result


def _silence_dask() -> None:
    """Stop Dask's own log: every fault that it tells becomes a JobError or is repaired here.

    Dask gives several of its loggers a level of their own, so the level of the top one is not enough.
    """
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
