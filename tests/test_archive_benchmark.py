"""The benchmark of kws-detect --jobs: its arithmetic, and one small run."""

import pytest

from tests.archive_benchmark import fitted, main


def test_what_does_not_shrink_is_told_from_what_is_shared():
    assert fitted({1: 10.0, 2: 6.0, 4: 4.0}) == pytest.approx((2.0, 8.0))
    assert fitted({1: 10.0, 2: 4.0})[0] == 0.0


def test_a_small_run_names_each_number_of_jobs(capsys: pytest.CaptureFixture[str]):
    main(["--files", "2", "--minutes", "0.05", "--jobs", "1", "2", "--repeats", "1", "--engine", "plain"])
    said = capsys.readouterr().out
    assert "  1 jobs " in said and "  2 jobs " in said
    assert " 64 jobs " in said or "more jobs took longer" in said
