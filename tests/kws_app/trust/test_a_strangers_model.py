"""A stranger's model: whatever it tries, it is refused before it runs, or where it can do no harm."""

import contextlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kws_app.engine.card import CARD_FILE, read_card
from kws_app.engine.catalogue import find_model
from kws_app.engine.model_file import KeywordModel
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from kws_app.trust.admission import admit
from kws_app.trust.archive import checked_archive
from kws_app.trust.child import try_in_child
from kws_app.trust.code import checked_code
from tests.support.loudness import Loudness, save_loudness_model

State = tuple[Tensor, Tensor, Tensor, Tensor]
MARK = "/tmp/kws-stranger-was-here"  # what an artifact tries to write: TorchScript takes it as it stands


class Writes(Loudness):
    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        torch.save(log_mel, "/tmp/kws-stranger-was-here")
        return torch.zeros(1, 0), torch.zeros(1, 0, 1), state


class Maps(Loudness):
    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        grabbed = torch.from_file("/tmp/kws-stranger-was-here", True, 10)
        return grabbed[None, :0], torch.zeros(1, 0, 1), state


class Loops(Loudness):
    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        while bool(log_mel.sum() > -1e30):
            log_mel = log_mel + 0.0
        return torch.zeros(1, 0), torch.zeros(1, 0, 1), state


class Fills(Loudness):
    """As far as its operators go, it is harmless."""

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        much = torch.zeros(90000, 90000) + 1.0
        return much[:1, :0], torch.zeros(1, 0, 1), state


class Dawdles(Loudness):
    """The same: straight on, but hours of it."""

    def forward(self, log_mel: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        slow = torch.zeros(5000, 5000)
        slow = slow.matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow)
        slow = slow.matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow).matmul(slow)
        return slow[:1, :0], torch.zeros(1, 0, 1), state


class WakesAtLoading(Loudness):
    """TorchScript runs this while it loads, before anything is asked of the model."""

    @torch.jit.export
    def __getstate__(self) -> int:
        return 1

    @torch.jit.export
    def __setstate__(self, state: int) -> None:
        torch.save(torch.zeros(1), "/tmp/kws-stranger-was-here")


@pytest.fixture
def artifact(tmp_path: Path) -> Callable[..., Path]:
    """artifact(module) -> a file of it with a card that promises what Loudness gives"""

    def make(module: torch.nn.Module) -> Path:
        good, path = tmp_path / "good" / "teacher.pt", tmp_path / "stranger.pt"
        save_loudness_model(good)
        card = read_card(good).to_json()
        torch.jit.save(torch.jit.script(module.eval()), str(path), _extra_files={CARD_FILE: card})
        return path

    return make


@pytest.fixture(autouse=True)
def nothing_written():
    Path(MARK).unlink(missing_ok=True)
    yield
    assert not Path(MARK).exists()


def repack(path: Path, target: Path, change: Callable[[str, bytes], bytes | None], extra: dict[str, bytes]) -> Path:
    """A copy of an archive with its entries changed (None leaves one out) and others added."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        top = old.namelist()[0].split("/")[0]
        for name in old.namelist():
            content = change(name.partition("/")[2], old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name, content in extra.items():
            new.writestr(f"{top}/{name}", content)
    return target


@pytest.mark.parametrize("name", ["happy/teacher", "happy/student", "happy/quantized"])
def test_what_ships_would_pass_and_gives_the_same_scores(name: str):
    path = find_model(name, MODELS_DIR).path
    KeywordModel.load(path, vouched_for=False)  # which compares the scores


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (Writes, "torch.save"),
        (Maps, "torch.from_file"),
        (Loops, "bool|While"),
        (WakesAtLoading, "__setstate__|__getstate__|more than plain"),
    ],
)
def test_what_is_more_than_arithmetic_is_refused_before_it_is_loaded(artifact, module, reason, monkeypatch):
    path = artifact(module())
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("it was loaded"))
    with pytest.raises(ModelError, match=f"is not let in: .*({reason})") as error:
        KeywordModel.load(path)
    assert "\n" not in str(error.value)


def test_loading_alone_would_have_run_it(artifact):
    with contextlib.suppress(RuntimeError):  # it leaves a field unset, which is found out too late
        torch.jit.load(str(artifact(WakesAtLoading())))
    assert Path(MARK).exists()
    Path(MARK).unlink()


def test_what_wants_all_memory_is_refused_in_the_child(artifact):
    path = artifact(Fills())
    checked_archive(path)
    with pytest.raises(ModelError, match=r"memory|allocat|no usable model"):
        try_in_child(path)


def test_what_does_not_answer_is_ended_in_the_child(artifact, monkeypatch):
    path = artifact(Dawdles())
    checked_archive(path)
    with pytest.raises(ModelError, match=r"does not answer within|ended with status"):
        try_in_child(path, patience_s=12.0)


def test_the_child_may_write_no_file(tmp_path: Path, python):
    code = f"from kws_app.trust.child import limit; limit(); open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x')"
    process = python(["-c", code])
    _, _error = process.communicate(timeout=30)
    assert process.returncode != 0
    assert not (tmp_path / "x").exists() or (tmp_path / "x").read_text() == ""


def test_the_child_takes_no_code_from_where_the_user_is(artifact, tmp_path: Path, monkeypatch):
    (tmp_path / "hashlib.py").write_text(f"open({MARK!r}, 'w'); raise SystemExit(7)")
    path = artifact(Loudness())
    monkeypatch.chdir(tmp_path)
    try_in_child(Path(path.name))


def test_a_good_one_is_admitted_repacked_listed_and_loads(tmp_path: Path):
    source = tmp_path / "from the web.pt"
    save_loudness_model(tmp_path / "loud" / "teacher.pt")
    shutil.move(tmp_path / "loud" / "teacher.pt", source)
    folder = tmp_path / "models"
    assert admit(source, folder) == "loud/teacher"
    entry = find_model("loud/teacher", folder)
    KeywordModel.load(entry.path)
    assert oct(entry.path.stat().st_mode)[-3:] == "600" and oct(entry.path.parent.stat().st_mode)[-3:] == "700"
    names = zipfile.ZipFile(entry.path).namelist()
    assert not [name for name in names if "debug" in name]
    content = bytearray(entry.path.read_bytes())
    content[content.index(b"sigmoid")] ^= 1
    entry.path.write_bytes(content)
    with pytest.raises(ModelError, match="differs"):
        KeywordModel.load(entry.path)


def test_a_card_cannot_name_a_place(tmp_path: Path):
    good = tmp_path / "loud" / "teacher.pt"
    save_loudness_model(good, keyword="../../../evil")
    with pytest.raises(ModelError, match="no name for a keyword"):
        admit(good, tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_what_lies_between_two_readings_is_not_there(tiny_models: Path, tmp_path: Path):
    good = tiny_models / "loud" / "teacher.pt"
    for extra, reason in (
        ({"code/__torch__/other.py": b"class A(Module):\n  x : int\n"}, "several modules"),
        ({"code/../evil.py": b""}, "which no model needs"),
        ({"data/0": b"1234"}, "which no model needs"),
        ({"mobile.pkl": b""}, "which no model needs"),
    ):
        path = repack(good, tmp_path / "other.pt", lambda _, content: content, extra)
        with pytest.raises(ModelError, match=reason):
            checked_archive(path)


def test_a_bomb_is_not_unpacked(tiny_models: Path, tmp_path: Path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(tiny_models / "loud" / "teacher.pt") as old:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
            new.writestr("teacher/constants/9", bytes(100_000_000))
    with pytest.raises(ModelError, match="unpacks to more than"):
        checked_archive(path)


class Runs:
    def __reduce__(self):
        return os.system, (f"touch {MARK}",)


@pytest.mark.parametrize("part", ["data.pkl", "constants.pkl"])
def test_a_pickle_that_runs_something_is_refused(tiny_models: Path, tmp_path: Path, part: str):
    evil = pickle.dumps(Runs(), protocol=2)
    path = repack(
        tiny_models / "loud" / "teacher.pt", tmp_path / "p.pt", lambda name, old: evil if name == part else old, {}
    )
    with pytest.raises(ModelError, match=r"calls|its data"):
        KeywordModel.load(path)


def test_a_tensor_that_claims_more_than_its_file_is_refused(tmp_path: Path):
    path = MODELS_DIR / "happy" / "teacher.pt"

    def shorten(name: str, content: bytes) -> bytes:
        return content[:100] if name == "constants/0" else content

    with pytest.raises(ModelError, match="claims 13824 values"):
        checked_archive(repack(path, tmp_path / "short.pt", shorten, {}))

    def reach(name: str, content: bytes) -> bytes:  # a stride of 144 becomes one of 255
        return content.replace(b"K\x90K\x01t", b"K\xffK\x01t", 1) if name == "constants.pkl" else content

    with pytest.raises(ModelError, match="reaches beyond its file"):
        checked_archive(repack(path, tmp_path / "far.pt", reach, {}))


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "x = torch.load('a')",
        "x = ops.aten.save(y, 'a')",
        "x = ops.prim.PythonOp(1)",
        "x = self.secret()",
        "self.x = 1",
        "x = CONSTANTS.c0.data",
        "x = [y for y in z]",
        "x = lambda: 1",
        "x = 1000000000",
        "x = 'a\\nb'",
        "for x in y:\n      pass",
        "while True:\n      pass",
        "x = torch.cat([a], fork(1))",
        "x : __torch__.A[torch.save(y)] = 1",
        "x = uninitialized(torch.save(y))",
        "with a:\n      pass",
    ],
)
def test_code_outside_the_list_is_refused(line: str):
    text = f"class A(Module):\n  def forward(self, a: Tensor) -> Tensor:\n    {line}\n    return a\n"
    checked_code(text.replace(line, "x = torch.add(a, 1)"))
    with pytest.raises(ModelError, match=r"which no model needs|cannot be read"):
        checked_code(text)


def test_comments_that_another_parser_may_read_are_gone():
    text = (
        "class A(Module):\n  def forward(self, a):\n    # type: (Tensor) -> Tensor\n    return a # x = torch.save(a)\n"
    )
    assert "#" not in checked_code(text)


def test_absurd_tolerances_are_refused(tmp_path: Path):
    path = tmp_path / "loud" / "teacher.pt"
    save_loudness_model(path)
    good = json.loads(read_card(path).to_json())
    for value in (1e9, 0, float("nan"), "x"):
        module = torch.jit.load(io.BytesIO(path.read_bytes()))
        other = tmp_path / "other.pt"
        torch.jit.save(module, str(other), _extra_files={CARD_FILE: json.dumps(good | {"golden_tolerance": value})})
        with pytest.raises(ModelError, match="golden_tolerance"):
            read_card(other)


@pytest.mark.parametrize("line", ["torch.save__parameters__ = []", "x = []", "torch.x : int", "__parameters__ = [y]"])
def test_what_a_class_declares_is_looked_at_too(line: str):  # the first was found by fuzzing
    text = f"class A(Module):\n  {line}\n  def forward(self, a: Tensor) -> Tensor:\n    return a\n"
    with pytest.raises(ModelError, match="which no model needs"):
        checked_code(text)
