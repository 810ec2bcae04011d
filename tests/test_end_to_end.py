"""The whole path: words spoken into a real sound server, a real window on a screen, the detection within 500 ms."""

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kws_app.audio.audio_file import read_blocks
from kws_app.detection.detector import Detector
from kws_app.engine.card import DEFAULT_MODEL
from kws_app.engine.catalogue import find_model
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.paths import MODELS_DIR
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.theme import LIGHT
from tests.support.programs import skip_unless_ci
from tests.support.screen import Screen
from tests.support.waiting import PATIENCE_S, Stopwatch, until

OTHER_MODEL = "happy/student"
OTHER_WORDS = ("yes", "stop", "cat")  # two before the keyword, one after
VOICES = (
    "en-us+f3",
    "en-us+paul",
    "en-us+iven2",
    "en-029+gustave",
    "en-us+miguel",
    "en-us",
)  # where there are no real clips
GAP_S = 0.8
WITHIN_S = 0.5
LOUD = 0.05  # of a block's peak: the sound server adds no noise of its own
LIT_SHARE = 0.03  # of the screen, by the banner
SECOND = "desk"  # a microphone that is plugged in later

# the app as it is, but that it writes the rows of its list to a file whenever one is added; says on stdout what state
# it is in, which microphones it finds, and in the end how high each model's curve rose; and at a line on stdin opens
# the list of microphones, or, with letters in it, chooses the one that begins with these
OBSERVED_APP = """
import json, os, sys, threading
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtTest import QTest
import kws_app.ui.window
from kws_app.__main__ import main

class Window(kws_app.ui.window.MainWindow):
    told = pyqtSignal(str)

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.told.connect(self.do)
        threading.Thread(target=lambda: [self.told.emit(line.strip()) for line in sys.stdin], daemon=True).start()
        self._devices.found.connect(lambda found: print("found", *[each.name for each in found], flush=True))
        self.listening.marked.connect(self.write_rows)
        self.listening.changed.connect(lambda: print(self.listening.state.phase.value, flush=True))
        self.words.changed.connect(lambda: print(*[model.name for model in self.words.models], flush=True))
        self.closed.connect(self.say_peaks)

    def do(self, letters):
        picker = self.parts.controls.source
        picker.hidePopup() if letters else picker.showPopup()
        QTest.keyClicks(picker, letters)

    def say_peaks(self):
        history = self.parts.plots.history
        for name, track in history.scores.items():
            print("peak", name, max(track.between(0, history.end)[1].tolist()), flush=True)

    def write_rows(self):
        table = self.parts.detections
        rows = [[table.item(r, c).text() for c in range(table.columnCount())] for r in range(table.rowCount())]
        with open(os.environ["ROWS"], "w") as file:
            json.dump(rows, file)

kws_app.ui.window.MainWindow = Window
sys.exit(main(sys.argv[1:]))
"""


class LevelWatch:
    """Notes by the wall clock when the microphone becomes loud for the first time."""

    def __init__(self, recorder: "subprocess.Popen[bytes]") -> None:
        self.first_loud: float | None = None  # seconds since the epoch; written by the watch's thread
        self._recorder = recorder
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        assert self._recorder.stdout is not None
        while piece := self._recorder.stdout.read(4 * SAMPLE_RATE // 100):
            if np.abs(np.frombuffer(piece, dtype=np.float32)).max() > LOUD:
                self.first_loud = time.time()
                break
        while self._recorder.stdout.read(65536):  # keep it from blocking
            pass

    def finish(self) -> None:
        self._recorder.terminate()
        self._recorder.wait()
        self._thread.join()
        assert self._recorder.stdout is not None
        self._recorder.stdout.close()


def say(words: list[np.ndarray]) -> tuple[np.ndarray, list[float]]:
    """The words with gaps between them, and when each ends, in seconds: at its last 10 ms above a tenth of its peak."""
    gap = np.zeros(round(GAP_S * SAMPLE_RATE), dtype=np.float32)
    parts, ends_s, length = [gap], [], len(gap)
    for word in words:
        loud = np.flatnonzero(np.abs(word) > 0.1 * np.abs(word).max())
        ends_s.append((length + int(loud[-1])) / SAMPLE_RATE)
        parts += [word, gap]
        length += len(word) + len(gap)
    return np.concatenate(parts), ends_s


def espeak(word: str, folder: Path, voice: str = VOICES[0]) -> np.ndarray:
    path = folder / f"{word}-{voice}.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), word], check=True)
    return np.concatenate(list(read_blocks(path)))


def detections_s(model: KeywordModel, samples: np.ndarray) -> list[float]:
    detector = Detector(model, model.card.decision_config())
    return [detection.time_s for detection in detector.process(samples).detections]


@pytest.fixture(scope="module")
def model() -> KeywordModel:
    return KeywordModel.load(find_model(DEFAULT_MODEL, MODELS_DIR).path)


@pytest.fixture(scope="module")
def spoken(model: KeywordModel, request: pytest.FixtureRequest, tmp_path_factory) -> tuple[np.ndarray, float]:
    """Other words around the keyword, in which the model hears the keyword alone; and when that ends, in seconds."""
    try:
        clips = request.getfixturevalue("speech_commands")
        others = [clips.testing(word, 4)[3] for word in OTHER_WORDS]
        keywords = clips.testing(model.card.keyword, 12)
    except pytest.skip.Exception:
        if shutil.which("espeak-ng") is None:
            skip_unless_ci("needs Speech Commands clips or espeak-ng")
        folder = tmp_path_factory.mktemp("speech")
        others = [espeak(word, folder) for word in OTHER_WORDS]
        keywords = [espeak(model.card.keyword, folder, voice) for voice in VOICES]
    for keyword in keywords:  # the model may miss a clip; the path from microphone to log may not
        samples, ends_s = say([*others[:2], keyword, *others[2:]])
        if [abs(at - ends_s[2]) < 1.0 for at in detections_s(model, samples)] == [True]:
            return samples, ends_s[2]
    pytest.fail(f"the model hears none of {len(keywords)} keyword clips alone")


@pytest.mark.long
def test_a_spoken_keyword_is_in_the_list_and_the_log_within_half_a_second(
    spoken, model, virtual_display, virtual_microphone, python: Callable, tmp_path: Path
):
    samples, end_s = spoken
    soundfile.write(str(tmp_path / "speech.wav"), samples, SAMPLE_RATE, subtype="PCM_16")
    data, rows_file = tmp_path / "data", tmp_path / "rows.json"
    environment = on_screen(virtual_display, virtual_microphone.environment, rows_file)
    app = python(["-c", OBSERVED_APP, "--listen", "--model", DEFAULT_MODEL, "--data-dir", str(data)], environment)
    read_until(app, "listening")
    watch = LevelWatch(virtual_microphone.record(SAMPLE_RATE))
    begun, stopwatch = time.monotonic(), Stopwatch()
    player = virtual_microphone.play(tmp_path / "speech.wav")
    until(lambda: virtual_display.share(LIGHT.heard) > LIT_SHARE)  # the banner across the window
    kept_waiting_s = time.monotonic() - begun - stopwatch.seconds
    assert player.wait(timeout=PATIENCE_S) == 0
    time.sleep(1.0)  # for a detection that should not come
    watch.finish()
    app.terminate()
    app.wait(timeout=PATIENCE_S)

    records = detections_in(data)
    assert [record["keyword"] for record in records] == [model.card.keyword]
    rows = json.loads(rows_file.read_text())
    assert [row[1] for row in rows] == [model.card.keyword]
    assert watch.first_loud is not None
    first_loud_s = int(np.flatnonzero(np.abs(samples) > LOUD)[0]) / SAMPLE_RATE
    word_ended = watch.first_loud - first_loud_s + end_s
    late_s = datetime.fromisoformat(records[0]["wall_time"]).timestamp() - word_ended
    print(f"detected {1000 * late_s:.0f} ms after the word ended")
    assert -1.0 < late_s < WITHIN_S + kept_waiting_s  # the machine may have had other work to do
    assert app.returncode == 0
    assert app.stderr.read() == ""


def read_until(app: "subprocess.Popen[str]", *wanted: str) -> None:
    """Read what the app says until it has said all of this, each a line of its own."""
    missing = set(wanted)
    while missing:
        line = app.stdout.readline()
        assert line, app.stderr.read()
        missing.discard(line.strip())


def detections_in(data: Path) -> list[dict[str, Any]]:
    """What the log says was heard."""
    lines = [json.loads(line) for line in (data / "detections.jsonl").read_text().splitlines()]
    return [line for line in lines if "event" not in line]


def on_screen(screen: Screen, sound: dict[str, str], rows_file: Path) -> dict[str, str]:
    """The environment of an app that is watched: a screen, a sound server, and where it writes its rows."""
    environment = {**os.environ, **sound, "DISPLAY": screen.name, "QT_QPA_PLATFORM": "xcb", "ROWS": str(rows_file)}
    environment.pop("WAYLAND_DISPLAY", None)
    return environment


@pytest.mark.long
def test_two_models_are_compared_on_the_same_sound_and_the_first_alone_counts(
    spoken, model, virtual_display, virtual_microphone, python: Callable, tmp_path: Path
):
    samples, _ = spoken
    soundfile.write(str(tmp_path / "speech.wav"), samples, SAMPLE_RATE, subtype="PCM_16")
    data = tmp_path / "data"
    SettingsFile(data).save(Settings(DEFAULT_MODEL, also=[OTHER_MODEL], first_run_done=True))
    environment = on_screen(virtual_display, virtual_microphone.environment, tmp_path / "rows.json")
    app = python(["-c", OBSERVED_APP, "--listen", "--data-dir", str(data)], environment)
    read_until(app, "listening", f"{DEFAULT_MODEL} {OTHER_MODEL}")
    assert virtual_microphone.play(tmp_path / "speech.wav").wait(timeout=PATIENCE_S) == 0
    time.sleep(1.0)  # for what is on its way
    app.terminate()
    output, errors = app.communicate(timeout=PATIENCE_S)
    peaks = {line.split()[1]: float(line.split()[2]) for line in output.splitlines() if line.startswith("peak")}
    assert set(peaks) == {DEFAULT_MODEL, OTHER_MODEL}
    threshold = model.card.decision_config().threshold
    assert peaks[DEFAULT_MODEL] >= threshold and 0.0 < peaks[OTHER_MODEL] <= 1.0
    assert [record["model"] for record in detections_in(data)] == [DEFAULT_MODEL]
    assert (app.returncode, errors) == (0, "")


@pytest.mark.long
def test_a_microphone_plugged_in_while_another_listens_is_listed_chosen_and_heard(
    spoken, virtual_display, virtual_microphone, python: Callable, tmp_path: Path
):
    samples, _ = spoken
    soundfile.write(str(tmp_path / "speech.wav"), samples, SAMPLE_RATE, subtype="PCM_16")
    data = tmp_path / "data"
    SettingsFile(data).save(Settings(microphone="vmic", first_run_done=True))
    environment = on_screen(virtual_display, virtual_microphone.environment, tmp_path / "rows.json")
    environment["ALSA_CONFIG_PATH"] = str(tmp_path / "alsa.conf")
    (tmp_path / "pulsectl.py").write_text("raise ImportError")  # so the list is PortAudio's, as without a sound server
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), environment.get("PYTHONPATH", "")])
    name_microphones(tmp_path / "alsa.conf", "vmic")
    app = python(["-c", OBSERVED_APP, "--listen", "--data-dir", str(data)], environment)
    read_until(app, "listening", DEFAULT_MODEL)
    virtual_microphone.add_microphone(SECOND, "second_speaker")
    name_microphones(tmp_path / "alsa.conf", "vmic", SECOND)
    tell(app, "")
    while SECOND not in (line := app.stdout.readline()).split():
        assert line.startswith("found"), f"the first microphone was disturbed: {line}{app.poll()}"
    tell(app, SECOND[0])
    read_until(app, "listening")
    assert virtual_microphone.play(tmp_path / "speech.wav", "second_speaker").wait(timeout=PATIENCE_S) == 0
    time.sleep(1.0)  # for what is on its way
    app.terminate()
    assert (app.communicate(timeout=PATIENCE_S)[1], app.returncode) == ("", 0)
    assert [record["microphone"] for record in detections_in(data)] == [SECOND]
    assert SettingsFile(data).load()[0].microphone == SECOND


def tell(app: "subprocess.Popen[str]", letters: str) -> None:
    app.stdin.write(f"{letters}\n")
    app.stdin.flush()


def name_microphones(path: Path, *names: str) -> None:
    """Let ALSA, and so PortAudio, list the sound server's microphones by name."""
    system = Path("/usr/share/alsa/alsa.conf")
    if not system.exists():
        skip_unless_ci("needs ALSA's own settings")
    devices = [f'pcm.{n} {{ type pulse device {n} hint {{ show on description "{n}" }} }}' for n in names]
    path.write_text("\n".join([f"<{system}>", *devices, ""]))
