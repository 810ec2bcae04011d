"""What the tests stand on: a display, a virtual microphone, real clips, and a model that hears loudness."""

import gc
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    SCREEN = Path(__file__).parent / "support" / "offscreen.json"  # Qt's own has 800 by 800 pixels
    os.environ.setdefault("QT_QPA_PLATFORM", f"offscreen:configfile={SCREEN}")  # before Qt is imported anywhere
os.environ.setdefault("OMP_NUM_THREADS", "1")  # beside other tests and other work, more only wait for each other
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="kws-config-")  # for the list of models that were made here
if "TEXTDOMAINDIR" not in os.environ:  # a test that brings a catalogue of its own
    os.environ["LANGUAGE"] = "en"  # whatever whoever runs the tests speaks; likewise before sentences are made

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from kws_app.audio.microphone import MicrophoneSource
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.settings import Settings, SettingsFile
from tests.soak.sound_server import PROGRAMS, SoundServer
from tests.support.heard_rows import Loudspeaker
from tests.support.hook import Hook
from tests.support.listener import Listener
from tests.support.loudness import save_loudness_model
from tests.support.made_up_portaudio import MadeUpPortAudio
from tests.support.order import dealt
from tests.support.paths import REPOSITORY
from tests.support.patient_qtbot import PatientQtBot
from tests.support.programs import end, require
from tests.support.screen import Screen
from tests.support.speech_commands import SpeechCommands
from tests.support.window_bench import Bench

Audio = NDArray[np.float32]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    workers = getattr(config, "workerinput", {}).get("workercount", 0)
    if workers:
        items[:] = dealt(items, lambda item: item.get_closest_marker("long") is not None, workers)


def pytest_collection_finish() -> None:
    """What is imported by now stays: the garbage collector need not look through it 200 times, at 0.2 s each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder: loud/teacher at 0.5, loud/student at 0.9, and loud/broken, whose scores are not its card's."""
    folder = tmp_path_factory.mktemp("models")
    save_loudness_model(folder / "loud" / "teacher.safetensors")
    save_loudness_model(folder / "loud" / "student.safetensors", threshold=0.9)
    save_loudness_model(folder / "loud" / "broken.safetensors", golden={"posterior": [0.5], "hidden": [0.5]})
    return folder


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For XDG_DATA_HOME of tests that ask about words: the lists of words, which take seconds, are made once in it."""
    return tmp_path_factory.mktemp("user")


@pytest.fixture
def write_wav(tmp_path: Path) -> Callable[..., Path]:
    """write_wav(samples, name, rate) -> path"""

    def write(samples: Audio, name: str = "sound.wav", rate_hz: int = SAMPLE_RATE) -> Path:
        soundfile.write(str(tmp_path / name), samples, rate_hz, subtype="FLOAT")
        return tmp_path / name

    return write


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    return PatientQtBot(request)


@pytest.fixture
def bench(tiny_models: Path, tmp_path: Path, qtbot: QtBot) -> Iterator[Bench]:
    """Opens windows over tiny_models and a folder of its own, where loud/teacher is chosen, and closes them."""
    folder = tmp_path / "data"
    SettingsFile(folder).save(Settings(model="loud/teacher", first_run_done=True))
    gc.collect()  # a window of the test before goes here, on the thread of windows
    gc.disable()  # and not on a thread of the worker's, on which Qt's widgets may not be deleted
    bench = Bench(tiny_models, folder, qtbot)
    yield bench
    bench.close()
    gc.enable()


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
