"""A worker whose signals are kept."""

from collections import deque
from dataclasses import replace
from pathlib import Path

from pytestqt.qtbot import QtBot

from kws_app.audio.file_source import FileSource
from kws_app.audio.source import Feed, Phase, SourceState
from kws_app.detection.tuning import Tuning
from kws_app.history.log import DetectionLog
from kws_app.listening.active_models import ActiveModel
from kws_app.listening.findings import Mark
from kws_app.listening.session import SoundChunk
from kws_app.listening.worker import Worker


class Listener:
    """A worker, and all signals that it sent."""

    def __init__(self, models: Path, folder: Path) -> None:
        self.log = DetectionLog(folder)
        self.worker = Worker(models, self.log, engine="plain")
        self.marks: list[Mark] = []
        self.phases: list[Phase] = []
        self.troubles: list[str] = []
        self.worker.detected.connect(self.marks.append)
        self.worker.source_changed.connect(lambda _, state: self.phases.append(state.phase))
        self.worker.failed.connect(self.troubles.append)
        self.worker.models_refused.connect(lambda refused: self.troubles.extend(refused.values()))


def use(listener: Listener, qtbot: QtBot, *names: str) -> list[ActiveModel]:
    """The models that listen from now on."""
    with qtbot.waitSignal(listener.worker.models_changed) as changed:
        listener.worker.use_models(names)
    return changed.args[0]


def tune(listener: Listener, tunings: dict[str, Tuning]) -> None:
    """Change the decision, as the window does when the user moves a slider."""
    listener.worker.want(replace(listener.worker.wanted, tunings=tunings))


def play(listener: Listener, qtbot: QtBot, path: Path) -> deque[SoundChunk]:
    plot_data: deque[SoundChunk] = deque(maxlen=1000)
    source = FileSource(path, paced=False)
    with qtbot.waitSignal(listener.worker.source_changed, check_params_cb=lambda _, state: state.phase is Phase.ENDED):
        listener.worker.listen_to(source, plot_data)
    return plot_data


class Waiting:
    """A microphone that is missing."""

    name, path, length_s, overruns = "USB mic", None, None, 0
    feed: Feed | None = None
    state = SourceState(Phase.STOPPED)

    def start(self) -> None:
        self.state = SourceState(Phase.WAITING, "USB mic is not there.")

    def stop(self) -> None:
        self.state = SourceState(Phase.STOPPED)
