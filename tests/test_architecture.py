"""Who may import whom, read from the source of every module."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY

# A folder or module imports only from those before it, or on its own line. `kws_app.ui` and the tops of the packages
# hold modules of several floors, so these modules stand here by their own names.
ORDER = """
kws_app.errors kws_app.translation kws_app.own_process kws_app.paths
kws_app.atomic_file kws_app.regular_file
kws_app.engine
kws_app.audio
kws_app.detection
kws_app.history kws_app.actions kws_app.own_word kws_app.desktop
kws_app.listening
kws_app.settings
kws_app.wyoming kws_app.commands

kws_app.ui.keys kws_app.ui.theme kws_app.ui.application kws_app.ui.no_display
kws_app.ui.settings_store
kws_app.ui.widgets
kws_app.ui.plots kws_app.ui.sources.level_meter
kws_app.ui.words
kws_app.ui.history
kws_app.ui.shortcuts kws_app.ui.models
kws_app.ui.window_layout
kws_app.ui.sources
kws_app.ui.listening
kws_app.ui.own_word
kws_app.ui.actions kws_app.ui.first_run
kws_app.ui.desktop
kws_app.ui.window
kws_app.__main__

training.atomic_file training.digest training.each_core training.overrides training.progress
training.config
training.recipes
training.corpus
training.features
training.network
training.evaluate
training.arena
training.fit
training.export
training.own_word
training.ready_word
training.report
training.arguments training.stages training.describe_word
training.__main__
"""

# What still imports upwards. This list only ever gets shorter.
UPWARDS: set[tuple[str, str]] = set()

QT = {"PyQt6", "pyqtgraph"}
HOLD_QT = ("kws_app.ui", "kws_app.listening.worker", "kws_app.__main__")
HOLD_TORCH = {"kws_app.engine.backends.jitted", "kws_app.engine.backends.torch_frontend"}
HOLDS_SOUNDDEVICE = "kws_app.audio.portaudio"


def modules(package: str) -> dict[str, Path]:
    """Source files by dotted name."""
    return {
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((REPOSITORY / package).rglob("*.py"))
    }


def imports(path: Path, late: bool = True) -> set[str]:
    """Dotted names that a file imports, inside functions too if `late`; not those for the type checker alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not late:
        tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
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
IMPORTS = {name: imports(path) for name, path in OURS.items()}


@cache
def reached(name: str) -> set[str]:
    """Everything that importing a module of ours can bring in, directly or through others of ours."""
    seen: set[str] = set()
    pending = {name}
    while pending:
        module = pending.pop()
        seen.add(module)
        pending |= IMPORTS.get(module, set()) - seen
    return seen - {name}


def tops(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def has_code(path: Path) -> bool:
    """Most __init__ files hold one sentence only."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


WITH_CODE = {name for name, path in OURS.items() if has_code(path)} - {
    "kws_app",  # holds its version number
    "training",  # sets NumPy's threads before NumPy is there
}


def our_imports(name: str) -> set[str]:
    """The modules of ours that a module imports."""
    return (IMPORTS[name] & WITH_CODE) - {name}


# --- the order of the floors ----------------------------------------------------------------------------------------

FLOORS = {place: floor for floor, line in enumerate(ORDER.split("\n")) for place in line.split()}


def place_of(name: str) -> str:
    """Where a module lies: the longest name in ORDER that it begins with."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (place := ".".join(parts[:length])) in FLOORS:
            return place
    pytest.fail(f"{name} lies in no folder of ORDER: add it where it belongs")


def upward_imports() -> Iterator[tuple[str, str]]:
    for name in WITH_CODE:
        for other in our_imports(name):
            here, there = place_of(name), place_of(other)
            if here != there and FLOORS[there] > FLOORS[here] and here.split(".")[0] == there.split(".")[0]:
                yield name, other


def test_a_folder_imports_only_from_the_folders_below_it():
    assert set(upward_imports()) == UPWARDS


def test_the_order_names_nothing_that_is_gone():
    assert set(FLOORS) == {place_of(name) for name in WITH_CODE}


def test_no_module_imports_itself_through_others():
    """Modules are taken away from the bottom up: what is left over goes round in a circle.

    An import inside a function is not counted: it chooses what is loaded, such as an engine.
    """
    at_the_top = {name: imports(OURS[name], late=False) & WITH_CODE for name in WITH_CODE}
    left = set(WITH_CODE)
    while bottom := {name for name in left if not at_the_top[name] & left}:
        left -= bottom
    assert not left


# --- the homes of the large libraries -------------------------------------------------------------------------------


APP, TRAINING = modules("kws_app"), modules("training")


def test_the_app_never_imports_training():
    assert [name for name in APP if "training" in tops(reached(name))] == []


def test_training_needs_neither_qt_nor_a_device():
    assert [name for name in TRAINING if tops(reached(name)) & (QT | {"sounddevice"})] == []


def test_sounddevice_has_one_home():
    assert [name for name in OURS if "sounddevice" in tops(IMPORTS[name])] == [HOLDS_SOUNDDEVICE]


def test_torch_has_one_home_in_the_app():
    assert {name for name in APP if tops(IMPORTS[name]) & {"torch", "torchaudio"}} == HOLD_TORCH


def test_only_the_window_and_the_worker_reach_qt():
    assert [name for name in APP if tops(reached(name)) & QT and not name.startswith(HOLD_QT)] == []


@pytest.mark.parametrize("name", ["kws_app.commands.detect", "kws_app.detection.detector"])
def test_the_command_line_needs_no_device(name: str):
    assert "sounddevice" not in tops(reached(name))


def test_the_worker_knows_no_widget():
    assert not [
        name for name in reached("kws_app.listening.worker") if name.startswith(("PyQt6.QtWidgets", "pyqtgraph"))
    ]


def test_nothing_is_unpickled_and_no_folder_is_a_rag_bag():
    for name in modules("kws_app"):
        assert not tops(IMPORTS[name]) & {"pickle", "dill"}, name
        # it hands work to processes of this program's own; its `load` would run what a file says
        assert not {found for found in IMPORTS[name] if found.startswith("joblib")} - {
            "joblib",
            "joblib.Parallel",
            "joblib.delayed",
            "joblib.externals.loky",
            "joblib.externals.loky.get_reusable_executor",
            "joblib.externals.loky.process_executor",
            "joblib.externals.loky.process_executor.TerminatedWorkerError",
        }, name
        assert not {"utils", "helpers", "common"} & set(name.split(".")), name


# --- signals and threads --------------------------------------------------------------------------------------------


def test_nobody_is_given_a_signal_to_emit():
    """A signal does not keep its object alive: to emit it later is a crash. A method keeps its object alive."""
    for name, path in OURS.items():
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        called = {node.func for node in nodes if isinstance(node, ast.Call)}
        emits = {node for node in nodes if isinstance(node, ast.Attribute) and node.attr == "emit"}
        assert emits <= called, name


# --- the audio callback ---------------------------------------------------------------------------------------------

# What PortAudio's callback runs, and all that it may call there. Nothing in it waits, allocates much or can fail.
IN_THE_CALLBACK = {
    ("kws_app.audio.microphone", "callback"): {"target", "monotonic", "max", "write", "process"},
    ("kws_app.audio.ring", "write"): {"len", "put"},
    ("kws_app.audio.circular_buffer", "put"): {"len", "min"},
}
CALLED_THERE = ("kws_app.audio.ring", "kws_app.audio.circular_buffer", "kws_app.audio.downmix")


@pytest.mark.parametrize(("module", "function"), IN_THE_CALLBACK)
def test_the_audio_callback_copies_and_counts(module: str, function: str):
    tree = ast.parse(OURS[module].read_text(encoding="utf-8"))
    (body,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function)
    called = {node.func for node in ast.walk(body) if isinstance(node, ast.Call)}
    names = {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "?") for node in called}
    assert names <= IN_THE_CALLBACK[module, function]
    assert not [node for node in ast.walk(body) if isinstance(node, ast.With | ast.Import | ast.ImportFrom | ast.While)]


@pytest.mark.parametrize("name", CALLED_THERE)
def test_what_the_audio_callback_runs_knows_no_lock_no_log_and_no_disk(name: str):
    assert tops(reached(name)) <= {"collections", "dataclasses", "kws_app", "numpy", "typing"}
