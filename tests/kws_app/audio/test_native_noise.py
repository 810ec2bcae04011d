"""The terminal shows the messages of the program, but not those of C libraries."""

import subprocess
import sys

from tests.support.paths import REPOSITORY

PROGRAM = """
import os, sys
from kws_app.audio.native_noise import native_noise_silenced
with native_noise_silenced():
    os.write(2, b"a decoder's noise\\n")
    print("the program's word", file=sys.stderr)
os.write(2, b"after it\\n")
print("and Python's", file=sys.stderr)
"""


def test_python_is_heard_and_c_is_not():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "the program's word\nafter it\nand Python's\n")


def test_a_program_without_a_terminal_runs_as_well():
    code = "import os; os.close(2)" + PROGRAM.replace("os.write(2, b", "len(b").replace(", file=sys.stderr", "")
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    assert (done.returncode, done.stdout) == (0, "the program's word\nand Python's\n")
