"""Two trainings of one word: the second is refused in a sentence, and the first goes on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from training.own_word.one_at_a_time import one_at_a_time


def test_the_second_training_of_a_word_is_refused(tmp_path: Path):
    with one_at_a_time(tmp_path / "own_word" / "boom"):
        with one_at_a_time(tmp_path / "own_word" / "other"):
            pass
        command = [sys.executable, "-m", "training", "own-word", "boom", "--work", str(tmp_path)]
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, env=dict(os.environ), check=False
        )
    assert done.returncode == 2
    assert f"being trained already (process {os.getpid()})" in done.stderr.splitlines()[-1]
    with one_at_a_time(tmp_path / "own_word" / "boom"), pytest.raises(ValueError, match="already"):
        with one_at_a_time(tmp_path / "own_word" / "boom"):
            pass
