"""Who may import whom, read from the source of every module, through any number of steps."""

import ast
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

GUI = (
    "kws_app.ui",
    "kws_app.listening.worker",
    "kws_app.__main__",
    "tests.app_benchmark",
    "tests.soak.live",
    "tests.soak.__main__",
)
QT = {"PyQt6", "pyqtgraph"}


def modules(package: str) -> dict[str, Path]:
    """Source files by dotted name."""
    return {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((REPOSITORY / package).rglob("*.py"))
    }


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports anywhere in it, those for the type checker alone left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            skipped.update(child for statement in node.body for child in ast.walk(statement))
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


OURS = {**modules("kws_app"), **modules("training")}


def reached(name: str) -> set[str]:
    """Everything that importing a module of ours can bring in, directly or through others of ours."""
    seen: set[str] = set()
    pending = {name}
    while pending:
        module = pending.pop()
        seen.add(module)
        if module in OURS:
            pending |= imports(OURS[module]) - seen
    return seen - {name}


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("name", modules("kws_app"))
def test_the_app_never_imports_training(name: str):
    assert "training" not in tops(reached(name))


@pytest.mark.parametrize("name", modules("training"))
def test_training_needs_neither_qt_nor_a_device(name: str):
    assert not tops(reached(name)) & (QT | {"sounddevice"})


@pytest.mark.parametrize("name", OURS)
def test_only_audio_knows_sounddevice(name: str):
    assert name == "kws_app.audio.portaudio" or "sounddevice" not in tops(imports(OURS[name]))


@pytest.mark.parametrize("name", modules("kws_app"))
def test_only_gui_files_reach_qt(name: str):
    assert name.startswith(GUI) or not tops(reached(name)) & QT


@pytest.mark.parametrize("name", ["kws_app.commands.detect", "kws_app.detection.detector"])
def test_the_command_line_needs_no_device(name: str):
    assert "sounddevice" not in tops(reached(name))


def test_the_worker_knows_no_widget():
    assert not [
        name for name in reached("kws_app.listening.worker") if name.startswith(("PyQt6.QtWidgets", "pyqtgraph"))
    ]


def test_nothing_is_unpickled_and_no_folder_is_a_rag_bag():
    for name, path in modules("kws_app").items():
        assert not tops(imports(path)) & {"pickle", "joblib", "dill"}, name
        assert not {"utils", "helpers", "common"} & set(name.split(".")), name
