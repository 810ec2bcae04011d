"""A file of JSON lines that is its own record of what is done: `kws-detect --resume`.

The rows of one audio file stand together. A line with "done" follows them, also where there are none. A run that was
ended in the midst of a file leaves its rows without that line: they are taken off, and the file is heard again.
"""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

MOST_LINE_BYTES = 1 << 20
ROW_START = b'{"file": '


class ResultFileError(Exception):
    """A result file that cannot be continued; one sentence."""


class ResultFile:
    """An open result file. Rows are written as they are found; use it as a context."""

    def __init__(self, path: Path, model: str, threshold: float | None) -> None:
        """model: by name; threshold: None for the model's own

        raises ResultFileError if the file is no result, or one of another model or threshold; OSError
        """
        self._path, self._model, self._threshold = path, model, threshold
        self.done: set[str] = set()  # files
        self.failed: set[str] = set()  # of these, the ones that could not be read to their end
        if path.exists() and not path.is_file():
            raise ResultFileError(f"{path} is not a file: name one that the results go into.")
        self._file: BinaryIO = open(path, "a+b")  # noqa: SIM115 - closed by `close`
        try:
            self._keep_what_is_whole()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "ResultFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, row: dict[str, Any]) -> None:
        """Append a row."""
        self._file.write(json.dumps(row).encode() + b"\n")
        self._file.flush()

    def finish(self, file: str, detections: int, length_s: float, error: str) -> None:
        """Say that a file is done. error: a sentence where it could not be read to its end"""
        row = {"file": file, "done": True, "model": self._model, "threshold": self._threshold}
        row |= {"detections": detections, "length_s": round(length_s, 3)}
        self.write(row | ({"error": error} if error else {}))
        os.fsync(self._file.fileno())

    def _keep_what_is_whole(self) -> None:
        self._file.seek(0)
        whole = at = 0  # bytes: up to the last row of a file that is done, up to the line that is read
        last = ""  # the file whose rows are being read
        while line := self._file.readline(MOST_LINE_BYTES):
            if not line.endswith(b"\n") and line.startswith(ROW_START[: len(line)]):
                break  # torn
            row = self._parsed(line)
            if row["file"] != last:
                if last:  # without a line that says so it is done as well: the next file's rows follow
                    self.done.add(last)
                whole, last = at, row["file"]
            at += len(line)
            if row.get("done") is True:
                self.done.add(row["file"])
                if row.get("error"):
                    self.failed.add(row["file"])
                whole, last = at, ""
        if self._file.seek(0, os.SEEK_END) > whole:
            self._file.truncate(whole)

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ResultFileError(f"{self._path} is no result of kws-detect: name another file.") from error
        if not isinstance(row, dict) or not isinstance(row.get("file"), str):
            raise ResultFileError(f"{self._path} is no result of kws-detect: name another file.")
        if row.get("model") != self._model:
            raise ResultFileError(
                f"{self._path} is a result of the model {str(row.get('model'))[:80]}, not of {self._model}."
            )
        if row.get("done") is True and row.get("threshold") != self._threshold:
            raise ResultFileError(f"{self._path} is a result of the threshold {row.get('threshold')!s:.20}.")
        return row
