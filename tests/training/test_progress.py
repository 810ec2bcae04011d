"""Progress counts parts, and a stage ends when it is cancelled."""

import pytest

from training.progress import SILENT, Progress, StageStoppedError


def test_each_part_is_told_and_the_end_too() -> None:
    told: list[tuple[str, int, int, str]] = []
    progress = Progress(tell=lambda *row: told.append(row))
    assert list(progress.track(["a", "b"], "letters")) == ["a", "b"]
    assert told == [("letters", 0, 2, ""), ("letters", 1, 2, ""), ("letters", 2, 2, "")]


def test_a_cancelled_stage_ends_before_the_next_part() -> None:
    seen: list[int] = []
    progress = Progress(is_cancelled=lambda: len(seen) == 2)
    with pytest.raises(StageStoppedError, match="numbers: stopped after 2 of 5"):
        for number in progress.track(range(5), "numbers"):
            seen.append(number)
    assert seen == [0, 1]


def test_nothing_is_told_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(SILENT.track([1, 2], "numbers")) == [1, 2]
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
