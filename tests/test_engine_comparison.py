"""The comparison of the engines, on a short recording."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.engine_comparison import main
from tests.support.made_sound import made_minute

pytest.importorskip("torch")


def test_it_compares_every_way_of_handing_over_the_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soundfile.write(str(tmp_path / "talk.wav"), made_minute()[:320_000], 16_000)
    assert main([str(tmp_path), "--hours", "0.005", "--model", "happy/tiny", "--model", "happy/expert"]) == 0
    first, *rows = capsys.readouterr().out.splitlines()
    assert first == "0.01 h of sound"
    assert [row.split()[0] for row in rows] == ["happy/expert"] * 3 + ["happy/tiny"] * 3
    differences = [float(word) for row in rows for word in row.split() if "e-" in word]
    assert len(differences) == 6 and np.max(differences) <= 1e-5
    assert all("the same" in row for row in rows)
