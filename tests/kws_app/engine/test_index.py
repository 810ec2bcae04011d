"""Which jitted models are ours: only two lists count, and no path opens a foreign program."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kws_app.engine import index
from kws_app.engine.catalogue import ModelFolders
from kws_app.engine.index import is_ours, note_own, own_program, write_index
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card, read_model_file
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from tests.support.loudness import save_loudness_model

torch = pytest.importorskip("torch")

FOREIGN = "not made on this machine"


class Alarm(torch.nn.Module):  # type: ignore[misc,name-defined]
    """A stranger's program."""

    def forward(self, x: Any) -> Any:
        return x


@pytest.fixture
def own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own list, empty."""
    path = tmp_path / "config" / "made_here.json"
    monkeypatch.setattr(index, "own_programs_file", lambda: path)
    return path


@pytest.fixture
def foreign(tmp_path: Path, own_list: Path) -> Path:
    """A stranger's program in a folder whose index vouches for it."""
    path = tmp_path / "strange" / "boom" / "teacher.pt"
    path.parent.mkdir(parents=True)
    torch.jit.save(torch.jit.script(Alarm()), str(path))
    write_index(path.parent.parent)
    return path


@pytest.fixture
def torch_opens(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What torch was asked to open."""
    opened: list[object] = []
    for owner, name in ((torch.jit, "load"), (torch, "load")):
        monkeypatch.setattr(owner, name, lambda file, *_, **__: opened.append(file))
    yield opened
    assert opened == []


def test_a_strangers_program_is_opened_on_no_path(
    foreign: Path, tmp_path: Path, tiny_models: Path, torch_opens: list[object]
) -> None:
    for read in (own_program, read_card, KeywordModel.load, lambda path: KeywordModel.load(path, "plain")):
        with pytest.raises(ModelError, match=FOREIGN) as error:
            read(foreign)
        assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="is a program"):
        read_model_file(foreign)
    with pytest.raises(ModelError, match=r"ask its maker for the \.safetensors file"):
        ModelFolders([tmp_path / "own"]).add(foreign)
    entries, broken = ModelFolders([tiny_models, foreign.parent.parent]).find_all()
    assert "boom/teacher" not in [entry.name for entry in entries]
    assert len(entries) == 3 and len(broken) == 1 and FOREIGN in broken[0]
    with pytest.raises(ModelError, match=FOREIGN):
        ModelFolders([foreign.parent.parent]).find("boom/teacher")


def test_beside_numbers_it_is_passed_over(foreign: Path, torch_opens: list[object]) -> None:
    numbers = foreign.with_suffix(".safetensors")
    save_loudness_model(numbers)
    assert KeywordModel.load(numbers, "jitted").network.engine == "plain"


def test_what_was_made_here_is_ours_wherever_it_lies(own_list: Path, tmp_path: Path) -> None:
    path = tmp_path / "boom" / "teacher.pt"
    path.parent.mkdir()
    path.write_bytes(b"a program")
    with pytest.raises(ModelError, match=FOREIGN):
        own_program(path)
    note_own(b"a program")
    note_own(b"a program")
    assert own_program(path).content == b"a program"
    assert len(json.loads(own_list.read_text())["models"]) == 1
    if os.name == "posix":
        assert own_list.stat().st_mode & 0o077 == 0


def test_an_own_list_that_cannot_be_read_vouches_for_nothing_and_is_begun_anew(own_list: Path) -> None:
    own_list.parent.mkdir()
    for text in ("", "[]", '{"models": 3}', '{"models": {"x": {}}}', "\ud800".encode("utf-8", "surrogatepass")):
        own_list.write_bytes(text if isinstance(text, bytes) else text.encode())
        assert not is_ours(b"x")
    note_own(b"x")
    assert is_ours(b"x")


def test_a_shipped_program_with_a_changed_byte_is_not_opened(tmp_path: Path, own_list: Path) -> None:
    copy = tmp_path / "happy" / "teacher.pt"
    copy.parent.mkdir()
    shutil.copy(MODELS_DIR / "happy" / "teacher.pt", copy)
    assert own_program(copy).path == copy
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    with pytest.raises(ModelError, match=FOREIGN):
        own_program(copy)
