"""What the tests stand on: a display, a virtual microphone, real clips, and a model that hears loudness."""

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported anywhere
if "TEXTDOMAINDIR" not in os.environ:  # a test that brings a catalogue of its own
    os.environ["LANGUAGE"] = "en"  # whatever whoever runs the tests speaks; likewise before sentences are made

import numpy as np
import pytest
import soundfile
from heard_rows import Loudspeaker
from hook import Hook
from listener import Listener
from loudness import save_loudness_model
from made_up_portaudio import MadeUpPortAudio
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot
from screen import Screen
from window_bench import Bench

from kws_app.audio.microphone import MicrophoneSource
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.settings import Settings, SettingsFile
from kws_app.soak.sound_server import PROGRAMS, SoundServer

REPOSITORY = Path(__file__).resolve().parent.parent

Audio = NDArray[np.float32]


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: loud/teacher at 0.5, loud/student at 0.9, and loud/broken, whose scores are not its card's."""
    folder = tmp_path_factory.mktemp("models")
    save_loudness_model(folder / "loud" / "teacher.pt")
    save_loudness_model(folder / "loud" / "student.pt", threshold=0.9)
    save_loudness_model(folder / "loud" / "broken.pt", golden={"posterior": [0.5], "hidden": [0.5]})
    return folder


@pytest.fixture
def write_wav(tmp_path: Path) -> Callable[..., Path]:
    """write_wav(samples, name, rate) -> path"""

    def write(samples: Audio, name: str = "sound.wav", rate_hz: int = SAMPLE_RATE) -> Path:
        soundfile.write(str(tmp_path / name), samples, rate_hz, subtype="FLOAT")
        return tmp_path / name

    return write


@pytest.fixture
def bench(tiny_models: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Bench]:
    """Opens windows over tiny_models and a folder of its own, where loud/teacher is chosen, and closes them."""
    folder = tmp_path / "data"
    SettingsFile(folder).save(Settings(model="loud/teacher", first_run_done=True))
    bench = Bench(tiny_models, folder, qtbot)
    yield bench
    bench.close()


class SpeechCommands:
    """Clips of Speech Commands by word, decoded only when asked for: from a folder, or out of the archive."""

    def __init__(self, folder: Path | None, archive: Path | None) -> None:
        self._folder = folder
        self._archive = None if archive is None else tarfile.open(archive)

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()

    def _read(self, name: str) -> bytes:
        if self._folder is not None:
            return (self._folder / name).read_bytes()
        assert self._archive is not None
        member = self._archive.extractfile(name)
        assert member is not None
        return member.read()

    def testing(self, word: str, count: int) -> list[Audio]:
        """The first clips [N] of a word in the official testing set, at 16 kHz."""
        names = sorted(self._read("testing_list.txt").decode().split())
        chosen = [name for name in names if name.startswith(f"{word}/")][:count]
        if self._folder is None:
            chosen = [name.replace(".wav", ".ogg") for name in chosen]
        return [soundfile.read(io.BytesIO(self._read(name)), dtype="float32")[0] for name in chosen]


@pytest.fixture(scope="session")
def speech_commands() -> Iterator[SpeechCommands]:
    """From the folder KWS_DATA (holding speech_commands/), or the shared archive beside the checkout; else skips."""
    archive = REPOSITORY.parent / "shared" / "data" / "speech_commands.tar"
    folder = Path(os.environ["KWS_DATA"]) / "speech_commands" if "KWS_DATA" in os.environ else None
    if folder is not None and folder.is_dir():
        clips = SpeechCommands(folder, None)
    elif archive.is_file():
        clips = SpeechCommands(None, archive)
    else:
        pytest.skip("no Speech Commands clips: set KWS_DATA to a folder that holds speech_commands/")
    yield clips
    clips.close()


def require(*programs: str) -> None:
    """Skip where a program is not installed; in CI that is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        skip_unless_ci(f"needs {', '.join(missing)}")


def skip_unless_ci(reason: str) -> NoReturn:
    """What a stranger's machine may lack, CI may not."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Stop a process that a fixture started, frozen or not."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def virtual_display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A display of our own."""
    require("Xvfb")
    screen = Screen(tmp_path_factory.mktemp("screen"))
    yield screen
    end(screen.process)


@pytest.fixture
def virtual_display_to_kill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """One for a test that ends it."""
    require("Xvfb")
    screen = Screen(tmp_path_factory.mktemp("screen"))
    yield screen
    end(screen.process)


@pytest.fixture
def virtual_microphone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SoundServer]:
    """A sound server with a microphone for each test that asks: some of them end it."""
    require(*PROGRAMS)
    server = SoundServer(tmp_path_factory.mktemp("pulse"))
    yield server
    server.end()


@pytest.fixture
def python() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """python(arguments, environment) -> a process in the repository, whose output is read as text"""
    started: list[subprocess.Popen[str]] = []

    def start(arguments: list[str], environment: dict[str, str] | None = None) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env=dict(os.environ) if environment is None else environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Callable[..., MadeUpPortAudio]:
    def install(*arguments: Any, **settings: Any) -> MadeUpPortAudio:
        made_up = MadeUpPortAudio(*arguments, **settings)
        monkeypatch.setitem(sys.modules, "sounddevice", made_up)
        return made_up

    return install


@pytest.fixture
def microphone() -> Iterator[Callable[..., MicrophoneSource]]:
    """Sources that are stopped in the end."""
    sources: list[MicrophoneSource] = []

    def make(name: str = "") -> MicrophoneSource:
        sources.append(MicrophoneSource(name))
        return sources[-1]

    yield make
    for source in sources:
        source.stop()


@pytest.fixture
def listener(tiny_models: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Listener]:
    listener = Listener(tiny_models, tmp_path / "data")
    with qtbot.waitSignal(listener.worker.models_found) as found:
        listener.worker.start()
    assert [entry.name for entry in found.args[0]] == ["loud/broken", "loud/student", "loud/teacher"]
    yield listener
    assert listener.worker.shut_down()


@pytest.fixture
def loudspeaker(monkeypatch: pytest.MonkeyPatch) -> Loudspeaker:
    loudspeaker = Loudspeaker()
    monkeypatch.setattr("kws_app.ui.history.clip_player.play", loudspeaker.play)
    return loudspeaker


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    server.server_close()
    thread.join()
