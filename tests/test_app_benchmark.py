"""The benchmark: it starts the app as it is and reports every figure."""

from tests.app_benchmark import BUDGETS, main


def test_every_figure_is_measured(capsys):
    assert main(["--starts", "1", "--seconds", "0.5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(BUDGETS)
    for line, (what, unit, _) in zip(lines, BUDGETS.values(), strict=True):
        assert line.startswith(what)
        value, measured_in = line.removeprefix(what).split()[:2]
        assert measured_in == unit and 0 < float(value) < 1e5
