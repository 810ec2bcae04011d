"""The command kws-detect: finds the keyword in audio files, faster than real time.

Modules that take long to import are imported late, where Ctrl-C is handled.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kws_app.commands.interruption import Interruption, interruptible
from kws_app.paths import MODELS_DIR, default_data_dir, own_models_dir

if TYPE_CHECKING:
    import argparse

    from kws_app.commands.file_hearing import Question
    from kws_app.commands.report import Report

CLOSED = 141  # exit status if the output is closed, as in a shell: 128 + SIGPIPE
FAILED = 2
MOST_JOBS = 256
# NumPy's products are small here: threads wait for each other longer than they multiply. --jobs is for several cores.
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def parse_arguments(arguments: list[str] | None = None) -> "argparse.Namespace":
    import argparse

    from kws_app import __version__
    from kws_app.engine.backends import ENGINE_HELP, ENGINES
    from kws_app.engine.card import DEFAULT_MODEL

    parser = argparse.ArgumentParser(
        prog="kws-detect",
        description="Find the keyword in audio files, with the same detector that the app runs.",
        epilog="Exit status: 0 if every file was read; 2 if a file could not be read, or an option is wrong; 130 after "
        "Ctrl-C, with the detections so far printed; 141 if the reader of the output has ended.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a WAV, FLAC, OGG or MP3 file of any rate; a folder, for all audio files in it and below it; a pattern "
        "such as 'radio/**/*.mp3'; or - for standard input",
    )
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, metavar="NAME", help="the model that listens (default: %(default)s)"
    )
    parser.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="the folder of models, DIR/<keyword>/<role> (default: the program's, and that of your own words)",
    )
    parser.add_argument(
        "--confirm",
        metavar="NAME",
        help="a second model of the keyword, such as happy/teacher: when the first model may have heard the word, the "
        "second model checks the last 2 s and decides; this gives far fewer false alarms for hardly more work",
    )
    parser.add_argument("--threshold", type=float, metavar="X", help="above 0, at most 1 (default: the model's own)")
    parser.add_argument("--engine", choices=ENGINES, help=ENGINE_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of text")
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="RESULT",
        help="write JSON lines into this file; files with results from an earlier run are not read again",
    )
    work = parser.add_mutually_exclusive_group()
    work.add_argument(
        "--jobs", type=_jobs, default=1, metavar="N", help="read N files at the same time, each in a process of its own"
    )
    work.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="read the files on the workers of this Dask scheduler, which need the same release and the same paths; "
        "whoever controls the scheduler controls the workers, so use it only in a network that you trust",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser.parse_args(arguments)


def _jobs(text: str) -> int:
    import argparse

    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"must be from 1 to {MOST_JOBS}, got {text!r}")
    return int(text)


def main(arguments: list[str] | None = None) -> int:
    for variable in ONE_THREAD:  # read when NumPy is imported, below
        os.environ.setdefault(variable, "1")
    with interruptible() as interruption:
        try:
            with interruption.held():
                from kws_app.audio.native_noise import native_noise_silenced
                from kws_app.commands.report import OutputError, discard_output, say

                options = parse_arguments(arguments)
            with native_noise_silenced():
                if hasattr(sys.stdout, "reconfigure"):  # characters that the terminal cannot show become escapes
                    sys.stdout.reconfigure(errors="backslashreplace")
                try:
                    return _run(options, interruption)
                except BrokenPipeError:  # the reader of the output, such as `head`, has ended
                    discard_output()
                    return CLOSED
                except OutputError as error:
                    discard_output()
                    say(str(error))
                    return FAILED
        except KeyboardInterrupt:
            return interruption.status


def _run(options: "argparse.Namespace", interruption: Interruption) -> int:
    """Run the command. Returns the exit status."""
    with interruption.held():
        from kws_app.commands.file_search import find_files
        from kws_app.commands.report import OutputError, Report, progress, reason, say
        from kws_app.commands.result_file import ResultFile, ResultFileError
        from kws_app.errors import ModelError

        try:
            question, keyword = _question(options)
        except (ModelError, ValueError) as error:
            say(str(error))
            return FAILED
    if sys.stdout is None and options.resume is None:
        raise OutputError("There is no standard output to write the result to: it is closed.")
    report = Report(keyword, question.name, options.json or options.resume is not None)
    files = list(find_files(options.files, report.fail))
    with ExitStack() as stack:
        if options.resume is not None:
            try:
                report.record = stack.enter_context(ResultFile(options.resume, question.name, options.threshold))
            except (ResultFileError, OSError) as error:
                say(reason(error))
                return FAILED
            files = [file for file in dict.fromkeys(files) if file not in report.record.done]
            report.has_failed |= bool(report.record.failed)
        report.begin(stack.enter_context(progress(files)))
        _hear(files, question, options, interruption, report)
    return FAILED if report.has_failed else 0


def _question(options: "argparse.Namespace") -> tuple["Question", str]:
    """The question of the options, and its keyword. raises ModelError or ValueError"""
    import os
    from dataclasses import replace

    from kws_app.commands.file_hearing import Question, models_of
    from kws_app.engine.backends import checked_engine

    if options.models and not options.models.is_dir():
        raise ValueError(f"There is no folder {options.models}: name a folder with models in DIR/<keyword>/<role>.")
    usual = (MODELS_DIR, own_models_dir(default_data_dir()))
    folders = tuple(map(str, (options.models.resolve(),) if options.models else usual))
    confirm = options.confirm or ""
    question = Question(options.model, confirm, options.threshold, checked_engine(options.engine), folders)
    models = models_of(question)
    if options.scheduler:
        question = replace(question, digests=models.digests, started_in=os.getcwd())
    return question, models.keyword


def _hear(
    files: list[str], question: "Question", options: "argparse.Namespace", interruption: Interruption, report: "Report"
) -> None:
    """Read the files and report the detections."""
    from functools import partial

    from kws_app.commands.file_hearing import hear_file
    from kws_app.commands.file_search import STANDARD_INPUT
    from kws_app.commands.job_runner import JobError, over_cluster, over_cores

    hear = partial(hear_file, question)
    elsewhere = [file for file in files if file != STANDARD_INPUT] if options.jobs > 1 or options.scheduler else []
    try:
        if elsewhere:
            over_cluster_or_cores = (
                over_cluster(hear, elsewhere, options.scheduler, "file")
                if options.scheduler
                else over_cores(hear, elsewhere, options.jobs)
            )
            with closing(over_cluster_or_cores) as results:
                for result in results:
                    report.whole(result)
    except JobError as error:
        report.fail(str(error))
    here = files if not elsewhere else [file for file in files if file == STANDARD_INPUT]
    for file in here:
        _hear_here(file, question, interruption, report)


def _hear_here(file: str, question: "Question", interruption: Interruption, report: "Report") -> None:
    """Read a file in this process. Each detection is reported at once."""
    from kws_app.commands.file_hearing import FileResult, detections, models_of
    from kws_app.errors import AudioError

    result = FileResult(file)
    try:
        with _spooled(file) as path:
            found = detections(path, models_of(question).detector(), result.remarks.append, result)
            for rows in interruption.each(found):
                for row in rows:
                    report.row(file, row)
                    result.rows.append(row)
    except AudioError as error:
        result.error = str(error)
    report.finish(result)


@contextmanager
def _spooled(file: str) -> Iterator[Path]:
    """The path of a file. Standard input is copied to a temporary file, for the decoder to seek. raises AudioError"""
    import shutil
    import tempfile

    from kws_app.commands.file_search import STANDARD_INPUT
    from kws_app.commands.report import reason
    from kws_app.errors import AudioError

    if file != STANDARD_INPUT:
        yield Path(file)
        return
    if sys.stdin is None or sys.stdin.isatty():
        reason_why = "closed" if sys.stdin is None else "a terminal"
        raise AudioError(f"There is no sound on standard input: it is {reason_why}.")
    with tempfile.TemporaryDirectory(prefix="kws-detect-") as folder:
        path = Path(folder) / "standard input"
        try:
            with path.open("wb") as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
        except OSError as error:
            raise AudioError(f"Standard input cannot be read: {reason(error)}.") from error
        try:
            yield path
        except AudioError as error:
            raise AudioError(str(error).replace(str(path), "Standard input")) from error


if __name__ == "__main__":
    sys.exit(main())
