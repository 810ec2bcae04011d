"""The set-up scripts: they parse, refuse clearly, and cost nothing once all is there.

Nothing is installed here: what the set-up would call is replaced by commands of the test's own.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE_S

SCRIPTS = ["scripts/run", "scripts/bundle", "scripts/test", "scripts/nightly", "scripts/setup.sh", ".ci/run"]

LOCKS = ["requirements.lock", "requirements.hashes.lock", "scripts/app.lock", "scripts/torch-cpu.lock"]


def bash(
    code: str, root: Path = REPOSITORY, path: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs code after the set-up of the checkout at root is sourced; commands in path hide the system's."""
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHON", "KWS_SKIP_SYSTEM_PACKAGES"}}
    if path is not None:
        environment["PATH"] = f"{path}{os.pathsep}{environment['PATH']}"
    script = f"set -euo pipefail; source {shlex.quote(str(root / 'scripts/setup.sh'))}; {code}"
    return subprocess.run(
        ["bash", "-c", script],
        env=environment | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def write_command(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    command = folder / name
    command.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    command.chmod(0o755)
    return command


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the set-up reads, in a folder whose name has a space; it has no .venv."""
    root = tmp_path / "a check out"
    (root / "scripts").mkdir(parents=True)
    for name in ["pyproject.toml", *LOCKS, "scripts/setup.sh"]:
        shutil.copy(REPOSITORY / name, root / name)
    return root


@pytest.fixture
def debian_without_packages(tmp_path: Path) -> Path:
    """Commands of a Debian where an ordinary user has nothing installed and no way to become root."""
    commands = tmp_path / "commands"
    write_command(commands, "id", "echo 1000")
    write_command(commands, "dpkg-query", "exit 1")
    write_command(commands, "sudo", "exit 1")
    write_command(commands, "apt-cache", 'case "$2" in *t64) exit 0 ;; esac; echo "Package: $2"')
    write_command(commands, "apt-get", "echo apt-get was called; exit 1")
    return commands


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_parses(name: str) -> None:
    parsed = subprocess.run(["bash", "-n", str(REPOSITORY / name)], capture_output=True, text=True)
    assert parsed.returncode == 0, parsed.stderr


@pytest.mark.parametrize("name", [name for name in SCRIPTS if not name.endswith(".sh")])
def test_script_is_executable(name: str) -> None:
    assert os.access(REPOSITORY / name, os.X_OK)


@pytest.mark.parametrize("level", ["app", "test"])
def test_set_up_is_quick_when_all_is_there(level: str) -> None:
    if bash(f"is_ready {level}").returncode != 0:
        pytest.skip(".venv was not made by scripts/test, or is out of date")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = bash(f"set_up {level}", KWS_SKIP_SYSTEM_PACKAGES="1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0  # of processor time


@pytest.mark.parametrize("version", ["2.7.18", "3.9.18", "3.14.0"])
def test_wrong_python_is_refused(checkout: Path, tmp_path: Path, version: str) -> None:
    python = write_command(tmp_path / "commands", "python", f"echo {version}")
    result = bash("set_up app", checkout, PYTHON=str(python))
    assert result.returncode == 1
    assert f"is Python {version}; 3.10 to 3.13 is needed" in result.stderr
    assert not (checkout / ".venv").exists()


def test_python_that_does_not_run_is_refused(checkout: Path, tmp_path: Path) -> None:
    python = write_command(tmp_path / "commands", "python", "exit 127")
    result = bash("set_up app", checkout, PYTHON=str(python))
    assert result.returncode == 1
    assert "does not run" in result.stderr


def test_no_python_at_all_is_said(checkout: Path, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    for name in ["python3", "python3.10", "python3.11", "python3.12", "python3.13"]:
        write_command(commands, name, "echo 3.9.2")
    result = bash("choose_python", checkout, commands)
    assert result.returncode == 1
    assert "Python 3.10 to 3.13 is needed, and was not found (found: python3 (3.9.2)" in result.stderr


def test_a_shim_that_fails_is_passed_over(checkout: Path, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    write_command(commands, "python3", "echo no such version installed >&2; exit 127")
    write_command(commands, "python3.13", f'exec {shlex.quote(sys.executable)} "$@"')
    result = bash("choose_python; echo chosen $BASE_PYTHON", checkout, commands)
    assert (result.returncode, result.stdout) == (0, "chosen python3.13\n"), result.stderr


def test_missing_packages_without_root_name_the_command(checkout: Path, debian_without_packages: Path) -> None:
    result = bash("set_up app", checkout, debian_without_packages)
    assert result.returncode == 1
    assert "libportaudio2 (needed): PortAudio, which opens the microphone" in result.stdout
    assert "sudo apt-get install -y --no-install-recommends libegl1 libgl1 libglib2.0-0 " in result.stdout
    assert "apt-get was called" not in result.stdout + result.stderr


def test_only_optional_packages_missing_goes_on(checkout: Path, debian_without_packages: Path) -> None:
    result = bash('install_packages "$TEST_PACKAGES"; echo went on', checkout, debian_without_packages)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("going on without these packages, because they are optional\nwent on\n")


def test_installed_packages_under_either_name_are_found(checkout: Path, tmp_path: Path) -> None:
    commands = tmp_path / "commands"
    write_command(commands, "dpkg-query", "echo installed libglib2.0-0; echo config-files libgl1")
    result = bash('missing_packages "$APP_PACKAGES" | cut -d "|" -f 1', checkout, commands)
    assert result.returncode == 0, result.stderr
    names = result.stdout.split()
    assert "libgl1" in names
    assert "libglib2.0-0t64,libglib2.0-0" not in names


def test_moved_or_cut_off_venv_is_not_ready(checkout: Path) -> None:
    ready = f'mkdir -p "$VENV/bin"; ln -s {shlex.quote(sys.executable)} "$PY"; write_stamps app; '
    assert bash(ready + "is_ready app", checkout).returncode == 0
    assert bash("is_ready test", checkout).returncode == 1
    (checkout / ".venv/.installing").touch()
    assert bash("is_ready app", checkout).returncode == 1
    (checkout / ".venv/.installing").unlink()
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    assert bash("is_ready app", moved).returncode == 1


def test_a_second_set_up_waits_for_the_first(checkout: Path) -> None:
    setup, pipe = shlex.quote(str(checkout / "scripts/setup.sh")), shlex.quote(str(checkout / "pipe"))
    code = f"""
        export BASE_PYTHON={shlex.quote(sys.executable)}
        mkfifo {pipe}
        take_lock
        echo first has it
        (exec 9>&-; source {setup}; take_lock; echo second has it) >{pipe} &
        exec 8<{pipe}
        read -r line <&8
        echo "$line"
        echo first is done
        release_lock
        cat <&8
    """
    result = bash(code, checkout)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "first has it",
        "set-up: another set-up of this checkout is running; waiting for it to end",
        "first is done",
        "second has it",
    ]


def releases(text: str) -> list[str]:
    """The lines of a lock that name a release, without what follows."""
    return [line.removesuffix(" \\") for line in text.splitlines() if "==" in line and line[0] != "#"]


@pytest.mark.parametrize("name", ["requirements.lock", "scripts/app.lock"])
def test_each_locked_release_is_installed_by_its_hash(name: str) -> None:
    kinds = {kind: bash(f'with_hashes "$ROOT/{name}" {kind}').stdout for kind in ["torch", "uv", "others"]}
    found = [line for text in kinds.values() for line in releases(text)]
    assert sorted(found) == sorted(releases((REPOSITORY / name).read_text(encoding="utf-8")))
    assert "torch==2.13.0" in kinds["torch"] and "torchaudio" not in kinds["torch"]
    for text in kinds.values():
        pieces = text.replace(" \\\n", " ").splitlines()
        assert pieces and all("--hash=sha256:" in piece for piece in pieces)


def test_the_build_without_cuda_is_of_the_locked_release() -> None:
    (cpu,) = releases((REPOSITORY / "scripts/torch-cpu.lock").read_text(encoding="utf-8"))
    assert cpu.removesuffix("+cpu") in releases((REPOSITORY / "requirements.lock").read_text(encoding="utf-8"))


def test_a_file_of_another_hash_is_refused(checkout: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    good = hashlib.sha256(wheel.read_bytes()).hexdigest()
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_DRY_RUN": "1", "PIP_CONFIG_FILE": os.devnull}
    python = f'mkdir -p "$VENV"; PY={shlex.quote(sys.executable)}; '
    for digest, refused in ((good, False), (good[::-1], True)):
        code = f"{python} echo 'tiny==1.0 --hash=sha256:{digest}' | quiet_pip_locked"
        result = bash(code, checkout, **offline)
        assert (result.returncode != 0, "DO NOT MATCH" in result.stderr) == (refused, refused), result.stderr
