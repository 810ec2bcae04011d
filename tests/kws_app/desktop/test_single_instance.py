"""The lock of the data folder: one process holds it, and no other file is ever harmed."""

import os
import sys
from pathlib import Path

import pytest

from kws_app.desktop.single_instance import FILE_NAME, AlreadyRunningError, hold
from kws_app.regular_file import NotRegularError


def test_a_folder_is_held_once_and_names_its_holder(tmp_path: Path):
    held = hold(tmp_path)
    assert held is not None
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}"):
        hold(tmp_path)
    held.close()
    again = hold(tmp_path)
    assert again is not None
    again.close()


@pytest.mark.parametrize("content", ["", "not a number", "99999999999999999999999"])
def test_what_another_program_wrote_into_the_lock_is_no_trouble(tmp_path: Path, content: str):
    (tmp_path / FILE_NAME).write_text(content)
    held = hold(tmp_path)
    assert held is not None and (tmp_path / FILE_NAME).read_text() == str(os.getpid())
    held.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs a right to make links")
def test_a_link_in_place_of_the_lock_is_refused_and_what_it_names_stays(tmp_path: Path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "precious")
    with pytest.raises(NotRegularError, match="is a link"):
        hold(tmp_path)
    assert (tmp_path / "precious").read_text() == "precious"
