"""A result file records which files are done: whole results are kept, an unfinished file is read again."""

import json
from pathlib import Path
from typing import Any

import pytest

from kws_app.commands.result_file import ResultFile, ResultFileError

MODEL = "loud/teacher"


def row(file: str, **other: Any) -> dict[str, Any]:
    return {"file": file, "model": MODEL, "time_s": 1.0} | other


def written(path: Path, *rows: dict[str, Any], tail: bytes = b"") -> Path:
    path.write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in rows) + tail)
    return path


def kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_rows_and_what_is_done_are_read_again(tmp_path: Path):
    path = tmp_path / "result.jsonl"
    with ResultFile(path, MODEL, None) as result:
        assert result.done == set()
        result.write(row("a"))
        result.finish("a", 1, 2.0, "")
        result.finish("b", 0, 2.0, "b is damaged.")
    with ResultFile(path, MODEL, None) as result:
        assert (result.done, result.failed) == ({"a", "b"}, {"b"})
    assert len(kept(path)) == 3


@pytest.mark.parametrize("tail", [b"", b'{"fi', b'{"file": "b", "model": "lou'])
def test_the_rows_of_a_file_that_was_not_finished_are_taken_off(tmp_path: Path, tail: bytes):
    path = written(tmp_path / "r", row("a"), row("a", done=True, threshold=None), row("b"), row("b"), tail=tail)
    with ResultFile(path, MODEL, None) as result:
        assert result.done == {"a"}
        result.write(row("b", time_s=2.0))
    assert [each["file"] for each in kept(path)] == ["a", "a", "b"]


def test_plain_json_lines_are_a_record_as_well_but_for_the_last_file(tmp_path: Path):
    path = written(tmp_path / "r", row("a"), row("a"), row("b"), row("c"), row("c"))
    with ResultFile(path, MODEL, None) as result:
        assert result.done == {"a", "b"}
    assert [each["file"] for each in kept(path)] == ["a", "a", "b"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"RIFF" + bytes(100), "no result of kws-detect"),
        (b"one\ntwo\n", "no result of kws-detect"),
        (b"[1]\n", "no result of kws-detect"),
        (b'{"some": "json"}\n', "no result of kws-detect"),
        (b"[" * 100_000 + b"\n", "no result of kws-detect"),
        (b'{"file": "a", "model": "other/model"}\n', "of the model other/model, not of loud/teacher"),
        (b'{"file": "a", "model": "loud/teacher", "done": true, "threshold": 0.5}\n', "with the threshold 0.5"),
    ],
)
def test_a_file_that_is_no_result_or_another_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, reason: str):
    path = tmp_path / "r"
    path.write_bytes(content)
    with pytest.raises(ResultFileError, match=reason):
        ResultFile(path, MODEL, None)
    assert path.read_bytes() == content
    with pytest.raises(ResultFileError, match="is not a file"):
        ResultFile(tmp_path, MODEL, None)


def test_a_name_that_is_no_text_comes_back(tmp_path: Path):
    path, name = tmp_path / "r", b"caf\xe9.wav".decode(errors="surrogateescape")
    with ResultFile(path, MODEL, None) as result:
        result.finish(name, 0, 1.0, "")
    with ResultFile(path, MODEL, None) as result:
        assert result.done == {name}
