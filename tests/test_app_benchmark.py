"""The benchmark: it starts the app as it is and reports every figure, for each engine."""

import pytest

from kws_app.engine.backends import ENGINES
from tests.app_benchmark import BUDGETS, main


@pytest.mark.long
def test_every_figure_is_measured_on_every_engine(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(["--starts", "1", "--seconds", "0.5", "--settle-s", "0.2", "--hour-s", "20"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == list(ENGINES) and len(lines) == len(BUDGETS)
    for line, (what, unit, _) in zip(lines, BUDGETS.values(), strict=True):
        assert line.startswith(what)
        cells = line.removeprefix(what).split()
        values = [float(cells[i]) for i in range(len(cells) - 1) if cells[i + 1] == unit]
        assert len(values) == len(ENGINES) and all(0 < value < 1e5 for value in values)
