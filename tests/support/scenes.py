"""Every state of the window, for scripts/screenshots, which takes pictures of them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray
from PyQt6.QtCore import QPointF, QTimer
from PyQt6.QtWidgets import QApplication, QWidget

from kws_app.actions.choices import CommandChoice, KeywordActions, WebhookChoice
from kws_app.actions.runner import Kind
from kws_app.audio.audio_file import read_blocks
from kws_app.audio.portaudio import Microphone
from kws_app.errors import AudioError
from kws_app.history.facts import DetectionRecord, Ended, Labelled
from kws_app.history.log import DetectionLog
from kws_app.listening.worker import Worker
from kws_app.own_word.advice import ask
from kws_app.own_word.job import Progress
from kws_app.own_word.takes import Fault, Take
from kws_app.paths import MODELS_DIR
from kws_app.settings import Settings, SettingsFile
from kws_app.ui.own_word.wizard import LEARN, RESULT, OwnWordWizard
from kws_app.ui.sources.device_scan import DeviceScan
from kws_app.ui.theme import DARK, LIGHT, Theme
from kws_app.ui.window import MainWindow, StartOptions
from tests.support.paths import REPOSITORY
from tests.support.speech_commands import SpeechCommands

WORDS = ("happy", "yes", "stop", "bed", "happy", "cat", "happy")
PICTURE_AFTER_S = 8.0  # the picture shows the first detection after this time
LISTENING_AFTER_S = 5.0
SETTLE_MS = 400  # the curve goes on past the mark
POLL_MS = 50
GIVE_UP_MS = 90_000
RATE_HZ = 16_000
MICROPHONES = [Microphone("", "Default microphone (USB mic)"), Microphone("USB mic", "USB mic (ALSA)")]


class Look(Protocol):
    """A size and a scale of the window, as in scripts/screenshots."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def font_points(self) -> float: ...


def clips_of(words: Sequence[str], folder: Path) -> list[NDArray[np.float32]]:
    """A clip of each word [N] at 16 kHz, by another speaker each time."""
    clips = Path(os.environ.get("KWS_DATA", "/nonexistent")) / "speech_commands"
    archive = REPOSITORY.parent / "shared" / "data" / "speech_commands.tar"
    if clips.is_dir() or archive.is_file():
        spoken = SpeechCommands(clips, None) if clips.is_dir() else SpeechCommands(None, archive)
        found = [spoken.testing(word, 4 + 4 * number)[-1] for number, word in enumerate(words)]
        spoken.close()
        return found
    for number, word in enumerate(words):
        voice = ("en-us+f3", "en-us+paul", "en-029+gustave")[number % 3]
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(folder / f"{number}.wav"), word], check=True)
    return [np.concatenate(list(read_blocks(folder / f"{number}.wav"))) for number in range(len(words))]


def write_speech(path: Path) -> None:
    """Write the words, each in its own second, over a soft hiss such as any microphone has."""
    gap = np.zeros(RATE_HZ // 2, dtype=np.float32)
    parts = [part for clip in clips_of(WORDS, path.parent) for part in (clip, gap)]
    speech = np.concatenate([gap, *parts])
    hiss = np.random.default_rng(0).normal(0, 6e-4, len(speech))
    soundfile.write(str(path), speech + hiss, RATE_HZ, subtype="PCM_16")


def heard_late(window: MainWindow) -> bool:
    """Whether the word was heard a moment ago, with enough sound before it."""
    return window.parts.banner.flashing and window.parts.plots.history.end > PICTURE_AFTER_S * RATE_HZ


def listens(window: MainWindow) -> bool:
    history = window.parts.plots.history
    return history.end > LISTENING_AFTER_S * RATE_HZ and not window.parts.banner.flashing


def has_model(window: MainWindow) -> bool:
    return window.words.model is not None


def no_step(window: MainWindow) -> QWidget:
    """Take the picture of the window without a further step."""
    return window


def _step(number: int) -> Callable[[MainWindow], QWidget]:
    def show(window: MainWindow) -> QWidget:
        window.first_run.step = number
        window.first_run._show_step()
        return window

    return show


def _advanced(window: MainWindow) -> QWidget:
    window.parts.words.advanced_button.click()
    return window


def _details(window: MainWindow) -> QWidget:
    window.status.details.click()
    assert window.status.dialog is not None
    return window.status.dialog


def _wizard(window: MainWindow) -> OwnWordWizard:
    window.own_word.open()
    assert window.own_word.wizard is not None
    return window.own_word.wizard


def _own_word(window: MainWindow) -> QWidget:
    wizard = _wizard(window)
    page = wizard.word_page
    page.edit.setText("smart mirror")
    page.finish()
    page._show_advice(ask("smart mirror", page.language))
    return wizard


def _own_word_say(window: MainWindow) -> QWidget:
    wizard = _wizard(window)
    wizard.word_page.edit.setText("smart mirror")
    wizard.word_page.finish()
    wizard.next.click()
    page = wizard.say_page
    sound = np.zeros(RATE_HZ, dtype=np.float32)
    page.takes += [Take(sound), Take(sound[: RATE_HZ * 3 // 4], Fault.QUIET), Take(sound[:14_000])]
    page._trouble = ""
    page._show_takes()
    return wizard


def _own_word_learn(window: MainWindow) -> QWidget:
    wizard = _wizard(window)
    wizard._go_to(LEARN)
    wizard.learn_page.begin("smart mirror")
    curve = [(4.0, 0.0), (2.0, 0.01), (1.1, 0.02), (0.6, 0.05), (0.2, 0.08), (0.1, 0.13), (0.0, 0.2)]
    wizard.learn_page.show_progress(
        Progress(0.86, "The model learns to tell the word from talk (3 of 3).", curve=curve)
    )
    wizard.learn_page.trial.begin("smart mirror")
    wizard.learn_page.trial.show()
    return wizard


def _own_word_ready(window: MainWindow) -> QWidget:
    wizard = _wizard(window)
    wizard.result_page.show_new(
        "smart mirror",
        "Other people: it missed 4 of 132 sounds of the word, in rooms and noise, by voices that it had not heard "
        "before. It gave 1 false alarms in 5.4 h of talk that it had not heard before.",
    )
    wizard.result_page.trial.begin("smart mirror")
    wizard._go_to(RESULT)
    return wizard


def _chooser(window: MainWindow) -> QWidget:
    window.word_list.show_chooser()
    assert window.word_list.chooser is not None
    return window.word_list.chooser


def _actions(window: MainWindow) -> QWidget:
    window.desktop.actions.show_dialog("happy")
    dialog = window.desktop.actions.dialog
    assert dialog is not None
    dialog.parts[Kind.SOUND].say("It worked.", over=True)
    dialog.parts[Kind.COMMAND].say("There is no program “xterm”: give its full path.", over=True, failed=True)
    return dialog


def _startup(window: MainWindow) -> QWidget:
    window.desktop.show_start_dialog()
    assert window.desktop.start_dialog is not None
    return window.desktop.start_dialog


def _shortcuts(window: MainWindow) -> QWidget:
    window.desktop.show_shortcuts()
    return window.desktop._dialogs["shortcuts"]


def _about(window: MainWindow) -> QWidget:
    window.desktop.show_about()
    return window.desktop._dialogs["about"]


def _menu(window: MainWindow) -> QWidget:
    menu = window.parts.controls.menu
    menu.aboutToShow.emit()
    menu.popup(window.mapToGlobal(window.rect().center()))
    return menu


def _levels(window: MainWindow) -> QWidget:
    menu = next(iter(window.parts.words.rows.values())).menu
    menu.popup(window.mapToGlobal(window.rect().topLeft()))
    return menu


def _drop(window: MainWindow) -> QWidget:
    window.drop_overlay.show_for(is_model=False)
    return window


def _hover(window: MainWindow) -> QWidget:
    plots = window.parts.plots
    plots.set_paused(True)
    plots.pointer.position = plots._probability.getViewBox().mapViewToScene(QPointF(-1.5, 0.5))
    plots._point()
    return window


@dataclass(frozen=True)
class Scene:
    """A state of the window: the condition that reaches it, and a step before the picture."""

    name: str
    reached: Callable[[MainWindow], bool]
    plays: bool = True  # whether the speech is played
    settings: Settings = field(default_factory=lambda: Settings(first_run_done=True))
    microphones: bool = True
    models: bool = True
    past: bool = False  # whether there are detections of earlier days
    then: Callable[[MainWindow], QWidget] = no_step  # returns the widget for the picture


ALL_ACTIONS = KeywordActions(
    True, True, CommandChoice(True, ("xterm", "-e", "top")), WebhookChoice(True, "http://homeassistant.local/hook")
)
HAPPY_COMPARED = Settings("happy/teacher", also=["happy/student", "happy/tiny"], first_run_done=True)
FOUR = Settings("happy/teacher", also=["happy/student", "happy/tiny", "happy/quantized"], first_run_done=True)
BOTH = Settings(
    "happy/teacher",
    also=["computer/teacher"],
    first_run_done=True,
    actions={"happy": KeywordActions(sound=True).to_dict(), "computer": ALL_ACTIONS.to_dict()},
)
SCENES = {
    scene.name: scene
    for scene in (
        Scene("first-run", has_model, plays=False, settings=Settings()),
        Scene("first-run-2", has_model, plays=False, settings=Settings(), then=_step(1)),
        Scene("first-run-3", has_model, plays=False, settings=Settings(), then=_step(2)),
        Scene("first-run-4", has_model, plays=False, settings=Settings(), then=_step(3)),
        Scene("listening", listens),
        Scene("detection", heard_late),
        Scene("words", heard_late, settings=BOTH, past=True),
        Scene("advanced", heard_late, settings=BOTH, past=True, then=_advanced),
        Scene("compare", heard_late, settings=HAPPY_COMPARED),
        Scene("hover", heard_late, settings=FOUR, then=_hover),
        Scene("no-microphone", lambda w: bool(w.sources.trouble), plays=False, microphones=False),
        Scene("error", lambda w: bool(w.words.trouble), plays=False, models=False),
        Scene("drop", has_model, plays=False, then=_drop),
        Scene("chooser", has_model, plays=False, then=_chooser),
        Scene("levels", has_model, plays=False, then=_levels),
        Scene("actions", has_model, plays=False, settings=BOTH, then=_actions),
        Scene("details", listens, then=_details),
        Scene("own-word", has_model, plays=False, then=_own_word),
        Scene("own-word-say", has_model, plays=False, then=_own_word_say),
        Scene("own-word-learn", has_model, plays=False, then=_own_word_learn),
        Scene("own-word-ready", has_model, plays=False, then=_own_word_ready),
        Scene("startup", has_model, plays=False, then=_startup),
        Scene("shortcuts", has_model, plays=False, then=_shortcuts),
        Scene("about", has_model, plays=False, then=_about),
        Scene("menu", has_model, plays=False, then=_menu),
    )
}


def write_past(folder: Path) -> None:
    """Write detections of yesterday. One of them has a label."""
    log = DetectionLog(folder)
    for number, (keyword, score, label) in enumerate(
        (("happy", 0.97, "right"), ("computer", 0.71, "false alarm"), ("happy", 0.88, ""))
    ):
        at = datetime.now().astimezone() - timedelta(days=1, minutes=7 * (3 - number))
        wall_time, id = at.isoformat(timespec="milliseconds"), f"past-{number}"
        log.append(DetectionRecord(wall_time, None, "USB mic", keyword, f"{keyword}/teacher", 60.0, score, id))
        log.append(Ended(id, score, 0.72))
        if label:
            log.append(Labelled(id, label))


def take(app: QApplication, speech: Path, scene: Scene, look: Look, theme: Theme, target: Path) -> bool:
    """Bring a window of a theme into a state and take its picture. Returns False if the state does not come in time."""

    def search(_: bool) -> list[Microphone]:
        if not scene.microphones:
            raise AudioError("No microphone was found: plug one in, or open a file.")
        return MICROPHONES

    with tempfile.TemporaryDirectory() as data:
        folder = Path(data)
        SettingsFile(folder).save(scene.settings)
        if scene.past:
            write_past(folder)
        worker = Worker(MODELS_DIR if scene.models else folder / "none", DetectionLog(folder), folder / "models")
        options = StartOptions(input=speech, listen=True) if scene.plays else StartOptions()
        window = MainWindow(
            worker,
            SettingsFile(folder),
            options,
            theme,
            devices=DeviceScan(search),
            play_sound=lambda samples, stop: None,
        )
        window.show()
        screen = window.screen()
        assert screen is not None
        room = screen.availableGeometry()
        window.resize(min(look.width, room.width()), min(look.height, room.height()))
        taken = False

        def shoot() -> None:
            nonlocal taken
            shown = scene.then(window)
            QTimer.singleShot(SETTLE_MS, lambda: save(shown))

        def save(shown: QWidget) -> None:
            nonlocal taken
            taken = shown.grab().save(str(target))
            shown.close()
            window.leave()

        def watch() -> None:
            if scene.reached(window):
                poll.stop()
                QTimer.singleShot(SETTLE_MS, shoot)

        window.closed.connect(app.quit)
        poll = QTimer()
        poll.timeout.connect(watch)
        poll.start(POLL_MS)
        limit = QTimer()
        limit.setSingleShot(True)
        limit.timeout.connect(window.leave)
        limit.start(GIVE_UP_MS)
        app.exec()
        window.deleteLater()
        return taken


def take_pictures(scenes: list[Scene], look: Look, folder: Path) -> int:
    """Take the picture of every scene, light and dark. Returns the exit status."""
    app = QApplication(sys.argv[:1])
    app.setQuitOnLastWindowClosed(False)
    if look.font_points:
        font = app.font()
        font.setPointSizeF(look.font_points)
        app.setFont(font)
    with tempfile.TemporaryDirectory() as workplace:
        speech = Path(workplace) / "spoken words.wav"
        write_speech(speech)
        for scene in scenes:
            for theme_name, theme in (("light", LIGHT), ("dark", DARK)):
                name = "-".join(part for part in (scene.name, look.name, theme_name) if part)
                target = folder / f"{name}.png"
                if not take(app, speech, scene, look, theme, target):
                    print(f"The state was not reached in time: no {target}.", file=sys.stderr)
                    return 1
                print(target, flush=True)
    return 0
