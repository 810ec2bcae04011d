"""The wheel holds all that runs from any folder, and the lock answers to pyproject.toml."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built by hatchling in this environment: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("kws_app-*.whl")
    return zipfile.ZipFile(path)


def dist_info(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = (each for each in wheel.namelist() if each.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def committed_files(folder: str) -> list[Path]:
    """Files that a checkout would hold; where git cannot say, all that do not look made by a tool."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", folder],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        paths = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        paths = [path.relative_to(REPOSITORY) for path in (REPOSITORY / folder).rglob("*") if path.is_file()]
    # hidden files are markers such as .gitkeep; a deleted file is still listed until the deletion is added
    return [p for p in paths if (REPOSITORY / p).is_file() and p.suffix != ".pyc" and not p.name.startswith(".")]


@pytest.mark.parametrize("package", ["kws_app", "training"])
def test_wheel_holds_every_module(wheel: zipfile.ZipFile, package: str) -> None:
    expected = {path.as_posix() for path in committed_files(package)}
    assert f"{package}/__init__.py" in expected
    assert expected <= set(wheel.namelist())


@pytest.mark.parametrize("folder", ["models", "assets"])
def test_wheel_carries_models_and_assets_inside_the_package(wheel: zipfile.ZipFile, folder: str) -> None:
    for path in committed_files(folder):
        assert wheel.read(f"kws_app/{path.as_posix()}") == (REPOSITORY / path).read_bytes()
    assert not [name for name in wheel.namelist() if name.startswith(f"{folder}/")]


def test_wheel_carries_nothing_else_at_its_top(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"kws_app", "training"}


def test_entry_points(wheel: zipfile.ZipFile) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(dist_info(wheel, "entry_points.txt"))
    assert dict(parser["console_scripts"]) == {
        "kws-app": "kws_app.__main__:main",
        "kws-detect": "kws_app.commands.detect:main",
        "kws-labels": "kws_app.commands.labels:main",
        "kws-wyoming": "kws_app.wyoming.server:main",
    }


def test_licence(wheel: zipfile.ZipFile) -> None:
    assert dist_info(wheel, "licenses/LICENSE") == (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert "\nLicense-Expression: MIT\n" in dist_info(wheel, "METADATA")


def locked_requirements() -> list[Requirement]:
    lines = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def required_by_the_project(wheel: zipfile.ZipFile) -> list[Requirement]:
    prefix = "Requires-Dist: "
    lines = [line for line in dist_info(wheel, "METADATA").splitlines() if line.startswith(prefix)]
    requirements = [Requirement(line.removeprefix(prefix)) for line in lines]
    return [each for each in requirements if each.name != "kws-app"]  # one extra names another


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_lock_pins_every_dependency_within_its_range(wheel: zipfile.ZipFile, python: str) -> None:
    environment = {str(name): str(value) for name, value in default_environment().items()}
    environment |= {"python_version": python, "python_full_version": f"{python}.0"}
    pins: dict[str, list[str]] = {}
    for pin in locked_requirements():
        if pin.marker is None or pin.marker.evaluate(environment):
            (specifier,) = pin.specifier
            assert specifier.operator == "=="
            pins.setdefault(pin.name, []).append(specifier.version)
    required = required_by_the_project(wheel)
    assert required
    for requirement in required:
        (pinned,) = pins[requirement.name.lower()]
        assert requirement.specifier.contains(pinned), f"{requirement} does not admit the locked {pinned}"


def test_this_environment_has_the_locked_torch() -> None:
    (torch_pin,) = (pin for pin in locked_requirements() if pin.name == "torch")
    assert torch_pin.specifier.contains(version("torch"))  # a local part, such as +cpu, is admitted


def test_the_lock_with_hashes_names_the_same_releases():
    plain = (REPOSITORY / "requirements.lock").read_text()
    hashed = (REPOSITORY / "requirements.hashes.lock").read_text()
    locked = {line for line in plain.splitlines() if "==" in line and not line.startswith("#")}
    assert {line.removesuffix(" \\") for line in hashed.splitlines() if "==" in line and line[0] != "#"} == locked
    assert hashed.count("--hash=sha256:") > 10 * len(locked)
