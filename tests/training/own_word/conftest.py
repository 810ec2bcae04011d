"""What all tests of own words share."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def lists_of_words(monkeypatch: pytest.MonkeyPatch, user_folder: Path) -> None:
    """The lists of words lie in a folder of the tests, and are made once."""
    monkeypatch.setenv("XDG_DATA_HOME", str(user_folder))
