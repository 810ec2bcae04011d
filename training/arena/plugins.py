"""Plug-ins: the engines of the arena. A plug-in is a file of a few lines that runs in its own environment.

A plug-in states as plain literals REQUIREMENTS (packages with versions) and WORDS (the words it knows, () for any).
BY_NAME_ONLY and WITHOUT_DEPENDENCIES are optional. Its class Engine(word, takes) has `frame_samples`. `score(frame)`
gives a number in 0..1 for the sound up to the end of this frame. Some engines run in several copies where a user runs a
single copy: `copies` divides the cost. This module reads the file and never imports it.
"""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ENGINES = Path(__file__).with_name("engines")


@dataclass(frozen=True)
class Plugin:
    """An engine and its requirements."""

    name: str
    path: Path
    about: str
    words: tuple[str, ...]  # () for any word
    requirements: tuple[str, ...]  # () for the Python that runs this program
    without_dependencies: tuple[str, ...] = ()  # packages to install without their dependencies
    by_name_only: bool = False  # whether it plays only if the user names it

    def knows(self, word: str) -> bool:
        """Whether the engine can listen for this word."""
        return not self.words or word in self.words


@dataclass(frozen=True)
class Environment:
    """A Python with an engine's packages, and the size of their download."""

    python: Path
    download_mb: float  # 0 if nothing was downloaded


def read_plugin(path: Path) -> Plugin:
    """Read a plug-in's file. raises ValueError, with a sentence, if it is not a plug-in"""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        stated = {
            target.id: ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in _STATED
        }
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path} is not a plug-in of the arena: {error}.") from error
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    if "Engine" not in classes or not {"REQUIREMENTS", "WORDS"} <= stated.keys():
        raise ValueError(f"{path} is not a plug-in of the arena: it needs REQUIREMENTS, WORDS and a class Engine.")
    return Plugin(
        name=path.stem,
        path=path,
        about=(ast.get_docstring(tree) or "").partition("\n")[0],
        words=tuple(stated["WORDS"]),
        requirements=tuple(stated["REQUIREMENTS"]),
        without_dependencies=tuple(stated.get("WITHOUT_DEPENDENCIES", ())),
        by_name_only=bool(stated.get("BY_NAME_ONLY", False)),
    )


_STATED = ("REQUIREMENTS", "WORDS", "WITHOUT_DEPENDENCIES", "BY_NAME_ONLY")


def plugins(names: tuple[str, ...] = (), word: str = "") -> list[Plugin]:
    """The named engines, or all open engines that know the word.

    names: of engines, or paths of plug-ins
    raises ValueError if a named engine does not exist or does not know the word
    """
    ours = {path.stem: read_plugin(path) for path in sorted(ENGINES.glob("*.py"))}
    if not names:
        return [plugin for plugin in ours.values() if not plugin.by_name_only and plugin.knows(word)]
    found = []
    for name in names:
        if name not in ours and not name.endswith(".py"):
            raise ValueError(f"There is no engine {name!r}. Name one of {', '.join(ours)}, or the path of a plug-in.")
        plugin = ours.get(name) or read_plugin(Path(name))
        if not plugin.knows(word):
            raise ValueError(f"{plugin.name} does not know the word {word!r}. It knows {', '.join(plugin.words)}.")
        found.append(plugin)
    return found


def environment_of(plugin: Plugin, folder: Path) -> Environment:
    """The plug-in's environment below `folder`. It is made on first use.

    raises OSError, with a sentence, if its packages cannot be installed
    """
    wanted = (*plugin.requirements, *plugin.without_dependencies)
    if not wanted:
        return Environment(Path(sys.executable), 0.0)
    place = folder / f"{plugin.name}-{hashlib.sha256(repr(wanted).encode()).hexdigest()[:8]}"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    done = place / "download_mb"
    if not done.is_file():
        shutil.rmtree(place, ignore_errors=True)
        try:
            _call([sys.executable, "-m", "venv", str(place)])
            wheels = place / "wheels"
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-q"]
            for extra, names in (((), plugin.requirements), (("--no-deps",), plugin.without_dependencies)):
                if names:
                    _call([*pip, "download", "-d", str(wheels), *extra, *names])
                    _call([*pip, "install", "--no-index", "--find-links", str(wheels), *extra, *names])
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise OSError(f"{plugin.name} could not be installed: {error}") from error
        size = sum(path.stat().st_size for path in wheels.iterdir())
        shutil.rmtree(wheels)
        done.write_text(f"{size / 1e6:.1f}")
    return Environment(python, float(done.read_text()))


def _call(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        raise OSError(lines[-1] if lines else f"{command[0]} ended with {result.returncode}")
