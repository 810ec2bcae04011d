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

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.settings import Settings, SettingsFile

WIDTH, HEIGHT = 1100, 720
SETTLE_S = 3.0  # before a measurement
POLL_MS = 10
STEPS = 300
STUDENT = "happy/student"  # the small model, for whose step there is a budget
BUDGETS: dict[str, tuple[str, str, float | None]] = {
    "window": ("start to the window painted", "s", 0.7),
    "window processor": ("  of which processor time of one core", "s", None),
    "listening": ("start to the first step scored", "s", 2.5),
    "listening processor": ("  of which processor time of one core", "s", None),
    "drawing": ("one core, listening and drawing at 30 frames/s", "%", 12.0),
    "minimised": ("one core, listening minimised", "%", 2.0),
    "memory": ("memory", "MiB", 350.0),
    "step": ("mel and model, one step, one after the other", "us", None),
    "student's step": ("  of the student", "us", 150.0),
}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.app_benchmark", description="Measure the app's start, processor share and memory."
    )
    parser.add_argument("--starts", type=int, default=5, metavar="N", help="starts to measure (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="of each measurement (default: %(default)s)"
    )
    parser.add_argument("--model", default="happy/teacher", metavar="NAME", help="default: %(default)s")
    parser.add_argument("--observe", type=Path, help=argparse.SUPPRESS)  # the app itself, over this folder
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    if options.observe is not None:
        return observe(options.observe, options.model, options.seconds)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SettingsFile(folder).save(Settings(first_run_done=True))
        write_sound(folder / "sound.wav", SETTLE_S * 4 + 2 * options.seconds + 30)
        figures: dict[str, list[float]] = defaultdict(list)
        for _ in range(options.starts):
            measure(folder, options.model, 0.0, figures)
        measure(folder, options.model, options.seconds, figures)
    figures["step"] = step_times_us(options.model)
    figures["student's step"] = step_times_us(STUDENT)
    report(figures)
    return 0


def write_sound(path: Path, duration_s: float) -> None:
    """Noise that swells and fades: something to draw."""
    t = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 0.05, len(t)) * (0.5 + 0.5 * np.sin(2 * t))
    soundfile.write(str(path), noise.astype(np.float32), SAMPLE_RATE)


def measure(folder: Path, model: str, seconds: float, figures: dict[str, list[float]]) -> None:
    """Start the app once, and add what it prints; seconds: how long to watch it after the start"""
    environment = dict(os.environ)
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "tests.app_benchmark", "--observe", str(folder), "--model", model]
    begun = time.time()
    done = subprocess.run(
        [*command, "--seconds", str(seconds)], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    for line in done.stdout.splitlines():
        name, value = line.rsplit(" ", 1)
        figures[name].append(float(value) - begun if name in ("window", "listening") else float(value))


def observe(folder: Path, model: str, seconds: float) -> int:
    """The app, which says when its window is there and when it listens, and, if asked, what it takes; then it ends."""
    import kws_app.ui.window as window_module
    from kws_app import __main__ as app

    window_module.MainWindow = observed(window_module.MainWindow, seconds)  # type: ignore[misc]
    sound = str(folder / "sound.wav")
    return app.main(["--data-dir", str(folder), "--input", sound, "--listen", "--model", model])


def observed(window_class: Any, seconds: float) -> Any:
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
                self.after(SETTLE_S, lambda: self.watch("drawing", self.minimise)) if seconds else self.leave()

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
            self.after(SETTLE_S, lambda: self.watch("minimised", self.leave))

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


def step_times_us(name: str) -> list[float]:
    """Processor time of each of many steps in a row."""
    from kws_app.detection.detector import Detector
    from kws_app.engine.catalogue import find_model
    from kws_app.engine.keyword_model import KeywordModel
    from kws_app.paths import MODELS_DIR

    model = KeywordModel.load(find_model(name, MODELS_DIR).path)
    detector = Detector(model, model.card.decision_config())
    samples = np.random.default_rng(0).normal(0, 0.05, (STEPS, model.card.step_samples)).astype(np.float32)
    times_us = []
    for step in samples:
        begun = time.thread_time()
        detector.process(step)
        times_us.append(1e6 * (time.thread_time() - begun))
    return times_us[STEPS // 10 :]


def report(figures: dict[str, list[float]]) -> None:
    for name, (what, unit, budget) in BUDGETS.items():
        to_reach = "" if budget is None else f" (to reach: {budget:g})"
        print(f"{what:48} {median(figures[name]):8.2f} {unit:4}{to_reach}")


if __name__ == "__main__":
    sys.exit(main())
