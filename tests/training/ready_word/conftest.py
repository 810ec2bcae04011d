"""A data folder with toy speech, and a work folder with the toy word's made-up expert."""

import shutil
from pathlib import Path

import pytest

from tests.support.made_expert import SETTINGS, write_made_expert
from tests.support.toy_speech import KEYWORD, write_archive

SPEAKERS, VALIDATION, TESTING = 30, 12, 4


@pytest.fixture(scope="session")
def toy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of three words and talk, with enough speakers in each set."""
    root = write_archive(tmp_path_factory.mktemp("ready"), SPEAKERS)
    clips = root / "speech_commands"
    names = [[f"{path.parent.name}/{path.name}" for path in sorted(clips.glob(f"{word}/*"))] for word in words(clips)]
    for name, first, last in (("validation", 0, VALIDATION), ("testing", VALIDATION, VALIDATION + TESTING)):
        (clips / f"{name}_list.txt").write_text("\n".join(n for of_word in names for n in of_word[first:last]) + "\n")
    (root / "speech_streams").mkdir()
    shutil.move(root / "talk", root / "speech_streams" / "talk")
    return root


def words(clips: Path) -> list[str]:
    return sorted(path.name for path in clips.iterdir() if path.is_dir() and not path.name.startswith("_"))


@pytest.fixture(scope="session")
def expert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with an expert of the toy word."""
    models = tmp_path_factory.mktemp("models")
    write_made_expert(models, KEYWORD, SETTINGS)
    return models
