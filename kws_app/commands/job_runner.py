"""Many files over several cores (joblib) or several machines (Dask): results as they come, each file once."""

import logging
import warnings
from collections.abc import Generator, Sequence
from itertools import islice

from kws_app.commands.file_hearing import FileResult, Question, hear_file
from kws_app.commands.interruption import children_ignore_ctrl_c

CONNECT_S = 10.0  # to a scheduler
AHEAD = 4  # files handed out for each worker of a cluster: it never waits, and the scheduler's list stays short
RETRIES = 3  # of a file whose worker ended in the midst of it


class JobError(Exception):
    """Files that could not be handed out; one sentence."""


def over_cores(question: Question, files: Sequence[str], jobs: int) -> Generator[FileResult, None, None]:
    """The results of files in `jobs` processes, in the order in which they are ready.

    raises JobError if a process ends before its time
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with children_ignore_ctrl_c():
        results = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")(
            delayed(hear_file)(question, file) for file in files
        )
    try:
        for result in results:  # noqa: UP028 - `yield from` would end joblib before this function
            yield result
    except TerminatedWorkerError as error:
        raise JobError("A process ended before its time, perhaps for want of memory: try fewer --jobs.") from error
    finally:
        with warnings.catch_warnings():  # joblib warns that files are left: whoever ended this knows
            warnings.simplefilter("ignore")
            results.close()
        get_reusable_executor().shutdown(wait=False, kill_workers=True)


def over_cluster(question: Question, files: Sequence[str], scheduler: str) -> Generator[FileResult, None, None]:
    """The results of files from the workers of a Dask scheduler, in the order in which they are ready.

    A worker that ends gives its files to the others. A result is taken once: what a lost worker had found is lost
    with it, and its file is heard anew.
    raises JobError if the scheduler cannot be reached, or a file was lost with several workers
    """
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise JobError("--scheduler needs another package: `pip install 'kws-app[cluster]'`.") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it would say is dealt with here
    try:
        client = Client(scheduler, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise JobError(f"There is no Dask scheduler at {scheduler} ({error}).") from error
    with client:
        waiting = iter(files)
        ahead = AHEAD * max(1, sum(client.nthreads().values()))

        def handed_out(count: int) -> list[object]:
            some = islice(waiting, count)
            return [client.submit(hear_file, question, file, pure=False, retries=RETRIES) for file in some]

        ready = as_completed(handed_out(ahead), loop=client.loop)
        for future in ready:
            try:
                result: FileResult = future.result()
            except Exception as error:
                raise JobError(f"The cluster could not hear a file ({type(error).__name__}: {error}).") from error
            future.release()
            ready.update(handed_out(1))
            yield result
