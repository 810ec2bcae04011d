"""The output of kws-detect: detections, messages, and a progress bar on a terminal. On the main thread."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kws_app.commands.file_hearing import FileResult, Row
from kws_app.commands.file_search import STANDARD_INPUT
from kws_app.commands.result_file import ResultFile


class OutputError(Exception):
    """The result cannot be written. The message is one sentence."""


class Report:
    """Detections go to stdout or a result file, messages to stderr, and the progress to a terminal."""

    def __init__(self, keyword: str, model: str, as_json: bool) -> None:
        self._keyword, self._model, self._as_json = keyword, model, as_json
        self.record: ResultFile | None = None
        self.has_failed = False
        self._bar: Any = None
        self._begun = time.monotonic()
        self._heard_s = 0.0

    def begin(self, bar: Any) -> None:
        """bar: a progress bar of tqdm, which counts bytes, or None"""
        self._bar = bar

    def row(self, file: str, row: "Row") -> None:
        """Print a detection. raises OutputError or BrokenPipeError"""
        if self._as_json:
            values = {"file": file, "keyword": self._keyword, "model": self._model}
            self._write_json({**values, "time_s": round(row.time_s, 3), "score": round(row.score, 4)})
        else:
            self._print(f"{printable(file)}  {row.time_s:9.2f} s  {self._keyword}  {row.score:.3f}")

    def finish(self, result: "FileResult") -> None:
        """Report the end of a file whose rows are printed already."""
        for remark in result.remarks:
            self._say(remark)
        if result.error:
            self.fail(result.error)
        if self.record is not None:
            try:
                self.record.finish(result.file, len(result.rows), result.length_s, result.error)
            except OSError as error:
                raise _unwritten(error) from error
        self._heard_s += result.length_s
        if self._bar is not None:
            speed = self._heard_s / max(1e-3, time.monotonic() - self._begun)
            self._bar.set_postfix_str(f"{speed:,.0f} x real time", refresh=False)
            self._bar.update(_size(result.file))

    def whole(self, result: "FileResult") -> None:
        """Report a file that another process has read."""
        for row in result.rows:
            self.row(result.file, row)
        self.finish(result)

    def fail(self, message: str) -> None:
        """Print an error, and let the exit status show it."""
        self.has_failed = True
        self._say(message)

    def _say(self, message: str) -> None:
        if self._bar is None:
            say(message)
        else:
            with self._bar.external_write_mode(file=sys.stderr):
                say(message)

    def _write_json(self, row: dict[str, Any]) -> None:
        if self.record is None:
            self._print(json.dumps(row))  # JSON escapes file names that are not valid text
            return
        try:
            self.record.write(row)
        except OSError as error:
            raise _unwritten(error) from error

    def _print(self, line: str) -> None:
        try:
            if self._bar is None:
                print(line, flush=True)
            else:
                with self._bar.external_write_mode(file=sys.stdout):
                    print(line, flush=True)
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            raise _unwritten(error) from error


@contextmanager
def progress(files: list[str]) -> Iterator[Any]:
    """A progress bar on a terminal; None if stderr is no terminal, or for a single file."""
    if len(files) <= 1 or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm  # late, as it takes long

    total = sum(map(_size, files))
    with tqdm(total=total, unit="B", unit_scale=True, file=sys.stderr, leave=False, smoothing=0.05) as bar:
        yield bar


def _size(file: str) -> int:
    """The size of a file in bytes; 0 if it is not known."""
    try:
        return os.stat(file).st_size if file != STANDARD_INPUT else 0
    except (OSError, ValueError):
        return 0


def _unwritten(error: Exception) -> OutputError:
    return OutputError(f"The result cannot be written: {reason(error)}.")


def reason(error: Exception) -> str:
    """The text of an error; for an error of the operating system, without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def discard_output() -> None:
    """Discard what Python writes at its end: a write would fail again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # stdout is missing or closed
        pass


def say(message: str) -> None:
    """Print a message on stderr."""
    if sys.stderr is None:
        return
    try:
        print(printable(f"kws-detect: {message}"), file=sys.stderr, flush=True)
    except (OSError, ValueError):  # stderr is closed
        pass


def printable(text: str) -> str:
    """The text on one line. Characters that a terminal cannot show, or would obey, become escapes."""
    shown = text.encode(errors="backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
