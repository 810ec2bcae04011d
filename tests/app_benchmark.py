"""python -m tests.app_benchmark: how fast the app starts, and how much of the machine it takes. Medians, no microphone.

Each start is a process of its own, the app as it is, which plays a file as if it were the microphone. Without a display
it runs on Qt's offscreen platform.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile

from kws_app.engine.backends import ENGINES, JITTED, PLAIN, has_torch
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.settings import Settings, SettingsFile

WIDTH, HEIGHT = 1100, 720
POLL_MS = 10
STEPS = 300
STUDENT = "happy/student"  # the small model, for whose step there is a budget
HOUR_S = 3600.0
HEARD_S = 20.0  # of sound that the server hears before its memory is looked at
# what is measured, its unit, and what each engine is to reach
BUDGETS: dict[str, tuple[str, str, dict[str, float]]] = {
    "window": ("start to the window painted", "s", {PLAIN: 0.35, JITTED: 0.4}),
    "window processor": ("  of which processor time of one core", "s", {}),
    "listening": ("start to the first step scored", "s", {PLAIN: 0.6, JITTED: 1.6}),
    "listening processor": ("  of which processor time of one core", "s", {}),
    "drawing": ("one core, listening and drawing at 30 frames/s", "%", {PLAIN: 7.0}),
    "minimised": ("one core, listening minimised", "%", {PLAIN: 0.7}),
    "memory": ("memory, with the window", "MiB", {PLAIN: 170.0, JITTED: 330.0}),
    "server": ("memory of kws-wyoming alone", "MiB", {PLAIN: 60.0, JITTED: 260.0}),
    "step": ("mel and model, one step, one after the other", "us", {PLAIN: 90.0}),
    "student's step": ("  of the student", "us", {PLAIN: 60.0}),
    "hour": ("kws-detect on an hour, start-up included", "x", {PLAIN: 5000.0}),
    "hour processor": ("  by processor time", "x", {}),
    "student's hour": ("kws-detect on an hour, with the student", "x", {PLAIN: 5000.0}),
    "student's hour processor": ("  by processor time", "x", {}),
}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.app_benchmark", description="Measure the app's start, processor share and memory."
    )
    parser.add_argument("--starts", type=int, default=5, metavar="N", help="starts to measure (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="of each measurement (default: %(default)s)"
    )
    parser.add_argument(
        "--settle-s", type=float, default=3.0, metavar="S", help="to wait before each of them (default: %(default)s)"
    )
    parser.add_argument(
        "--hour-s", type=float, default=HOUR_S, metavar="S", help="length of the file for kws-detect (default: an hour)"
    )
    parser.add_argument("--model", default="happy/teacher", metavar="NAME", help="default: %(default)s")
    parser.add_argument(
        "--engine", choices=ENGINES, action="append", help="measure this engine alone (default: each that can run here)"
    )
    parser.add_argument("--observe", type=Path, help=argparse.SUPPRESS)  # the app itself, over this folder
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    engines = options.engine or [engine for engine in ENGINES if engine == PLAIN or has_torch()]
    if options.observe is not None:
        return observe(options, engines[0])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SettingsFile(folder).save(Settings(first_run_done=True))
        write_sound(folder / "sound.wav", 4 * options.settle_s + 2 * options.seconds + 30)
        write_sound(folder / "hour.wav", options.hour_s)
        figures = {engine: measure_engine(folder, options, engine) for engine in engines}
    report(figures)
    return 0


def measure_engine(folder: Path, options: argparse.Namespace, engine: str) -> dict[str, list[float]]:
    """All figures of one engine, each by its name."""
    figures: dict[str, list[float]] = defaultdict(list)
    for _ in range(options.starts - 1):
        measure(folder, options, 0.0, engine, figures)
    measure(folder, options, options.seconds, engine, figures)
    figures["step"] = step_times_us(options.model, engine)
    figures["student's step"] = step_times_us(STUDENT, engine)
    for _ in range(options.starts):
        detect_hour(folder / "hour.wav", options.hour_s, options.model, engine, "hour", figures)
        detect_hour(folder / "hour.wav", options.hour_s, STUDENT, engine, "student's hour", figures)
    figures["server"].append(server_mib(engine))
    return figures


def detect_hour(
    path: Path, duration_s: float, model: str, engine: str, name: str, figures: dict[str, list[float]]
) -> None:
    """How many times faster than real time kws-detect reads a file, on one core, from its start to its end."""
    command = [sys.executable, "-m", "kws_app.commands.detect", "--model", model, "--engine", engine, str(path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    before, begun = os.times(), time.monotonic()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after, taken_s = os.times(), time.monotonic() - begun
    busy_s = after.children_user + after.children_system - before.children_user - before.children_system
    figures[name].append(duration_s / taken_s)
    figures[f"{name} processor"].append(duration_s / busy_s)


def server_mib(engine: str) -> float:
    """Memory of a process that imports all of kws-wyoming and hears sound with the best model of each word."""
    code = (
        "import asyncio, sys; import numpy as np; from tests.app_benchmark import resident_mib;"
        "from kws_app.engine.catalogue import ModelFolders; from kws_app.paths import MODELS_DIR;"
        "from kws_app.wyoming import connection, server; from kws_app.wyoming.offered_models import *;"
        "models = ServedModels(ModelFolders([MODELS_DIR]), None, sys.argv[1]);"
        "heard = [asyncio.run(models.detector(entry)) for entry in models.by_keyword.values()];"
        "noise = np.random.default_rng(0).normal(0, 0.05, 16000).astype(np.float32);"
        "[detector.process(noise) for _ in range(int(sys.argv[2])) for detector in heard]; print(resident_mib())"
    )
    command = [sys.executable, "-c", code, engine, str(int(HEARD_S))]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def write_sound(path: Path, duration_s: float) -> None:
    """Noise that swells and fades: something to draw."""
    t = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 0.05, len(t)) * (0.5 + 0.5 * np.sin(2 * t))
    soundfile.write(str(path), noise.astype(np.float32), SAMPLE_RATE)


def measure(
    folder: Path, options: argparse.Namespace, seconds: float, engine: str, figures: dict[str, list[float]]
) -> None:
    """Start the app once, and add what it prints; seconds: how long to watch it after the start"""
    environment = dict(os.environ)
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "tests.app_benchmark", "--observe", str(folder), "--model", options.model]
    command += ["--engine", engine, "--seconds", str(seconds), "--settle-s", str(options.settle_s)]
    begun = time.time()
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        name, value = line.rsplit(" ", 1)
        figures[name].append(float(value) - begun if name in ("window", "listening") else float(value))


def observe(options: argparse.Namespace, engine: str) -> int:
    """The app, which says when its window is there and when it listens, and, if asked, what it takes; then it ends."""
    from kws_app import __main__ as app

    with app.without_garbage_collection():  # as in a start of the app
        import kws_app.ui.window as window_module

    window_module.MainWindow = observed(  # type: ignore[misc]
        window_module.MainWindow, options.seconds, options.settle_s
    )
    arguments = ["--data-dir", str(options.observe), "--input", str(options.observe / "sound.wav"), "--listen"]
    return app.main([*arguments, "--model", options.model, "--engine", engine])


def observed(window_class: Any, seconds: float, settle_s: float) -> Any:
    """A main window that prints figures, one a line."""
    from PyQt6.QtCore import QEvent, QTimer

    class Observed(window_class):
        painted = False

        def event(self, event: QEvent) -> bool:
            handled = super().event(event)
            if event.type() == QEvent.Type.UpdateRequest and not self.painted:
                self.painted = True
                say_reached("window")
                self.resize(WIDTH, HEIGHT)
                self.poll = QTimer(self)
                self.poll.timeout.connect(self.look_for_scores)
                self.poll.start(POLL_MS)
            return bool(handled)

        def look_for_scores(self) -> None:
            if self.parts.plots.history.scores:
                self.poll.stop()
                say_reached("listening")
                self.after(settle_s, lambda: self.watch("drawing", self.minimise)) if seconds else self.leave()

        def after(self, delay_s: float, action: Any) -> None:
            QTimer.singleShot(round(1000 * delay_s), action)

        def watch(self, name: str, then: Any) -> None:
            begun, busy = time.monotonic(), time.process_time()

            def end() -> None:
                print(name, 100 * (time.process_time() - busy) / (time.monotonic() - begun), flush=True)
                then()

            self.after(seconds, end)

        def minimise(self) -> None:
            print("memory", resident_mib(), flush=True)
            self.showMinimized()
            self.after(settle_s, lambda: self.watch("minimised", self.leave))

    return Observed


def say_reached(name: str) -> None:
    """When, and with how much processor time: wall time alone says little on a machine that is busy."""
    print(name, time.time())
    print(f"{name} processor", time.process_time(), flush=True)


def resident_mib() -> float:
    """Of this process; where the system does not say, the most that it ever had."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def step_times_us(name: str, engine: str) -> list[float]:
    """Processor time of each of many steps in a row."""
    from kws_app.detection.detector import Detector
    from kws_app.engine.catalogue import find_model
    from kws_app.engine.keyword_model import KeywordModel
    from kws_app.paths import MODELS_DIR

    model = KeywordModel.load(find_model(name, MODELS_DIR).path, engine)
    detector = Detector(model, model.card.decision_config())
    samples = np.random.default_rng(0).normal(0, 0.05, (STEPS, model.card.step_samples)).astype(np.float32)
    times_us = []
    for step in samples:
        begun = time.thread_time()
        detector.process(step)
        times_us.append(1e6 * (time.thread_time() - begun))
    return times_us[STEPS // 10 :]


def report(figures: dict[str, dict[str, list[float]]]) -> None:
    """A row for each figure, a column for each engine: its median, and what it is to reach."""
    print(f"{'':48}" + "".join(f"{engine:>24}" for engine in figures))
    for name, (what, unit, budgets) in BUDGETS.items():
        cells = []
        for engine, found in figures.items():
            reach = f" (reach {budgets[engine]:g})" if engine in budgets else ""
            cells.append(f"{median(found[name]):8.2f} {unit:4}{reach:18}")
        print(f"{what:48}" + "".join(f"{cell:>32}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
