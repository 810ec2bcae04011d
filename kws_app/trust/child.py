"""A stranger's model answers to the golden input in a process of its own, which may write no file and has limits.

kws-app --try-model FILE        says nothing, exit status 0; or one sentence, exit status 1
"""

import subprocess
import sys
from pathlib import Path

from kws_app.errors import ModelError
from kws_app.own_process import run_own_process
from kws_app.translation import _

TRY_OPTION = "--try-model"  # of kws-app
PATIENCE_S = 60.0  # with torch to be loaded, on a machine under load
CPU_S = 20  # for the golden input; ours take 0.05
MEMORY_BYTES = 1_000_000_000  # beyond what torch itself takes


def try_in_child(path: Path, patience_s: float = PATIENCE_S) -> None:
    """raises ModelError, in one sentence, if the model does not load and answer there as its card says"""
    try:
        done = run_own_process(TRY_OPTION, str(path.resolve()), patience_s=patience_s)
    except subprocess.TimeoutExpired as error:
        raise ModelError(
            _("{path} is not let in: it does not answer within {seconds:.0f} s.", path=path, seconds=patience_s)
        ) from error
    except OSError as error:
        raise ModelError(_("{path} cannot be tried ({error}).", path=path, error=error)) from error
    if done.returncode == 0:
        return
    if done.returncode == 1 and done.stdout.strip():
        raise ModelError(done.stdout.strip())
    raise ModelError(
        _("{path} is not let in: trying it ended with status {status}.", path=path, status=done.returncode)
    )


def limit() -> None:
    """From here on: no file written, little memory and time. Where the system knows no limits, the time-out remains."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    limits = [(resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CPU, spent + CPU_S)]
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits.append((resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY_BYTES))
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))


def answer(path: Path) -> int:
    """What the process does; its exit status."""
    from kws_app.engine.model_file import KeywordModel, prepare_torch

    prepare_torch()
    limit()
    try:
        KeywordModel.load(path, vouched_for=False)
    except ModelError as error:
        print(error)
        return 1
    except MemoryError:
        print(
            _(
                "{path} is not let in: it wants more than {megabytes} MB of memory.",
                path=path,
                megabytes=MEMORY_BYTES // 1_000_000,
            )
        )
        return 1
    return 0
