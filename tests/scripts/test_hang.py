"""A test that hangs where no Python runs fails alone: the run goes on and sums up."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

HANGS = """
import ctypes
import pytest

@pytest.mark.parametrize("number", range(4))
def test_number(number):
    if number == 1:
        ctypes.PyDLL(None).pause()  # holds Python's lock, as a library may: no Python thread runs any more
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pause() is POSIX")
@pytest.mark.long
def test_a_hang_fails_one_test_and_the_run_goes_on(tmp_path: Path):
    (tmp_path / "test_hangs.py").write_text(HANGS)
    command = [sys.executable, "-m", "pytest", "-n", "1", "--dist", "worksteal", "-p", "no:cacheprovider"]
    settings = ["-c", str(REPOSITORY / "pyproject.toml"), "-o", "faulthandler_timeout=5", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [*command, *settings, str(tmp_path / "test_hangs.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "1 failed, 3 passed" in done.stdout, done.stdout + done.stderr
    assert "crashed while running" in done.stdout and "test_number[1]" in done.stdout
    assert "in test_number" in done.stderr  # where it stood
    assert done.returncode == 1


def test_only_a_hang_can_last_so_long(pytestconfig: pytest.Config):
    assert pytestconfig.getini("faulthandler_exit_on_timeout") is True
    limit_s = float(pytestconfig.getini("faulthandler_timeout"))
    assert limit_s >= 2 * PATIENCE_S  # a test that waits for too long fails by itself first
