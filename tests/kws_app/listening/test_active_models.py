"""The models that listen: how often their files are read."""

from collections import Counter
from pathlib import Path

import pytest

from kws_app.engine import model_file
from kws_app.engine.catalogue import ModelFolders
from kws_app.listening.active_models import ActiveModels


def test_each_card_is_read_once_for_the_list_and_a_model_that_listens_once_more(
    tiny_models: Path, monkeypatch: pytest.MonkeyPatch
):
    reads: Counter[str] = Counter()
    read_bytes = model_file.read_bytes

    def counted(path: Path) -> bytes:
        reads[f"{path.parent.name}/{path.stem}"] += 1
        return read_bytes(path)

    monkeypatch.setattr(model_file, "read_bytes", counted)
    folders = ModelFolders([tiny_models])
    entries, _broken = folders.find_all()
    assert reads == {entry.name: 1 for entry in entries}
    assert ActiveModels(folders).use(["loud/teacher"]) == {}
    assert reads == {entry.name: 2 if entry.name == "loud/teacher" else 1 for entry in entries}
