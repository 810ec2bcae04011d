"""The result file of `kws-detect --resume`: JSON lines that also record which files are done.

The rows of an audio file stand together. A line with "done" ends them, even if there are no rows. If a run was ended
during a file, this line is missing: then the rows are removed, and the file is read again.
"""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

MOST_LINE_BYTES = 1 << 20
ROW_START = b'{"file": '


class ResultFileError(Exception):
    """The result file cannot be continued. The message is one sentence."""


class ResultFile:
    """An open result file. Each row is written at once. Use it as a context."""

    def __init__(self, path: Path, model: str, threshold: float | None) -> None:
        """model: name of the model; threshold: None for the threshold of the model

        raises ResultFileError if the file is no result, or has another model or threshold; OSError
        """
        self._path, self._model, self._threshold = path, model, threshold
        self.done: set[str] = set()  # finished files
        self.failed: set[str] = set()  # finished files that could not be read to their end
        if path.exists() and not path.is_file():
            raise ResultFileError(f"{path} is not a file: name a file for the results.")
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
        """Write that a file is done. error: one sentence if it could not be read to its end"""
        row = {"file": file, "done": True, "model": self._model, "threshold": self._threshold}
        row |= {"detections": detections, "length_s": round(length_s, 3)}
        self.write(row | ({"error": error} if error else {}))
        os.fsync(self._file.fileno())

    def _keep_what_is_whole(self) -> None:
        self._file.seek(0)
        whole = at = 0  # offsets: after the last row of a finished file, and of the present line
        last = ""  # the audio file of the present rows
        while line := self._file.readline(MOST_LINE_BYTES):
            if not line.endswith(b"\n") and line.startswith(ROW_START[: len(line)]):
                break  # the last line was cut
            row = self._parsed(line)
            if row["file"] != last:
                if last:  # rows of another file follow, so this file is done, too
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
                f"{self._path} has results of the model {str(row.get('model'))[:80]}, not of {self._model}: "
                "name another file."
            )
        if row.get("done") is True and row.get("threshold") != self._threshold:
            raise ResultFileError(
                f"{self._path} has results with the threshold {row.get('threshold')!s:.20}: name another file."
            )
        return row
