# Sets up the checkout. scripts/run and scripts/test source this file. `set_up app` installs the packages of the app,
# `set_up test` also those of the tests. Both return at once when nothing is missing. Written for bash 3.2 of macOS.
#
#   PYTHON=/path/to/python        the Python to use; without it, the first Python 3.10 to 3.13 that is found
#   KWS_SKIP_SYSTEM_PACKAGES=1    do not look at Debian's packages: the libraries come from elsewhere
#
# pip installs only files whose SHA-256 is in requirements.hashes.lock or scripts/torch-cpu.lock. scripts/app.lock lists
# the packages of the app, with what learns a word. After a change of dependencies in pyproject.toml make each lock
# again, requirements.lock first: the command stands at the top of each lock.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="$ROOT/.venv"
PY="$VENV/bin/python"

# name, or names (newer releases of Debian and Ubuntu renamed some packages) | needed or optional | reason
APP_PACKAGES='
libegl1|needed|EGL, which Qt loads at its start
libgl1|needed|OpenGL, which Qt loads at its start
libglib2.0-0t64,libglib2.0-0|needed|GLib, the event loop under Qt
libfontconfig1|needed|finds fonts for Qt
libdbus-1-3|needed|D-Bus, which Qt loads at its start
libxkbcommon-x11-0|needed|the keyboard under X11
libxcb-cursor0|needed|the mouse pointer under X11
libxcb-icccm4|needed|window titles and icons under X11
libxcb-keysyms1|needed|keys under X11
libxcb-shape0|needed|window shapes under X11
libxcb-xkb1|needed|keyboard layouts under X11
fonts-dejavu-core|optional|a font, where none is installed
libportaudio2|needed|PortAudio, which opens the microphone
libasound2-plugins|optional|lets PortAudio reach PulseAudio and PipeWire
espeak-ng|optional|tells how a word of your own is said, and makes speech for the tests
'
TEST_PACKAGES='
xvfb|optional|a screen for the tests of the window
pulseaudio|optional|a virtual microphone for the end-to-end test
pulseaudio-utils|optional|speaks into the virtual microphone
dbus|optional|a message bus for the tests of notifications
desktop-file-utils|optional|checks what is put into the menu of programs
'

say() { printf 'set-up: %s\n' "$*"; }

fail() {
    printf 'set-up: %s\n' "$*" >&2
    exit 1
}

# --- Python ---------------------------------------------------------------------------------------------------------

# Prints the version of a Python, such as 3.11.7. Fails if it does not run: a pyenv shim may exist and not run.
python_version() { "$1" -ISc 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null </dev/null; }

is_supported() {
    case "$1" in
        3.10.* | 3.11.* | 3.12.* | 3.13.*) return 0 ;;
        *) return 1 ;;
    esac
}

can_make_venv() { "$1" -Ic 'import ensurepip, venv' 2>/dev/null </dev/null; }

check_given_python() {
    [ -n "${PYTHON:-}" ] || return 0
    local version
    version="$(python_version "$PYTHON")" || fail "PYTHON='$PYTHON' does not run; it must name a Python 3.10 to 3.13."
    is_supported "$version" ||
        fail "PYTHON='$PYTHON' is Python $version; 3.10 to 3.13 is needed (torch.jit does not support others)."
}

# Sets BASE_PYTHON to a Python that can make .venv. On Debian and Ubuntu it installs python3.X-venv if needed.
choose_python() {
    local candidate version found="" without_venv=""
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.10; do
        version="$(python_version "$candidate")" || version=""
        if [ -n "$version" ]; then found="$found $candidate ($version)"; fi
        if is_supported "$version"; then
            if can_make_venv "$candidate"; then
                BASE_PYTHON="$candidate"
                return 0
            fi
            without_venv="${without_venv:-$candidate}"
        fi
        if [ -n "${PYTHON:-}" ]; then break; fi
    done
    [ -n "$without_venv" ] || fail "Python 3.10 to 3.13 is needed, and was not found (found:${found:- none})." \
        "Install Python, or name it: PYTHON=/path/to/python $0"
    version="$(python_version "$without_venv")"
    install_packages "python${version%.*}-venv|needed|makes .venv; $without_venv comes without ensurepip here"
    can_make_venv "$without_venv" ||
        fail "$without_venv ($version) cannot make a virtual environment: it comes without ensurepip."
    BASE_PYTHON="$without_venv"
}

# --- Debian's packages ----------------------------------------------------------------------------------------------

# Prints the lines of a package table whose packages are not installed under any of their names.
missing_packages() {
    local names why installed line alternative
    names="$(printf '%s\n' "$1" | cut -d '|' -f 1 | tr ',' ' ')"
    # shellcheck disable=SC2086  # one word per package
    installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null | sed -n 's/^installed //p')"
    installed=" $(printf '%s' "$installed" | tr '\n' ' ') "
    printf '%s\n' "$1" | while IFS='|' read -r line why; do
        [ -n "$line" ] || continue
        for alternative in $(printf '%s' "$line" | tr ',' ' '); do
            case "$installed" in *" $alternative "*) continue 2 ;; esac
        done
        printf '%s|%s\n' "$line" "$why"
    done
}

# Prints the lines of a package table with a single name for each package: the first name that this system offers.
choose_names() {
    local names rest alternative chosen
    printf '%s\n' "$1" | while IFS='|' read -r names rest; do
        chosen="${names##*,}"
        for alternative in $(printf '%s' "$names" | tr ',' ' '); do
            if [ -n "$(apt-cache show "$alternative" 2>/dev/null)" ]; then
                chosen="$alternative"
                break
            fi
        done
        printf '%s|%s\n' "$chosen" "$rest"
    done
}

names_of() { printf '%s\n' "$1" | cut -d '|' -f 1 | paste -s -d ' ' -; }

# Sets AS_ROOT to the words before a command that needs root. Fails if this user cannot become root.
find_root() {
    AS_ROOT=""
    if [ "$(id -u)" = 0 ]; then return 0; fi
    command -v sudo >/dev/null 2>&1 || return 1
    if sudo -n true 2>/dev/null; then
        AS_ROOT="sudo -n"
    elif [ -t 0 ] && [ -t 1 ]; then
        say "sudo may ask for your password, to install system packages"
        AS_ROOT="sudo"
    else
        return 1
    fi
}

run_apt() {
    local log
    log="$(mktemp)"
    # shellcheck disable=SC2086  # AS_ROOT is words
    if ! $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        fail "apt-get $1 failed; its message stands above."
    fi
    rm -f "$log"
}

# Installs the missing packages of a table. Without root it prints the command, and ends if a package is needed.
install_packages() {
    local missing
    if [ -n "${KWS_SKIP_SYSTEM_PACKAGES:-}" ] || ! command -v dpkg-query >/dev/null 2>&1; then return 0; fi
    missing="$(missing_packages "$1")"
    if [ -z "$missing" ]; then return 0; fi
    if find_root; then
        say "asking apt for the newest list of packages"
        run_apt update
        missing="$(choose_names "$missing")"
        printf '%s\n' "$missing" | sed 's/^\([^|]*\)|[^|]*|/set-up: installing \1: /'
        # shellcheck disable=SC2046  # one word per package
        run_apt install -y --no-install-recommends $(names_of "$missing")
        return 0
    fi
    missing="$(choose_names "$missing")"
    say "these system packages are missing, and only root can install them:"
    printf '%s\n' "$missing" | sed 's/^\([^|]*\)|\([^|]*\)|/set-up:   \1 (\2): /'
    say "run:  sudo apt-get update && sudo apt-get install -y --no-install-recommends $(names_of "$missing")"
    case "$missing" in *'|needed|'*) fail "start this script again when they are installed." ;; esac
    say "going on without these packages, because they are optional"
}

install_system_packages() {
    case "$1" in
        app) install_packages "$APP_PACKAGES" ;;
        test) install_packages "$APP_PACKAGES$TEST_PACKAGES" ;;
    esac
}

# --- the stamp: the files that .venv was made from ------------------------------------------------------------------

fingerprint() {
    local version
    version="$(python_version "$PY")" || return 1
    printf 'root %s\npython %s\nfiles %s\n' "$ROOT" "$version" \
        "$(cat "$ROOT/pyproject.toml" "$ROOT"/requirements*.lock "$ROOT"/scripts/*.lock "$ROOT/scripts/setup.sh" | cksum)"
}

# True if .venv holds all packages for `app` or `test`, and has the PYTHON that was asked for.
is_ready() {
    [ -x "$PY" ] && [ -f "$VENV/.ready-$1" ] && [ ! -e "$VENV/.installing" ] || return 1
    [ "$(cat "$VENV/.ready-$1")" = "$(fingerprint)" ] || return 1
    [ -z "${PYTHON:-}" ] || [ "$(python_version "$PYTHON")" = "$(python_version "$PY")" ]
}

write_stamps() {
    local level levels="app"
    if [ "$1" = test ]; then levels="app test"; fi
    for level in $levels; do
        fingerprint >"$VENV/.ready-$level.new"
        mv -f "$VENV/.ready-$level.new" "$VENV/.ready-$level"
    done
}

# Lets only one set-up run at a time. This shell keeps descriptor 9 of the lock open, so the lock ends with the shell.
# Python takes the lock, because macOS has no flock command.
take_lock() {
    exec 9>"$ROOT/.venv.lock"
    if ! "$BASE_PYTHON" -ISc 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null; then
        say "another set-up of this checkout is running; waiting for it to end"
        "$BASE_PYTHON" -ISc 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' 2>/dev/null || exit 130
    fi
}

release_lock() { exec 9>&-; }

# --- .venv ----------------------------------------------------------------------------------------------------------

# True if .venv was made in this folder with the wanted Python, and no install was cut off.
venv_is_sound() {
    [ ! -e "$VENV/.installing" ] && [ -x "$PY" ] || return 1
    "$PY" -Ic '
import pathlib, re, sys
import pip
venv, version = sys.argv[1:]
activate = (pathlib.Path(venv) / "bin" / "activate").read_text(encoding="utf-8")
here = re.search(r"VIRTUAL_ENV=[\x22\x27]?" + re.escape(venv) + r"[\x22\x27]?\s*$", activate, re.M)
sys.exit(not (here and version in ("", "%d.%d.%d" % sys.version_info[:3])))
' "$VENV" "$1" 2>/dev/null </dev/null
}

make_venv() {
    local wanted="" version
    version="$(python_version "$BASE_PYTHON")"
    if [ -n "${PYTHON:-}" ]; then wanted="$version"; fi
    if venv_is_sound "$wanted" && is_supported "$(python_version "$PY")"; then return 0; fi
    if [ -e "$VENV" ]; then
        say "making .venv again with Python $version: its install was cut off, its Python changed or the folder moved"
        rm -rf "$VENV"
    else
        say "making .venv with Python $version, so that nothing is installed outside this folder"
    fi
    "$BASE_PYTHON" -m venv "$VENV" </dev/null
}

# Prints packages of a lock with their hashes. The kind `torch` is PyTorch from PyPI with CUDA, `uv` is that tool, and
# `others` are all other packages.
with_hashes() { # LOCK KIND
    awk -v kind="$2" '
        NR == FNR { wanted[$1]; next }
        /^[A-Za-z]/ {
            is = "others"
            if ($1 ~ /^(torch|triton|nvidia-.*|cuda-.*)==/) is = "torch"
            if ($1 ~ /^uv==/) is = "uv"
            printed = is == kind && $1 in wanted
        }
        printed
    ' "$1" "$ROOT/requirements.hashes.lock"
}

# Runs pip, which prints only errors. A failure of pip leaves .venv sound. A kill leaves the file .installing behind.
quiet_pip() { "$PY" -m pip install -qq --disable-pip-version-check --no-input --no-deps "$@" </dev/null; }

# Installs only the files whose SHA-256 is in a list on the standard input. Options go to pip.
quiet_pip_locked() {
    cat >"$VENV/.wanted"
    quiet_pip --require-hashes --only-binary=:all: -r "$VENV/.wanted" "$@"
}

fail_install() {
    rm -f "$VENV/.installing"
    fail "pip could not install $1; its message stands above."
}

# Installs torch of the locked release. The CUDA build has some 3 GB, so it is installed only if a GPU can use it.
install_torch() {
    local release
    release="$(sed -n 's/^torch==\([0-9.]*\).*/\1/p' "$ROOT/requirements.lock")"
    if "$PY" -Ic '
import sys
from importlib.metadata import version
sys.exit(version("torch").split("+")[0] != sys.argv[1])
' "$release" 2>/dev/null; then return 0; fi
    if [ "$(uname -s)" = Darwin ]; then
        [ "$("$PY" -ISc 'import os; print(os.uname().machine)')" = arm64 ] ||
            fail "PyTorch $release has no build for Intel Macs, or for an Intel Python on Apple silicon."
        say "installing PyTorch $release"
        install_pypi_torch
        return 0
    fi
    if nvidia-smi >/dev/null 2>&1; then
        say "installing PyTorch $release with CUDA, because there is an NVIDIA GPU (some 3 GB, this takes minutes)"
        install_pypi_torch
        return 0
    fi
    say "installing PyTorch $release for the CPU (some 200 MB)"
    install_cpu_torch
}

install_pypi_torch() { with_hashes "$ROOT/requirements.lock" torch | quiet_pip_locked || fail_install PyTorch; }

# Installs the CPU build. pip finds it if pip is configured with a place that has it; uv knows PyTorch's own place. If a
# file has another SHA-256 than the lock, the set-up ends.
install_cpu_torch() {
    local said
    if said="$(quiet_pip_locked <"$ROOT/scripts/torch-cpu.lock" 2>&1)"; then
        say "  pip found torch+cpu"
        return 0
    fi
    case "$said" in
        *"DO NOT MATCH"*)
            printf '%s\n' "$said" >&2
            fail_install "PyTorch for the CPU"
            ;;
    esac
    with_hashes "$ROOT/requirements.lock" uv | quiet_pip_locked || fail_install uv
    if said="$("$PY" -m uv pip install -q --python "$PY" --torch-backend=cpu --require-hashes --no-deps \
        -r "$ROOT/scripts/torch-cpu.lock" 2>&1 </dev/null)"; then
        say "  uv found PyTorch's own build"
        return 0
    fi
    printf '%s\n' "$said" >&2
    case "$said" in *[Hh]ash\ mismatch*) fail_install "PyTorch for the CPU" ;; esac
    say "  no CPU build can be reached: installing PyPI's build, which has CUDA on Linux (some 3 GB)"
    install_pypi_torch
}

# Removes torchaudio's compiled extension beside a CPU build of torch. The wheel for Linux links it with CUDA, so the
# import would fail. Without the file torchaudio works without an extension, and this project needs none.
trim_torchaudio() {
    "$PY" -Ic '
import importlib.util, pathlib, sys
import torch
spec = importlib.util.find_spec("torchaudio")
if sys.platform == "linux" and torch.version.cuda is None and spec is not None:
    extension = pathlib.Path(spec.origin).parent / "lib" / "_torchaudio.abi3.so"
    if extension.exists():
        extension.unlink()
        print("set-up: removed torchaudio\x27s CUDA extension, which a torch without CUDA cannot load")
' </dev/null
}

# Prints the packages in some lists of pyproject.toml, each with its reason.
explain_packages() {
    local list
    for list in "$@"; do
        sed -n "/^$list = \\[/,/^\\]/s/^ *\"\\([A-Za-z0-9_.-]*\\)[^\"]*\", *# *\\(.*\\)\$/set-up:   \\1: \\2/p" "$ROOT/pyproject.toml"
    done
}

install_python_packages() {
    local lock="$ROOT/scripts/app.lock"
    : >"$VENV/.installing"
    install_torch
    if [ "$1" = test ]; then
        lock="$ROOT/requirements.lock"
        say "installing the packages of the app, of training and of the tests, from requirements.hashes.lock:"
        explain_packages dependencies jitted training voices test
    else
        say "installing the packages of the app, from requirements.hashes.lock:"
        explain_packages dependencies jitted training voices
    fi
    with_hashes "$lock" others | quiet_pip_locked || fail_install "the packages"
    # hatchling in .venv builds the editable install, so pip downloads nothing for a build environment.
    (cd "$ROOT" && quiet_pip --no-build-isolation -e .) || fail_install "the app itself"
    trim_torchaudio
    rm -f "$VENV/.installing"
}

set_up() {
    check_given_python
    install_system_packages "$1"
    if is_ready "$1"; then return 0; fi
    choose_python
    take_lock
    if ! is_ready "$1"; then
        make_venv
        install_python_packages "$1"
        write_stamps "$1"
        say "ready"
    fi
    release_lock
}
