"""What kws-detect prints: detections, sentences, and a bar on a terminal. On the main thread."""

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
    """The result cannot be written; one sentence."""


class Report:
    """What is found, on stdout or in a result file; what went wrong, on stderr; how far it is, on a terminal."""

    def __init__(self, keyword: str, model: str, as_json: bool) -> None:
        self._keyword, self._model, self._as_json = keyword, model, as_json
        self.record: ResultFile | None = None
        self.has_failed = False
        self._bar: Any = None
        self._begun = time.monotonic()
        self._heard_s = 0.0

    def begin(self, bar: Any) -> None:
        """bar: of tqdm, which counts bytes, or None"""
        self._bar = bar

    def row(self, file: str, row: "Row") -> None:
        """A detection. raises OutputError or BrokenPipeError"""
        if self._as_json:
            values = {"file": file, "keyword": self._keyword, "model": self._model}
            self._write_json({**values, "time_s": round(row.time_s, 3), "score": round(row.score, 4)})
        else:
            self._print(f"{printable(file)}  {row.time_s:9.2f} s  {self._keyword}  {row.score:.3f}")

    def finish(self, result: "FileResult") -> None:
        """A file is done, and its rows are reported."""
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
        """A file that was heard elsewhere."""
        for row in result.rows:
            self.row(result.file, row)
        self.finish(result)

    def fail(self, message: str) -> None:
        """Say what went wrong; the exit status tells it, too."""
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
            self._print(json.dumps(row))  # a name that is no text survives as the escapes of JSON
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
    """A bar on the terminal; None where stderr is none, or there is one file."""
    if len(files) <= 1 or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm  # late, as it takes long

    total = sum(map(_size, files))
    with tqdm(total=total, unit="B", unit_scale=True, file=sys.stderr, leave=False, smoothing=0.05) as bar:
        yield bar


def _size(file: str) -> int:
    """Bytes; 0 where that cannot be told."""
    try:
        return os.stat(file).st_size if file != STANDARD_INPUT else 0
    except (OSError, ValueError):
        return 0


def _unwritten(error: Exception) -> OutputError:
    return OutputError(f"The result cannot be written: {reason(error)}.")


def reason(error: Exception) -> str:
    """An operating system's reason without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def discard_output() -> None:
    """Send what Python flushes at its end nowhere: it would fail again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # a stdout that is none, or closed
        pass


def say(message: str) -> None:
    """A sentence on stderr."""
    if sys.stderr is None:
        return
    try:
        print(printable(f"kws-detect: {message}"), file=sys.stderr, flush=True)
    except (OSError, ValueError):  # nobody can be told
        pass


def printable(text: str) -> str:
    """The text on one line, with what no terminal can show, or would obey, written as escapes."""
    shown = text.encode(errors="backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
