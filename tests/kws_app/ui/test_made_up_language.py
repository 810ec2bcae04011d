"""The app in a made-up language: a text that stays English was not marked for translation."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kws_app.translation import FOLDER_VARIABLE
from tests.support.paths import REPOSITORY
from tests.support.pseudo import LANGUAGE, pseudo, write_catalogue
from tests.support.waiting import LONG_PATIENCE_S


def test_the_language_keeps_what_is_filled_in():
    assert pseudo("Say {word!r} in {seconds:.0f} s, and &go") == "⟦Šáý {word!r} íñ {seconds:.0f} š, áñð &ğó~~~~~~~~~~⟧"


@pytest.mark.long
def test_no_state_of_the_window_shows_what_is_not_translated(tmp_path: Path):
    """If this names a text that you added: put _() around it and run scripts/strings."""
    write_catalogue(tmp_path)
    environment = {**os.environ, FOLDER_VARIABLE: str(tmp_path), "LANGUAGE": LANGUAGE, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--maxfail=2"]
    command += ["tests/support/pseudo_window.py"]
    run = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, encoding="utf-8", timeout=LONG_PATIENCE_S
    )
    assert run.returncode == 0, run.stdout[-20_000:]
